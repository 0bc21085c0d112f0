//! Reconciliation, as it is printed.

use std::collections::BTreeMap;

use forebay_domain::identity::ReferenceId;
use forebay_engine::work::reconciliation::Reconciliation;
use serde::Serialize;

use crate::{
    failure::Exit,
    ui::{Page, Report, Table, Tone, format, table::Column},
};

/// References that the human form names.
const MOST_SHOWN: usize = 20;

/// The JSON form is `{"pipelines": [ … ]}`, each with `counts` by verdict, `num_lacking`, `num_repaired`, `target`
/// (null: it was not asked) and the first thousand of each kind of `wrong` references.
#[derive(Debug, Serialize)]
pub(super) struct VerifyReport {
    repair: bool,
    pipelines: Vec<PipelineOf>,
}

#[derive(Debug, Serialize)]
struct PipelineOf {
    pipeline: String,
    counts: BTreeMap<&'static str, u64>,
    num_lacking: u64,
    num_repaired: u64,
    target: Option<TargetOf>,
    wrong: Vec<Wrong>,
}

#[derive(Debug, Serialize)]
struct TargetOf {
    num_absent: u64,
    num_extra: u64,
}

/// A reference that is not as it should be.
#[derive(Debug, Serialize)]
pub(super) struct Wrong {
    reference_id: String,
    source: Option<String>,
    record_key: Option<String>,
    /// missing, outdated, absent (in the target) or extra (there).
    problem: &'static str,
}

impl Wrong {
    pub(super) fn new(id: ReferenceId, name: Option<(String, String)>, problem: &'static str) -> Self {
        let (source, record_key) = name.unzip();
        Self { reference_id: id.to_string(), source, record_key, problem }
    }

    fn name(&self) -> String {
        match (&self.source, &self.record_key) {
            (Some(source), Some(key)) => format::plain(&format!("{source}/{key}")),
            _ => self.reference_id.clone(),
        }
    }
}

impl VerifyReport {
    pub(super) fn new(repair: bool) -> Self {
        Self { repair, pipelines: Vec::new() }
    }

    pub(super) fn add(&mut self, pipeline: &str, found: &Reconciliation, wrong: Vec<Wrong>) {
        let target = found
            .target
            .as_ref()
            .map(|target| TargetOf { num_absent: target.num_absent, num_extra: target.num_extra });
        self.pipelines.push(PipelineOf {
            pipeline: pipeline.to_owned(),
            counts: found.counts.iter().map(|(verdict, count)| (verdict.as_str(), *count)).collect(),
            num_lacking: found.num_lacking(),
            num_repaired: found.num_repaired,
            target,
            wrong,
        });
    }

    /// It fails if something is wrong and was not repaired.
    pub(super) fn exit(&self) -> Exit {
        let is_well = self.pipelines.iter().all(|pipeline| pipeline.num_unrepaired() == 0);
        if is_well { Exit::Done } else { Exit::Failed }
    }
}

impl PipelineOf {
    fn num_wrong(&self) -> u64 {
        self.num_lacking + self.target.as_ref().map_or(0, |target| target.num_absent + target.num_extra)
    }

    fn num_unrepaired(&self) -> u64 {
        self.num_wrong().saturating_sub(self.num_repaired)
    }

    fn write(&self, page: &mut Page, repair: bool) {
        let mut counts = Table::new([Column::text("verdict"), Column::number("references")]);
        for (verdict, count) in &self.counts {
            counts.row([(*verdict).to_owned(), format::count(*count)]);
        }
        page.table(&counts, "no references");
        if let Some(target) = &self.target {
            page.line(&format!(
                "the target lacks {} and holds {} too many",
                format::count(target.num_absent),
                format::count(target.num_extra)
            ));
        }
        if self.num_wrong() == 0 {
            page.toned(Tone::Good, "nothing is lacking");
            return;
        }
        let mut wrong = Table::new([Column::text("problem"), Column::text("reference")]);
        for one in self.wrong.iter().take(MOST_SHOWN) {
            wrong.row([one.problem.to_owned(), one.name()]);
        }
        page.table(&wrong, "none");
        let shown = self.wrong.len().min(MOST_SHOWN) as u64;
        if self.num_wrong() > shown {
            page.line(&format!("and {} more", format::count(self.num_wrong() - shown)));
        }
        if repair {
            page.line(&format!("{} were handed off again", format::count(self.num_repaired)));
        }
        if self.num_unrepaired() > 0 {
            let next = if repair { "these could not be handed off" } else { "--repair hands them off again" };
            page.toned(Tone::Bad, &format!("{} wrong: {next}", format::count(self.num_unrepaired())));
        }
    }
}

impl Report for VerifyReport {
    fn write(&self, page: &mut Page) {
        for pipeline in &self.pipelines {
            page.heading(&format!("Pipeline {}", pipeline.pipeline));
            pipeline.write(page, self.repair);
        }
    }
}

//! The human form of a reconciliation.

use forebay_store::handoffs::Standing;
use forebay_views::{Verified, VerifiedPipeline, WrongReference};

use crate::{
    failure::Exit,
    ui::{Page, Report, Table, Tone, format, table::Column},
};

/// Maximum number of references to name.
const MOST_SHOWN: usize = 20;

/// A reconciliation fails if it found a problem and did not repair it.
pub(super) fn exit(verified: &Verified) -> Exit {
    let is_complete = verified.pipelines.iter().all(|pipeline| pipeline.num_unrepaired == 0);
    if is_complete { Exit::Done } else { Exit::Failed }
}

fn name(wrong: &WrongReference) -> String {
    match (&wrong.source, &wrong.record_key) {
        (Some(source), Some(key)) => format::plain(&format!("{source}/{key}")),
        _ => wrong.reference_id.clone(),
    }
}

/// What was stopped for a recorded reason, such as "; 42 failed".
fn stopped(of: &VerifiedPipeline) -> String {
    let stopped = [Standing::Failed, Standing::Held, Standing::Cancelled];
    let count = |standing: &Standing| of.counts.get(standing.as_str()).copied().unwrap_or_default();
    let counts = stopped.iter().map(|standing| (standing, count(standing))).filter(|(_, count)| *count > 0);
    let parts: Vec<String> =
        counts.map(|(standing, count)| format!("; {} {standing}", format::count(count))).collect();
    parts.concat()
}

fn write_pipeline(page: &mut Page, of: &VerifiedPipeline, is_repair: bool) {
    let mut counts = Table::new([Column::text("verdict"), Column::number("references")]);
    for (verdict, count) in &of.counts {
        counts.row([verdict.clone(), format::count(*count)]);
    }
    page.table(&counts, "no references");
    if let Some(target) = &of.target {
        page.line(&format!(
            "the target is missing {} references and has {} extra",
            format::count(target.num_absent),
            format::count(target.num_extra)
        ));
        if target.is_gone {
            page.toned(Tone::Bad, "its table is gone or was replaced: forebay work --create fills a new one");
        }
    }
    if of.num_wrong == 0 {
        page.toned(Tone::Good, &format!("nothing lost{}", stopped(of)));
        return;
    }
    let mut wrong = Table::new([Column::text("problem"), Column::text("reference")]);
    for one in of.wrong.iter().take(MOST_SHOWN) {
        wrong.row([one.problem.clone(), name(one)]);
    }
    page.table(&wrong, "none");
    let shown = of.wrong.len().min(MOST_SHOWN) as u64;
    if of.num_wrong > shown {
        page.line(&format!("and {} more", format::count(of.num_wrong - shown)));
    }
    if is_repair {
        page.line(&format!("{} were handed off again", format::count(of.num_repaired)));
    }
    if of.num_unrepaired > 0 {
        let next =
            if is_repair { "they could not be handed off again" } else { "--repair hands them off again" };
        page.toned(Tone::Bad, &format!("{} wrong: {next}", format::count(of.num_unrepaired)));
    }
}

impl Report for Verified {
    fn write(&self, page: &mut Page) {
        for of in &self.pipelines {
            page.heading(&format!("Pipeline {}", of.pipeline));
            write_pipeline(page, of, self.is_repair);
        }
        if let Some(next) = &self.next {
            page.line(&format!("There are more references: continue with --from {next}"));
        }
    }
}

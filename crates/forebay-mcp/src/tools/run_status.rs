//! `run_status`: what one run or the latest runs did, and why they ended with their status.

use forebay_domain::redact::redact;
use forebay_engine::payload::cut;
use forebay_store::runs::RunFilter;
use forebay_views::{
    Json, Page, RunDetail, RunsAnswer, cursor, failure::Failure, names::RunName, read::runs, rights::Subject,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use crate::{access::Access, arguments::limit, tool::Tool};

const DEFAULT_LIMIT: u32 = 5;
const MOST: u32 = 20;
/// Maximum hosts of a run.
const MOST_HOSTS: usize = 10;
/// Maximum characters of one message.
const MESSAGE_CHARS: usize = 1000;

pub(crate) struct RunStatus;

/// The runs to show.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Arguments {
    /// One run, with its warnings and rejected records. Default: the latest runs.
    #[serde(default)]
    run_id: Option<i64>,
    /// Only the latest runs of this source. Default: all sources.
    #[serde(default)]
    source: Option<String>,
    /// Maximum number of runs per page, up to 20. Default: 5.
    #[serde(default)]
    limit: Option<u32>,
    /// `next` of the previous page, with the same other arguments, for older runs. Default: the latest runs.
    #[serde(default)]
    cursor: Option<String>,
}

impl Tool for RunStatus {
    const NAME: &'static str = "run_status";
    const TITLE: &'static str = "What runs did";
    type Arguments = Arguments;
    type Answer = RunsAnswer;

    fn description(_: bool) -> String {
        "Describes one run (with run_id), or the latest runs of one source or of all: how each ended and why, \
         how many records it added, updated and removed, and for one run its warnings and rejected records. \
         Use it when data is stale or missing, or when another tool named a run. Errors: no_such_run, \
         no_such_source, cursor_invalid."
            .to_owned()
    }

    fn subject(arguments: &Arguments) -> Subject<'_> {
        match arguments.run_id {
            Some(run_id) => Subject::Run(RunName::Id(run_id)),
            None => Subject::filtered(arguments.source.as_deref()),
        }
    }

    async fn call(access: &Access, arguments: Arguments) -> Result<Self::Answer, Failure> {
        let client = access.database().client().await?;
        if let Some(run_id) = arguments.run_id {
            let mut detail = runs::detail(&client, run_id).await?;
            let of = &detail.run.summary.source;
            if let Some(source) = arguments.source.filter(|source| source != of) {
                let message = format!("run {run_id} is one of the source {of}, not of {source}");
                return Err(
                    Failure::usage("no_such_run", message).hint("omit source, or omit run_id for its runs")
                );
            }
            shorten(&mut detail);
            let runs = Page::from(vec![detail.run.summary.clone()]);
            return Ok(RunsAnswer { runs, detail: Some(detail) });
        }
        let filter = RunFilter {
            source: arguments.source,
            after: arguments.cursor.as_deref().map(cursor::read).transpose()?,
            limit: limit(arguments.limit, DEFAULT_LIMIT, MOST).into(),
            ..RunFilter::default()
        };
        Ok(RunsAnswer { runs: runs::page(&client, filter).await?, detail: None })
    }
}

/// A shortened message without passwords.
fn message(text: &str) -> String {
    redact(&cut(text, MESSAGE_CHARS))
}

fn shorten(detail: &mut RunDetail) {
    detail.run.hosts.truncate(MOST_HOSTS);
    detail.run.message = detail.run.message.as_deref().map(message);
    for line in &mut detail.log {
        line.message = message(&line.message);
        if line.metadata.text().len() > MESSAGE_CHARS {
            line.metadata = Json::from(&json!({}));
        }
    }
    for record in &mut detail.rejected {
        record.message = message(&record.message);
        // The content of a website belongs in get_reference, not in a report on runs.
        record.raw_text = None;
    }
}

//! Operations on hand-offs: which ones a filter selects, and what an operation did to them.

use forebay_domain::handoff::State;
use forebay_store::{
    actions::Actor,
    connect::{Client, Database},
    handoffs::{self, Mode, Operation, Selection},
    pauses,
};
use jiff::Timestamp;

use crate::{Operated, failure::Failure, names};

/// Which hand-offs, as people name them.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only this pipeline.
    pub pipeline: Option<String>,
    /// Only references of this source.
    pub source: Option<String>,
    /// Only this state.
    pub state: Option<State>,
    /// Only this reason code, or this failure code of the last attempt.
    pub reason_code: Option<String>,
    /// Only this failure code of the last attempt.
    pub failure_code: Option<String>,
    /// Only those that ended (or, if open, were queued) since this time.
    pub since: Option<Timestamp>,
    /// Only those that ended (or, if open, were queued) before this time.
    pub until: Option<Timestamp>,
    /// Only these references, each as `NAME/RECORD_KEY` or uuid.
    pub references: Vec<String>,
    /// Maximum number of hand-offs to change.
    pub limit: Option<u64>,
}

/// What a filter selects. Errors: `no_filter`, and those of unknown names.
pub async fn selection(client: &Client, filter: Filter) -> Result<Selection, Failure> {
    let Filter { pipeline, source, state, reason_code, failure_code, since, until, references, limit } =
        filter;
    let is_narrowed = pipeline.is_some()
        || source.is_some()
        || state.is_some()
        || reason_code.is_some()
        || failure_code.is_some()
        || since.is_some()
        || until.is_some()
        || !references.is_empty();
    if !is_narrowed {
        return Err(Failure::usage("no_filter", "no filter selects the hand-offs")
            .hint("give at least one, such as a pipeline, a reason code or a time"));
    }
    names::pipelines(client, &pipeline).await?;
    if let Some(source) = &source {
        names::source(client, source).await?;
    }
    names::codes(client, reason_code.as_deref(), failure_code.as_deref()).await?;
    let reference_ids = names::references(client, &references).await?;
    Ok(Selection { pipeline, source, state, reason_code, failure_code, reference_ids, since, until, limit })
}

/// Applies an operation to what is selected. After each transaction, `go_on` is called with what is done so far; if it
/// returns false, the rest is left as it is.
pub async fn operate(
    database: &Database,
    operation: Operation,
    selection: &Selection,
    mode: Mode,
    by: &Actor,
    go_on: &(dyn Fn(&handoffs::Operated) -> bool + Sync),
) -> Result<Operated, Failure> {
    let mut client = database.client().await?;
    let operated = handoffs::operate_while(&mut client, operation, selection, mode, by, go_on).await?;
    let pauses = pauses::list(&**client, selection.pipeline.as_deref()).await?;
    Ok(Operated::new(operation, mode, operated, pauses))
}

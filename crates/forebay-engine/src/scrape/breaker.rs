//! A source's circuit breaker: asking for permission before a scrape, recording the outcome after it.

use std::time::Duration;

use forebay_domain::{
    breaker::{Answer, BreakerPolicy, BreakerTransition, CallOutcome, Permit},
    guards::HoldReason,
    handoff::FailureClass,
    run::RunStatus,
};
use forebay_sources::fetch::{FetchError, Random};
use forebay_store::{
    breakers::{self, Ended},
    connect::Database,
    sources::Source,
};
use jiff::{SignedDuration, Timestamp};

use crate::{
    clock,
    error::{Error, Result},
    persist::RunReport,
};

/// Asks for permission to scrape a source. Also returns the change of the breaker's state, if there was one.
pub(super) async fn ask(
    database: &Database,
    source: &Source,
    policy: &BreakerPolicy,
    random: &Random,
) -> Result<(Permit, Option<BreakerTransition>)> {
    let mut client = database.client().await?;
    let transaction = client.transaction().await.map_err(forebay_store::Error::from)?;
    let probe_id = random.uuid().into_bytes();
    let asked = breakers::ask(&transaction, source.source_id, policy, clock::now(), probe_id).await?;
    transaction.commit().await.map_err(forebay_store::Error::from)?;
    match asked.answer {
        Answer::Permit(permit) => Ok((permit, asked.transition)),
        Answer::Refused { retry_after, reason } => Err(Error::Refused {
            source_name: source.name.clone(),
            retry_after: retry_after.unsigned_abs(),
            retry_at: clock::now().saturating_add(retry_after).unwrap_or(Timestamp::MAX),
            reason,
        }),
    }
}

/// A permitted call that has ended.
pub(super) struct Call<'a> {
    pub(super) permit: Permit,
    /// The run, if one began.
    pub(super) run_id: Option<i64>,
    pub(super) result: &'a Result<RunReport>,
    /// Whether the source declares the scope. The site may know nothing about one that a caller made up.
    pub(super) is_declared: bool,
}

/// Records how a call ended; returns the change of the breaker's state, if there was one. If the database is
/// unreachable, the outcome is lost: a probe then expires with its lease, and the next call shows the state of the
/// source again.
pub(super) async fn record(
    database: &Database,
    source: &Source,
    policy: &BreakerPolicy,
    call: &Call<'_>,
    random: &Random,
) -> Option<BreakerTransition> {
    let Call { permit, run_id, result, is_declared } = *call;
    let (outcome, retry_after) = match result {
        Err(error) if !is_declared && is_not_found(error) => (CallOutcome::Configuration, None),
        result => judge(result),
    };
    let retry_after = retry_after.and_then(|wait| SignedDuration::try_from(wait).ok());
    let recorded = async {
        let mut client = database.client().await?;
        let transaction = client.transaction().await?;
        let ended = Ended { outcome, retry_after, run_id };
        let jitter = random.fraction();
        let (_, transition) =
            breakers::record(&transaction, source.source_id, policy, permit, &ended, clock::now(), jitter)
                .await?;
        transaction.commit().await?;
        Ok::<_, forebay_store::Error>(transition)
    };
    recorded.await.ok().flatten()
}

/// Whether the site has no such page.
fn is_not_found(error: &Error) -> bool {
    let status = match error {
        Error::Crawl(incomplete) => incomplete.status,
        Error::Source(forebay_sources::Error::Fetch(FetchError::HttpStatus { status, .. })) => Some(*status),
        _ => None,
    };
    matches!(status, Some(404 | 410))
}

/// How the source behaved. Errors on our side do not count against it.
fn judge(result: &Result<RunReport>) -> (CallOutcome, Option<Duration>) {
    let report = match result {
        Ok(report) => report,
        Err(Error::Crawl(incomplete)) => return (outcome(incomplete.class), incomplete.retry_after),
        Err(Error::Source(error)) => return of_input(error),
        Err(_) => return (CallOutcome::Configuration, None),
    };
    if let Some(error) = &report.input_error {
        return of_input(error);
    }
    if report.status == RunStatus::Partial
        && let Some(judged) = of_failed_pages(report)
    {
        return judged;
    }
    let reason = report.reason_code.as_deref();
    let is = |hold: HoldReason| reason == Some(hold.as_str());
    let outcome = match report.status {
        RunStatus::Held if is(HoldReason::EmptyRun) => CallOutcome::ZeroRecords,
        RunStatus::Held if is(HoldReason::CoverageDrop) => CallOutcome::CoverageDrop,
        RunStatus::Failed => CallOutcome::Permanent,
        _ if report.came_back_empty() => CallOutcome::ZeroRecords,
        _ => CallOutcome::Success,
    };
    (outcome, None)
}

/// How the source behaved when its input could not be read, or not to its end.
fn of_input(error: &forebay_sources::Error) -> (CallOutcome, Option<Duration>) {
    match error {
        forebay_sources::Error::Fetch(error) => (outcome(error.class()), error.retry_after()),
        _ => (CallOutcome::Permanent, None),
    }
}

/// How the source behaved when some of its pages failed. `None`: too few failed to count against it.
fn of_failed_pages(report: &RunReport) -> Option<(CallOutcome, Option<Duration>)> {
    // Our limit on the number of pages is not the source's fault.
    let incomplete = report.incomplete.as_ref().filter(|incomplete| incomplete.code != "too_many_pages")?;
    let asks_to_wait = incomplete.class == FailureClass::Throttled && incomplete.retry_after.is_some();
    let is_most = report.num_failed_pages >= report.num_pages;
    (asks_to_wait || is_most).then(|| (outcome(incomplete.class), incomplete.retry_after))
}

fn outcome(class: FailureClass) -> CallOutcome {
    match class {
        FailureClass::Transient | FailureClass::Lost => CallOutcome::Transient,
        FailureClass::Throttled => CallOutcome::Throttled,
        FailureClass::Permanent | FailureClass::Poison => CallOutcome::Permanent,
    }
}

#[cfg(test)]
mod tests {
    use forebay_sources::crawl::Incomplete;

    use super::*;

    #[test]
    fn only_a_missing_page_says_nothing_about_the_source() {
        let is_missing = |status| {
            let fetch = || FetchError::HttpStatus { url: "http://localhost/".to_owned(), status };
            let of_file = Error::Source(fetch().into());
            let of_crawl = Error::Crawl(Box::new(Incomplete::from(&fetch().into())));
            assert_eq!(is_not_found(&of_file), is_not_found(&of_crawl), "{status}");
            is_not_found(&of_crawl)
        };
        assert_eq!(
            [404, 410, 400, 401, 403, 451, 500].map(is_missing),
            [true, true, false, false, false, false, false]
        );
    }
}

//! Finds what needs a person, for one notifier.
//!
//! To add an event, add its word in the domain, its check constraint, and a function here. Titles and details must not
//! change while an alert holds, so they contain no ages and no counts of what goes on.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use forebay_domain::{
    freshness::AgeStatus,
    guards::HoldReason,
    notify::{AlertKey, NotifyEvent},
    percent,
    scope::Scope,
};
use forebay_store::{
    doctor,
    freshness::{self as ledger, LedgerFilter},
    notifications::facts,
    workers::{self, WorkerState},
};
use jiff::{SignedDuration, Timestamp};
use tokio_postgres::GenericClient;
use url::Url;

use super::{
    alert::{Alert, AlertStatus},
    settings::{Notifier, Notifying},
};
use crate::{error::Result, human};

/// Number of entries of the ledger read in one statement.
const PORTION: u32 = 1_000;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The alerts that hold.
    pub(super) alerts: BTreeMap<AlertKey, Alert>,
    /// The workers whose rows exist, dead or alive.
    pub(super) workers: BTreeSet<String>,
}

/// An alert before its links.
struct Draft {
    event: NotifyEvent,
    subject: String,
    source: Option<String>,
    title: String,
    detail: String,
    reason_code: Option<String>,
    since: Timestamp,
    path: String,
    next_command: String,
}

/// Finds the alerts that a notifier reports.
pub(super) async fn observe(
    client: &impl GenericClient,
    notifying: &Notifying,
    notifier: &Notifier,
    now: Timestamp,
) -> Result<Found> {
    let mut drafts = Vec::new();
    if notifier.watches(NotifyEvent::RunHeld) {
        held_runs(client, now, &mut drafts).await?;
    }
    if notifier.watches(NotifyEvent::BreakerOpened) {
        breakers(client, now, &mut drafts).await?;
    }
    if notifier.watches(NotifyEvent::SourceFailing) {
        failing_sources(client, notifier, &mut drafts).await?;
    }
    if notifier.watches(NotifyEvent::FreshnessError) {
        old_data(client, notifying, now, &mut drafts).await?;
    }
    if notifier.watches(NotifyEvent::HandoffsFailing) {
        failing_pipelines(client, notifier, &mut drafts).await?;
    }
    let mut found = Found::default();
    if notifier.watches(NotifyEvent::WorkerGone) {
        found.workers = dead_workers(client, &mut drafts).await?;
    }
    if notifier.watches(NotifyEvent::ConservationBroken) {
        findings(client, &mut drafts).await?;
    }
    drafts.retain(|draft| notifier.covers(draft.source.as_deref()));
    let alerts = drafts.into_iter().map(|draft| draft.alert(notifying.public_url.as_ref()));
    found.alerts = alerts.map(|alert| ((alert.event, alert.subject.clone()), alert)).collect();
    Ok(found)
}

impl Draft {
    fn alert(self, public_url: Option<&Url>) -> Alert {
        let link = public_url.map(|url| format!("{}{}", url.as_str().trim_end_matches('/'), self.path));
        Alert {
            status: AlertStatus::Firing,
            event: self.event,
            subject: self.subject,
            source: self.source,
            title: self.title,
            detail: self.detail,
            reason_code: self.reason_code,
            since: self.since,
            resolved_at: None,
            link,
            next_command: self.next_command,
        }
    }
}

fn before(now: Timestamp, age: Duration) -> Timestamp {
    let age = SignedDuration::try_from(age).unwrap_or(SignedDuration::ZERO);
    now.checked_sub(age).unwrap_or(now)
}

async fn held_runs(client: &impl GenericClient, now: Timestamp, drafts: &mut Vec<Draft>) -> Result<()> {
    for run in doctor::held_runs(client).await? {
        let reason = run.reason_code.as_deref().unwrap_or("unknown");
        let decide = if reason == HoldReason::RekeySuspected.as_str() { "rekey, release" } else { "release" };
        let number = human::counted(run.num_withheld, "change");
        drafts.push(Draft {
            event: NotifyEvent::RunHeld,
            subject: format!("run {}", run.run_id),
            title: format!(
                "run {} of {} is held: {reason}",
                run.run_id,
                human::subject(&run.source, &run.scope)
            ),
            detail: format!(
                "It withholds {number}. Look at them, then decide with `forebay runs {decide}` or `reject`."
            ),
            source: Some(run.source),
            reason_code: run.reason_code,
            since: before(now, run.held),
            path: format!("/runs/{}", run.run_id),
            next_command: format!("forebay runs diff {}", run.run_id),
        });
    }
    Ok(())
}

async fn breakers(client: &impl GenericClient, now: Timestamp, drafts: &mut Vec<Draft>) -> Result<()> {
    for breaker in doctor::open_breakers(client).await? {
        let source = breaker.source;
        drafts.push(Draft {
            event: NotifyEvent::BreakerOpened,
            subject: format!("source {source}"),
            title: format!("the breaker of {source} is open: {}", breaker.reason_code),
            detail: "The source is not scraped; the last good data is served.".to_owned(),
            reason_code: Some(breaker.reason_code),
            since: before(now, breaker.open),
            path: format!("/sources/{source}"),
            next_command: format!("forebay sources breaker show {source}"),
            source: Some(source),
        });
    }
    Ok(())
}

async fn failing_sources(
    client: &impl GenericClient,
    notifier: &Notifier,
    drafts: &mut Vec<Draft>,
) -> Result<()> {
    for failing in facts::failing_sources(client, notifier.failing_after).await? {
        let source = failing.source;
        let because = failing.reason_code.as_ref().map_or_else(String::new, |code| format!(": {code}"));
        drafts.push(Draft {
            event: NotifyEvent::SourceFailing,
            subject: format!("source {source}"),
            title: format!("the runs of {source} are failing{because}"),
            detail: format!(
                "No run has succeeded since the first failure. The last one is {}.",
                failing.run_id
            ),
            reason_code: failing.reason_code,
            since: failing.since,
            path: format!("/sources/{source}"),
            next_command: format!("forebay runs logs {}", failing.run_id),
            source: Some(source),
        });
    }
    Ok(())
}

async fn old_data(
    client: &impl GenericClient,
    notifying: &Notifying,
    now: Timestamp,
    drafts: &mut Vec<Draft>,
) -> Result<()> {
    let mut filter = LedgerFilter::default();
    loop {
        let entries = ledger::list(client, &filter, PORTION).await?;
        let is_last = entries.len() < PORTION as usize;
        filter.after = entries.last().map(|entry| (entry.entity_type.clone(), entry.scope.clone()));
        for entry in entries {
            let policy = notifying.policies.of(&entry.entity_type);
            // Entries of other programs can have a scope that can't be read.
            let scope = entry.scope.parse::<Scope>().unwrap_or_default();
            let judgement = notifying.policies.judge(&entry.entity_type, &scope, entry.last_sync, now);
            let (Some(AgeStatus::Error), Some(limit)) = (judgement.status, policy.error_after) else {
                continue;
            };
            let subject = human::subject(&entry.entity_type, &entry.scope);
            let synced = match entry.last_sync {
                Some(at) => format!("last synced {}", human::timestamp(at)),
                None => "never synced".to_owned(),
            };
            let since = entry.last_sync.and_then(|at| at.checked_add(limit).ok());
            let mut next = format!("forebay ensure {}", human::shell_word(&entry.entity_type));
            for (key, value) in scope.pairs() {
                next.extend([" --scope ", &human::shell_word(&format!("{key}={value}"))]);
            }
            drafts.push(Draft {
                event: NotifyEvent::FreshnessError,
                title: format!("the data of {subject} is too old: {synced}"),
                detail: format!("The limit is {}.", human::duration(limit.unsigned_abs())),
                reason_code: entry.error_code,
                since: since.unwrap_or(entry.started_at),
                path: format!("/freshness?entity={}", percent::encode(&entry.entity_type)),
                source: entry.source_name,
                next_command: next,
                subject,
            });
        }
        if is_last {
            return Ok(());
        }
    }
}

async fn failing_pipelines(
    client: &impl GenericClient,
    notifier: &Notifier,
    drafts: &mut Vec<Draft>,
) -> Result<()> {
    let limit = &notifier.failing;
    for failing in facts::failing_pipelines(client, limit).await? {
        let pipeline = failing.pipeline;
        let num_failed = human::count(failing.num_failed);
        let (title, detail, next_command) = if failing.is_disabled {
            (
                format!("{pipeline} is disabled: all its deliveries failed"),
                format!("{num_failed} failed. Its hand-offs wait until it is enabled again."),
                format!("forebay pipelines enable {pipeline}"),
            )
        } else {
            (
                format!("hand-offs to {pipeline} are failing: {}", failing.reason_code),
                format!(
                    "Of the attempts of {}, {num_failed} failed and {} succeeded; up to {} may fail.",
                    human::duration(limit.window.unsigned_abs()),
                    human::count(failing.num_succeeded),
                    human::share(limit.share)
                ),
                format!("forebay handoffs counts --pipeline {pipeline}"),
            )
        };
        drafts.push(Draft {
            event: NotifyEvent::HandoffsFailing,
            subject: format!("pipeline {pipeline}"),
            title,
            detail,
            reason_code: Some(failing.reason_code),
            since: failing.since,
            path: format!("/handoffs?pipeline={pipeline}"),
            next_command,
            source: failing.source,
        });
    }
    Ok(())
}

/// Returns the names of all workers of Forebay. Those of other programs come and go without a word.
async fn dead_workers(client: &impl GenericClient, drafts: &mut Vec<Draft>) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for worker in workers::list(client, None).await? {
        let (Some(name), Some(_)) = (worker.name, worker.version) else { continue };
        names.insert(format!("worker {name}"));
        if worker.state != WorkerState::Dead {
            continue;
        }
        drafts.push(Draft {
            event: NotifyEvent::WorkerGone,
            subject: format!("worker {name}"),
            source: None,
            title: format!(
                "the worker {name} is gone: it was last seen {}",
                human::timestamp(worker.last_seen_at)
            ),
            detail: "It did not end normally. What it had claimed is retried.".to_owned(),
            reason_code: None,
            since: worker.last_seen_at,
            path: "/workers".to_owned(),
            next_command: "forebay workers".to_owned(),
        });
    }
    Ok(names)
}

async fn findings(client: &impl GenericClient, drafts: &mut Vec<Draft>) -> Result<()> {
    for finding in facts::findings(client).await? {
        let pipeline = finding.pipeline;
        let next = format!("forebay handoffs verify --pipeline {pipeline}");
        let is_repaired = finding.num_repaired >= finding.num_wrong;
        drafts.push(Draft {
            event: NotifyEvent::ConservationBroken,
            subject: format!("pipeline {pipeline}"),
            title: format!(
                "{} had not reached {pipeline}, or differ there",
                human::counted(finding.num_wrong, "reference")
            ),
            detail: if is_repaired {
                "All were handed off again. Something may have changed the database from outside.".to_owned()
            } else {
                format!("{} were handed off again.", human::count(finding.num_repaired))
            },
            reason_code: None,
            since: finding.found_at,
            path: format!("/handoffs?pipeline={pipeline}"),
            next_command: if is_repaired { next } else { format!("{next} --repair") },
            source: finding.source,
        });
    }
    Ok(())
}

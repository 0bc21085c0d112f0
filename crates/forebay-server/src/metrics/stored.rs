//! The facts of the database as samples.

use std::collections::BTreeMap;

use forebay_domain::{freshness::AgeStatus, run::RunStatus, scope::Scope};
use forebay_engine::freshness::Policies;
use forebay_store::{
    metrics::{self as store, Facts},
    workers::WorkerState,
};
use forebay_views::failure::Failure;
use jiff::Timestamp;

use super::{
    catalogue as metrics,
    samples::{Names, Samples},
};
use crate::app::App;

/// Reads everything.
pub(super) async fn read(app: &App, now: Timestamp) -> Result<Samples, Failure> {
    let mut client = app.client().await?;
    let facts = store::read(&mut client).await?;
    let mut samples = Samples::default();
    queues(&facts, &mut samples);
    held_runs(&facts, &mut samples);
    sources(&facts, &mut samples);
    breakers(&facts, &mut samples);
    freshness(&facts, app.policies(), now, &mut samples);
    workers(&facts, &mut samples);
    notifications(&facts, &mut samples);
    tables(&facts, &mut samples);
    Ok(samples)
}

fn queues(facts: &Facts, samples: &mut Samples) {
    let names = Names::of(facts.board.iter().map(|cell| cell.pipeline.as_str()));
    for cell in &facts.board {
        let pipeline = names.label(&cell.pipeline);
        let is_failing = facts.failing.iter().any(|failing| failing.pipeline == cell.pipeline);
        samples.largest(&metrics::PIPELINE_FAILING, &[pipeline], number(is_failing));
        samples.largest(&metrics::PIPELINE_ENABLED, &[pipeline], number(cell.enabled));
        let (Some(state), Some(oldest)) = (&cell.state, cell.oldest_enqueued_at) else { continue };
        let age = facts.now.duration_since(oldest).as_secs_f64().max(0.0);
        samples.add_up(&metrics::HANDOFFS, &[pipeline, state], cell.num_handoffs as f64);
        samples.largest(&metrics::HANDOFF_AGE, &[pipeline, state], age);
    }
}

fn number(is_so: bool) -> f64 {
    f64::from(u8::from(is_so))
}

fn held_runs(facts: &Facts, samples: &mut Samples) {
    let names = Names::of(facts.held.iter().map(|run| run.source.as_str()));
    for run in &facts.held {
        let source = names.label(&run.source);
        samples.add_up(&metrics::HELD_RUNS, &[source], 1.0);
        samples.largest(&metrics::HELD_AGE, &[source], run.held.as_secs_f64());
    }
}

fn sources(facts: &Facts, samples: &mut Samples) {
    let names = Names::of(facts.sources.iter().map(|source| source.source.as_str()));
    for of in &facts.sources {
        let source = names.label(&of.source);
        if of.enabled {
            let status = of.last_status.map_or("none", RunStatus::as_str);
            samples.add_up(&metrics::SOURCES, &[status], 1.0);
        }
        if let Some(ended_at) = of.last_ended_at_seconds {
            samples.largest(&metrics::SOURCE_LAST_RUN, &[source], ended_at);
        }
        samples.add_up(&metrics::SOURCE_FAILED_RUNS, &[source], of.num_failed as f64);
    }
    let recent: BTreeMap<&str, u64> =
        facts.recent_runs.iter().map(|(status, number)| (status.as_str(), *number)).collect();
    for status in RunStatus::ALL {
        let number = recent.get(status.as_str()).copied().unwrap_or_default();
        samples.add(&metrics::RECENT_RUNS, &[status.as_str()], number as f64);
    }
}

fn breakers(facts: &Facts, samples: &mut Samples) {
    let names = Names::of(facts.breakers.iter().map(|breaker| breaker.source.as_str()));
    for state in ["open", "half_open", "forced_open"] {
        let number = facts.breakers.iter().filter(|breaker| breaker.state == state).count();
        samples.add(&metrics::BREAKERS, &[state], number as f64);
    }
    for breaker in &facts.breakers {
        let open_for = breaker.open.as_secs_f64();
        samples.largest(&metrics::BREAKER_OPEN, &[names.label(&breaker.source)], open_for);
    }
}

fn freshness(facts: &Facts, policies: &Policies, now: Timestamp, samples: &mut Samples) {
    let names = Names::of(facts.ledger.iter().map(|entry| entry.entity_type.as_str()));
    for entry in &facts.ledger {
        // Entries of other programs can have a scope that can't be read.
        let scope = entry.scope.parse::<Scope>().unwrap_or_default();
        let judgement = policies.judge(&entry.entity_type, &scope, entry.last_sync, now);
        let entity_type = names.label(&entry.entity_type);
        let status = judgement.status.map_or("unlimited", AgeStatus::as_str);
        samples.add_up(&metrics::FRESHNESS_SCOPES, &[entity_type, status], 1.0);
        if let Some(age) = judgement.age {
            samples.largest(&metrics::FRESHNESS_AGE, &[entity_type], age.as_secs_f64().max(0.0));
        }
    }
}

fn workers(facts: &Facts, samples: &mut Samples) {
    for state in WorkerState::ALL {
        let number = facts.workers.iter().filter(|worker| worker.state == state).count();
        samples.add(&metrics::WORKERS, &[state.as_str()], number as f64);
    }
}

fn notifications(facts: &Facts, samples: &mut Samples) {
    for count in &facts.notifications {
        let labels = [count.project.as_str(), &count.notifier, &count.state];
        samples.add(&metrics::NOTIFICATIONS, &labels, count.num_notifications as f64);
    }
}

fn tables(facts: &Facts, samples: &mut Samples) {
    for of in &facts.tables {
        let table = of.table.as_str();
        let writes = [("insert", of.num_inserted), ("update", of.num_updated), ("delete", of.num_deleted)];
        for (operation, number) in writes {
            if let Some(number) = number {
                samples.add(&metrics::TABLE_WRITES, &[table, operation], number as f64);
            }
        }
        for (state, number) in [("live", of.num_live), ("dead", of.num_dead)] {
            samples.add(&metrics::TABLE_ROWS, &[table, state], number as f64);
        }
        samples.add(&metrics::TABLE_SIZE, &[table], of.num_bytes as f64);
    }
}

//! Judges what a dry run has found, by the rules of a run.

use forebay_domain::{
    end_line::EndRule,
    guards::{self, Baseline, Evidence, Loss, Missing},
    handoff::Change,
    run::RunStatus,
};
use forebay_store::{
    connect::Client,
    history::{self, ReferenceName},
    references, runs,
    sources::Source,
};
use futures_util::{StreamExt, pin_mut};
use jiff::Timestamp;

use super::found::{Found, SAMPLES};
use crate::{
    error::Result,
    persist::{
        decision::{Decision, Rules, judge_input},
        policy::SourcePolicy,
        pump::ReadInput,
        request::PersistRequest,
        seen::SeenSet,
    },
};

/// What a dry run is judged by.
pub(super) struct Judging<'a> {
    pub(super) client: &'a Client,
    pub(super) known: Option<&'a Source>,
    pub(super) policy: &'a SourcePolicy,
    pub(super) request: &'a PersistRequest,
    pub(super) end_rule: EndRule,
    pub(super) watermark: Option<Timestamp>,
    pub(super) observed_at: Timestamp,
    /// Whether a run would stage its changes.
    pub(super) staged: bool,
}

impl Judging<'_> {
    /// How the run would end, and how many changes its guards would withhold. Adds the removals and the records that
    /// are rejected late to what was found.
    pub(super) async fn judge(&self, found: &mut Found, read: &ReadInput) -> Result<(Decision, u64)> {
        // A staged run finds them only when it applies its changes.
        if !self.staged {
            found.tally.counts.num_rejected += found.num_older;
        }
        let rules = Rules {
            request: self.request,
            policy: self.policy,
            end_rule: self.end_rule,
            watermark: self.watermark,
            // The content of a course is compared file by file, with a dry run of its own.
            is_course: false,
        };
        let mut decision = judge_input(&rules, &found.tally, read);
        if self.staged && decision.status == RunStatus::Failed {
            found.drop_changes();
        }
        let mut num_withheld = 0;
        if let Some(source) = self.known {
            if decision.judges_removals(read) && decision.may_remove {
                self.removals(source, &read.seen, found).await?;
            }
            if self.staged
                && self.policy.guards.enabled
                && decision.is_guarded(read, found.tally.counts.num_seen)
            {
                let guards = self.guards(source, found, read).await?;
                decision.follow(&guards);
                num_withheld = guards.withheld.num_withheld();
            }
        }
        if self.staged {
            found.tally.counts.num_rejected += found.num_older;
        }
        Ok((decision, num_withheld))
    }

    /// Counts the active references of the scope that the input doesn't have.
    async fn removals(&self, source: &Source, seen: &SeenSet, found: &mut Found) -> Result<()> {
        let scope = self.request.scope.to_string();
        let mut named = Vec::new();
        let active = references::stream_active(&***self.client, source.source_id, &scope).await?;
        pin_mut!(active);
        let mut seen = seen.merged()?;
        while let Some(row) = active.next().await {
            let id = references::streamed_id(&row.map_err(forebay_store::Error::from)?)?;
            if !seen.has(id)? {
                found.tally.counts.num_removed += 1;
                if named.len() < SAMPLES {
                    named.push(id);
                }
            }
        }
        for id in named {
            if let Some(reference) = history::find(&***self.client, &ReferenceName::Id(id)).await? {
                found.sample(Change::Removed, &reference.record_key, Vec::new());
            }
        }
        Ok(())
    }

    /// Lets the guards judge the changes.
    async fn guards(&self, source: &Source, found: &Found, read: &ReadInput) -> Result<guards::Decision> {
        let policy = &self.policy.guards;
        let scope = self.request.scope.to_string();
        let counts = &found.tally.counts;
        let missing = Missing {
            since: self.observed_at,
            num_runs: 1,
            num_references: counts.num_removed - found.num_flagged,
        };
        let losses: Vec<Loss> = found
            .losses
            .iter()
            .map(|(fields, num_updates)| Loss { fields: fields.clone(), num_updates: *num_updates })
            .collect();
        let coverage = &read.end.coverage;
        let evidence = Evidence {
            observed_at: self.observed_at,
            num_active_before: references::count_active(&***self.client, source.source_id, &scope).await?,
            num_seen: coverage.num_records().max(counts.num_seen - counts.num_rejected)
                - counts.num_duplicate,
            num_updated: counts.num_updated,
            missing: if missing.num_references == 0 { &[] } else { std::slice::from_ref(&missing) },
            num_flagged: found.num_flagged,
            losses: &losses,
            taken: None,
            coverage,
            rekey: None,
        };
        let history = runs::history(&***self.client, source.source_id, &self.request.scope).await?;
        Ok(guards::decide(policy, &Baseline::learn(policy, &history), &evidence))
    }
}

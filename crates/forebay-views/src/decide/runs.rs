//! Decisions about runs: what each would do, and doing it.

use forebay_engine::{
    freshness::enter_decided,
    persist::{self, HeldDecision},
    scrape::Sources,
};
use forebay_store::{
    actions::Actor,
    connect::{Client, Database},
    runs::RunRow,
};

use crate::{RunDecision, RunEffects, failure::Failure, read::runs::with_drift};

forebay_domain::words! {
    /// A decision about a run.
    pub enum Decision {
        /// Apply what a held run withholds.
        Release = "release",
        /// Drop what it withholds.
        Reject = "reject",
        /// Move keys, and apply the rest.
        Rekey = "rekey",
        /// Undo an applied run.
        Revert = "revert",
    }
}

/// A decision with its expected effects.
#[derive(Debug)]
pub struct Plan {
    /// The decision.
    pub decision: Decision,
    /// The run that it is about.
    pub run: RunRow,
    /// What it would do; of `reject`, what it drops.
    pub effects: RunEffects,
    /// References that would get new keys; `None`: the decision is not about keys.
    pub num_rekeyed: Option<u64>,
    /// References that would stay as they are because later runs have changed them; `None`: it is not `revert`.
    pub num_kept: Option<u64>,
}

/// A decision that was carried out.
#[derive(Debug)]
pub struct Decided {
    /// What it did.
    pub view: RunDecision,
    /// Why the ledger of freshness doesn't know the run. Its changes are applied; only the age of the data is unknown.
    pub not_in_ledger: Option<forebay_engine::Error>,
}

impl Decision {
    /// Whether it is about a run that is held.
    pub const fn about_held(self) -> Option<HeldDecision> {
        match self {
            Self::Release => Some(HeldDecision::Release),
            Self::Reject => Some(HeldDecision::Reject),
            Self::Rekey => Some(HeldDecision::Rekey),
            Self::Revert => None,
        }
    }
}

/// What a decision would do now. Errors: `no_such_run`, `run_not_held` and those of the decision.
pub async fn plan(database: &Database, run_id: i64, decision: Decision) -> Result<Plan, Failure> {
    if let Some(held) = decision.about_held() {
        let preview = persist::preview(database, run_id, held).await?;
        let effects = RunEffects::from(&preview);
        let num_rekeyed = preview.num_rekeyed;
        return Ok(Plan { decision, run: preview.run, effects, num_rekeyed, num_kept: None });
    }
    let (run, totals, num_active) = persist::preview_revert(database, run_id).await?;
    let effects = RunEffects::of_revert(&totals, num_active);
    let (num_rekeyed, num_kept) = (Some(totals.num_rekeyed), Some(totals.num_kept));
    Ok(Plan { decision, run, effects, num_rekeyed, num_kept })
}

impl Plan {
    /// The result of a dry run.
    pub async fn shown(self, client: &Client) -> Result<RunDecision, Failure> {
        let Self { run, effects, num_rekeyed, num_kept, .. } = self;
        Ok(RunDecision {
            run: with_drift(client, run).await?,
            is_dry_run: true,
            effects,
            num_rekeyed,
            num_kept,
        })
    }

    /// Carries it out. A run that is applied now counts for the freshness of its scope.
    pub async fn carry_out(
        mut self,
        database: &Database,
        configured: &Sources,
        by: &Actor,
    ) -> Result<Decided, Failure> {
        let run_id = self.run.run_id;
        self.run = match self.decision {
            Decision::Release => persist::release(database, run_id, by).await?,
            Decision::Reject => persist::reject(database, run_id, by).await?,
            Decision::Rekey => persist::rekey(database, run_id, by).await?.run,
            Decision::Revert => {
                let reverted = persist::revert(database, run_id, by).await?;
                self.num_kept = Some(reverted.num_kept);
                reverted.run
            }
        };
        let not_in_ledger = match self.decision {
            Decision::Release | Decision::Rekey => enter_decided(database, configured, run_id).await.err(),
            Decision::Reject | Decision::Revert => None,
        };
        let view = self.shown(&database.client().await?).await?;
        Ok(Decided { view: RunDecision { is_dry_run: false, ..view }, not_in_ledger })
    }
}

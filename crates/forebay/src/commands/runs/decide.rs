//! What all decisions about a run have in common: a preview, a question on a terminal, and the result.

use forebay_engine::{
    freshness::enter_decided,
    persist::{self, HeldDecision, Preview},
};
use forebay_store::{
    connect::{Client, Database},
    runs::RunRow,
};
use forebay_views::{HeldTotals, RunDecision, RunEffects};

use super::read;
use crate::{
    cli::{values::RunName, why::Why},
    context::Context,
    failure::{Exit, Failure},
    names,
    ui::format,
};

/// Whether to decide, and whether to ask first.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Show what it would do, and change nothing
    #[arg(short = 'n', long)]
    pub(crate) dry_run: bool,

    /// Don't ask for confirmation on a terminal
    #[arg(long)]
    pub(crate) yes: bool,

    #[command(flatten)]
    pub(crate) why: Why,
}

/// A decision with its expected effects.
pub(super) struct Planned {
    pub(super) effects: RunEffects,
    pub(super) num_rekeyed: Option<u64>,
    pub(super) num_kept: Option<u64>,
}

impl Options {
    /// Whether the effects come about.
    pub(super) fn mood(&self) -> Mood {
        if self.dry_run { Mood::Would } else { Mood::Does }
    }

    /// Says what a decision is about to do. On a terminal, asks. Returns whether to do it.
    pub(super) fn may(&self, context: &Context, text: &str) -> Result<bool, Failure> {
        if self.dry_run || self.yes {
            context.ui.note(text);
            return Ok(!self.dry_run);
        }
        context.ui.confirm_on_terminal(text)?;
        Ok(true)
    }
}

impl Planned {
    /// The result for a run: the decided one, or after a dry run the one in question.
    pub(super) async fn of(
        self,
        client: &Client,
        row: RunRow,
        is_dry_run: bool,
    ) -> Result<RunDecision, Failure> {
        let Self { effects, num_rekeyed, num_kept } = self;
        let run = read::with_drift(client, row).await?;
        Ok(RunDecision { run, is_dry_run, effects, num_rekeyed, num_kept })
    }
}

/// Decides about a held run.
pub(super) async fn about_held(
    context: &Context,
    run: RunName,
    decision: HeldDecision,
    options: &Options,
    carry_out: impl AsyncFnOnce(&Database, i64) -> Result<RunRow, Failure>,
) -> Result<Exit, Failure> {
    context
        .report(async |database| {
            let run_id = names::run(&database.client().await?, run).await?;
            let preview = persist::preview(database, run_id, decision).await?;
            let planned = Planned {
                effects: RunEffects::from(&preview),
                num_rekeyed: preview.num_rekeyed,
                num_kept: None,
            };
            let text = sentence(decision, &preview, &planned.effects, options.mood());
            let row = if options.may(context, &text)? {
                let row = carry_out(database, run_id).await?;
                enter(context, database, &row, decision).await;
                row
            } else {
                preview.run
            };
            planned.of(&database.client().await?, row, options.dry_run).await
        })
        .await
}

/// Tells the ledger of freshness about a run that is applied now.
async fn enter(context: &Context, database: &Database, run: &RunRow, decision: HeldDecision) {
    let Ok(config) = context.config() else { return };
    if decision != HeldDecision::Reject
        && let Err(error) = enter_decided(database, config.definitions(), run.run_id).await
    {
        // The decision is carried out; only the age of the data is not known.
        context.ui.warn(&format!("the ledger of freshness could not record this run: {error}"));
    }
}

/// `releasing run 7 of courses: removes 35 of 40 active references (87.5 %)`; in a dry run, `would remove`.
fn sentence(decision: HeldDecision, preview: &Preview, effects: &RunEffects, mood: Mood) -> String {
    let subject = subject(&preview.run);
    match (decision, preview.num_rekeyed) {
        (HeldDecision::Reject, _) => {
            let would = effects_in_words(effects, Mood::Would);
            format!("rejecting {subject} discards its withheld changes; it {would}")
        }
        (HeldDecision::Rekey, Some(num_rekeyed)) => format!(
            "{} of {subject} keep their ids under new keys; without the re-key, it {}",
            format::counted(num_rekeyed, "reference"),
            effects_in_words(effects, Mood::Would)
        ),
        _ => format!("releasing {subject}: {}", effects_in_words(effects, mood)),
    }
}

/// Whether effects come about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    /// `removes 35`.
    Does,
    /// `would remove 35`.
    Would,
}

/// `run 7 of courses`.
pub(super) fn subject(run: &RunRow) -> String {
    format!("run {} of {}", run.run_id, format::subject(&run.source, &run.scope))
}

/// `removes 35 of 40 active references (87.5 %), adds 2`, or `would remove 35 …, add 2`.
pub(super) fn effects_in_words(effects: &RunEffects, mood: Mood) -> String {
    let HeldTotals { num_added, num_updated, num_restored, num_removed } = effects.totals;
    let share = |share: f64| format!("{:.1} %", share * 100.0);
    let (would, s) = match mood {
        Mood::Does => ("", "s"),
        Mood::Would => ("would ", ""),
    };
    let of_active = |verb: &str, count: u64, of: f64| {
        let active = format::count(effects.num_active);
        format!("{verb}{s} {} of {active} active references ({})", format::count(count), share(of))
    };
    let parts = [
        (num_removed > 0).then(|| of_active("remove", num_removed, effects.removed_share)),
        (num_updated > 0).then(|| of_active("update", num_updated, effects.updated_share)),
        (num_added > 0).then(|| format!("add{s} {}", format::count(num_added))),
        (num_restored > 0).then(|| format!("restore{s} {}", format::count(num_restored))),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        format!("{would}change{s} nothing")
    } else {
        format!("{would}{}", parts.join(", "))
    }
}

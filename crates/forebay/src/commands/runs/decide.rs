//! A decision about a run: a preview, a question on a terminal, and the result.

use forebay_engine::scrape::Sources;
use forebay_store::runs::RunRow;
use forebay_views::{
    HeldTotals, RunEffects,
    decide::runs::{self, Decided, Decision, Plan},
};

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

impl Options {
    /// Whether the effects come about.
    fn mood(&self) -> Mood {
        if self.dry_run { Mood::Would } else { Mood::Does }
    }

    /// Says what a decision is about to do. On a terminal, asks. Returns whether to do it.
    fn may(&self, context: &Context, text: &str) -> Result<bool, Failure> {
        if self.dry_run || self.yes {
            context.ui.note(text);
            return Ok(!self.dry_run);
        }
        context.ui.confirm_on_terminal(text)?;
        Ok(true)
    }
}

/// Plans a decision, says what it is about to do, and carries it out, unless it is a dry run or the user declines.
pub(super) async fn decide(
    context: &Context,
    run: RunName,
    decision: Decision,
    options: &Options,
) -> Result<Exit, Failure> {
    context
        .report(async |database| {
            let run_id = names::run(&database.client().await?, run).await?;
            let plan = runs::plan(database, run_id, decision).await?;
            if !options.may(context, &sentence(&plan, options.mood()))? {
                return plan.shown(&database.client().await?).await;
            }
            if decision != Decision::Reject {
                // What is applied is handed off as the configuration says.
                context.declare_pipelines(database).await?;
            }
            let no_sources = Sources::default();
            let config = context.config().ok();
            let configured = config.as_ref().map_or(&no_sources, |config| config.definitions());
            let Decided { view, not_in_ledger } =
                plan.carry_out(database, configured, &options.why.actor()).await?;
            if let Some(error) = not_in_ledger {
                context.ui.warn(&format!("the ledger of freshness could not record this run: {error}"));
            }
            Ok(view)
        })
        .await
}

/// `releasing run 7 of courses: removes 35 of 40 active references (87.5 %)`; in a dry run, `would remove`.
fn sentence(plan: &Plan, mood: Mood) -> String {
    let subject = subject(&plan.run);
    let num_rekeyed = plan.num_rekeyed.unwrap_or_default();
    match plan.decision {
        Decision::Release => format!("releasing {subject}: {}", effects_in_words(&plan.effects, mood)),
        Decision::Reject => {
            let would = effects_in_words(&plan.effects, Mood::Would);
            format!("rejecting {subject} discards its withheld changes; it {would}")
        }
        Decision::Rekey => format!(
            "{} of {subject} keep their ids under new keys; without the re-key, it {}",
            format::counted(num_rekeyed, "reference"),
            effects_in_words(&plan.effects, Mood::Would)
        ),
        Decision::Revert => {
            let keys = match num_rekeyed {
                0 => String::new(),
                number => format!(", {} keys move back", format::count(number)),
            };
            format!("reverting {subject}: {}{keys}", effects_in_words(&plan.effects, mood))
        }
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
fn subject(run: &RunRow) -> String {
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

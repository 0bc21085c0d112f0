//! `forebay ensure`: fresh data of an entity type, scraped at most once for any number of callers.

mod report;

use forebay_engine::{
    ensure::{EnsureOptions, Ensured, Gate, NO_SOURCE, NUM_CONNECTIONS, Wanted},
    operate,
    scrape::{Sources, Stop},
};

use super::signals::stoppable;
use crate::{
    cli::{
        values::{self, ScopePair, scope_of},
        why::Why,
    },
    context::Context,
    failure::{Exit, Failure},
    names,
};

/// Refresh an entity type if its data is stale
///
/// Fresh data is left alone. Stale data is scraped once, no matter how many processes ask at the same time. If the
/// scrape fails, the stored data is served for as long as the configuration allows.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay ensure course
  forebay ensure course --scope 'semester=Spring 2026' --scope university=CSI
  forebay ensure course --read-only --output json")]
pub(crate) struct Args {
    /// Entity type, such as `course`: the `entity` of a source
    #[arg(value_name = "ENTITY", value_parser = values::name)]
    pub(crate) entity: String,

    /// Scope to refresh; repeatable [default: the whole source]
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) scope: Vec<ScopePair>,

    /// Scrape even if the stored data is fresh
    #[arg(long, conflicts_with = "read_only")]
    pub(crate) force: bool,

    /// Never scrape; only report the stored data and its age
    #[arg(long)]
    pub(crate) read_only: bool,

    #[command(flatten)]
    pub(crate) why: Why,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let config = context.config()?;
    let wanted = Wanted { entity_type: args.entity.clone(), scope: scope_of(&args.scope)? };
    let options = EnsureOptions { force: args.force, read_only: args.read_only, is_on_demand: false };
    let policies = config.policies();
    let stop = Stop::default();
    let asking = context.with_scraper_or_offline(&config, NUM_CONNECTIONS, async |scraper, is_offline| {
        let scraper =
            if args.read_only || is_offline { scraper.clone() } else { context.declare(scraper).await? };
        if args.force && !is_offline {
            let by = args.why.actor();
            operate::request_scrape(&scraper.database, &wanted.entity_type, &wanted.scope, true, &by).await?;
        }
        let bar = context.ui.progress(&format!("refreshing {}", args.entity), None);
        let gate = Gate::for_one_answer(scraper, policies, stop.clone());
        let ensured = gate.ensure(&wanted, options).await;
        drop(bar);
        let mut shown = forebay_views::Ensured::new(&wanted, &ensured, args.force);
        suggest(&mut shown, &wanted.entity_type, config.definitions());
        context.ui.show(&shown)?;
        // Stale data is refreshed after it was served; without waiting, the refresh would end with the process.
        gate.finish().await;
        Ok(exit(&ensured, &stop))
    });
    Box::pin(stoppable(asking, || stop.ask())).await
}

/// Suggests an entity type for one that no source yields.
fn suggest(ensured: &mut forebay_views::Ensured, entity_type: &str, sources: &Sources) {
    let mut known = sources.values().map(|source| source.entity_type.as_str());
    if let Some(error) = ensured.error.as_mut().filter(|error| error.code == NO_SOURCE)
        && !known.clone().any(|known| known == entity_type)
        && let Some(meant) = names::nearest(entity_type, &mut known)
    {
        error.hint = Some(format!("did you mean `{meant}`?"));
    }
}

fn exit(ensured: &Ensured, stop: &Stop) -> Exit {
    match &ensured.error {
        _ if stop.is_asked() => Exit::Interrupted,
        // Without the ledger, it is unknown what is stored.
        Some(error) if !ensured.success && error.is_unreachable => Exit::DatabaseUnreachable,
        _ if ensured.success => Exit::Done,
        // No source yields this entity type or scope, so asking again doesn't help.
        Some(error) if error.code == NO_SOURCE => Exit::Usage,
        _ => Exit::Unavailable,
    }
}

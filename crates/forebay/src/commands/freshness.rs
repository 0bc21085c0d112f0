//! `forebay freshness`: the ledger of what was last synced when, judged by the configuration.

mod report;

use std::collections::BTreeSet;

use clap::value_parser;
use forebay_domain::{
    freshness::{self, Freshness, SHIPPED_TTLS},
    scope::Scope,
};
use forebay_store::{
    connect::Client,
    freshness::{self as ledger, LedgerEntry, LedgerFilter, StaleBefore, SyncStatus},
};
use jiff::Timestamp;

use self::report::{FreshnessReport, Standing};
use crate::{
    cli::values,
    config::Config,
    context::Context,
    failure::{Exit, Failure},
};

/// Entries that are read at a time.
const PORTION: u32 = 1_000;

/// Show how fresh each entity type and scope is
///
/// What is fresh and for how long is said by `[freshness]` and `[entities.NAME]` of the configuration.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay freshness
  forebay freshness --stale
  forebay freshness --entity course --output json")]
pub(crate) struct Args {
    /// Only what is due, failing or never synced; with what the configuration declares and nobody ever synced
    #[arg(long)]
    pub(crate) stale: bool,

    /// Only this entity type
    #[arg(long, value_name = "ENTITY", value_parser = values::name)]
    pub(crate) entity: Option<String>,

    /// Most entries to show
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = value_parser!(u32).range(1..=100_000))]
    pub(crate) limit: u32,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let config = context.config()?;
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let mut standings = context
        .with_database(async |database| {
            let client = database.client().await?;
            // One more, to tell whether there are more.
            let mut standings = listed(&client, args, &config, limit + 1).await?;
            if args.stale {
                standings.extend(never_synced(&client, args, &config, &standings).await?);
            }
            Ok(standings)
        })
        .await?;
    standings.sort_by(|a, b| (&a.entity_type, &a.scope).cmp(&(&b.entity_type, &b.scope)));
    let has_more = standings.len() > limit;
    standings.truncate(limit);
    context.ui.show(&FreshnessReport::new(standings, args.stale, has_more))?;
    Ok(Exit::Done)
}

/// At most `limit` entries of the ledger.
async fn listed(
    client: &Client,
    args: &Args,
    config: &Config,
    limit: usize,
) -> Result<Vec<Standing>, Failure> {
    let now = Timestamp::now();
    let stale = args.stale.then(|| stale_before(config, now));
    let mut filter = LedgerFilter { entity_type: args.entity.clone(), stale, after: None };
    let mut standings = Vec::new();
    loop {
        let entries = ledger::list(&***client, &filter, PORTION).await?;
        let is_last = entries.len() < PORTION as usize;
        filter.after = entries.last().map(|entry| (entry.entity_type.clone(), entry.scope.clone()));
        let judged = entries.into_iter().map(|entry| judge(entry, config, now));
        standings.extend(judged.filter(|standing| !args.stale || standing.wants_looking_after()));
        if is_last || standings.len() >= limit {
            standings.truncate(limit);
            return Ok(standings);
        }
    }
}

fn judge(entry: LedgerEntry, config: &Config, now: Timestamp) -> Standing {
    let scope: Scope = entry.scope.parse().unwrap_or_default();
    let spread = freshness::spread(&entry.entity_type, &scope);
    let judged = freshness::judge(entry.last_sync, now, &config.freshness(&entry.entity_type), spread);
    Standing::new(entry, judged)
}

/// The times of the types that are known by name. Each scope's own time is a little shorter (its part of the jitter), so
/// what comes back has still to be judged.
fn stale_before(config: &Config, now: Timestamp) -> StaleBefore {
    let declared = config.definitions().values().map(|source| source.entity_type.as_str());
    let names: BTreeSet<&str> = declared.chain(SHIPPED_TTLS.iter().map(|(name, _)| *name)).collect();
    let before = |name: &str| {
        let policy = config.freshness(name);
        let shortest = policy.ttl.mul_f64(1.0 - policy.jitter.clamp(0.0, 1.0));
        now.checked_sub(shortest).unwrap_or(Timestamp::MIN)
    };
    StaleBefore {
        by_type: names.into_iter().map(|name| (name.to_owned(), before(name))).collect(),
        otherwise: now,
    }
}

/// What sources declare and the ledger does not know.
async fn never_synced(
    client: &Client,
    args: &Args,
    config: &Config,
    listed: &[Standing],
) -> Result<Vec<Standing>, Failure> {
    let sources = config.definitions();
    let mut pairs = BTreeSet::new();
    for source in sources.values().filter(|source| source.enabled) {
        let is_wanted = args.entity.as_ref().is_none_or(|entity| *entity == source.entity_type);
        let stands_in = sources.values().any(|other| other.fallback.contains(&source.name));
        if is_wanted && !stands_in {
            let covered = source.declared_scopes().into_iter().filter(|scope| source.covers(scope));
            pairs.extend(covered.map(|scope| (source.entity_type.clone(), scope.to_string())));
        }
    }
    let mut never = Vec::new();
    for (entity_type, scope) in pairs {
        if listed.iter().any(|it| it.entity_type == entity_type && it.scope == scope) {
            continue;
        }
        let parsed: Scope = scope.parse().unwrap_or_default();
        if ledger::find(&***client, &entity_type, &parsed).await?.is_none() {
            let policy = config.freshness(&entity_type);
            let judged = freshness::judge(None, Timestamp::now(), &policy, 0.0);
            never.push(Standing::never(entity_type, scope, judged));
        }
    }
    Ok(never)
}

impl Standing {
    /// Whether it is due, failing, abandoned or was never synced.
    fn wants_looking_after(&self) -> bool {
        let is_abandoned = self.status == Some(SyncStatus::InProgress.as_str()) && !self.is_held;
        self.freshness != Freshness::Fresh.as_str() || self.num_failures > 0 || is_abandoned
    }
}

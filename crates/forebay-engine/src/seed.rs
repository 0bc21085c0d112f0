//! Made-up data that shows every state: runs, hand-offs, breakers, freshness, drift, a re-key, a course, workers.
//!
//! It is for those who build on the tables and want to see what they will contain. The data is made by the calls that
//! everything else uses, so it can't contradict the rules. What they can't make, times in the past and processes that
//! died, is set at the end by statements of the store.
//!
//! The ledger of freshness records it as a sync of its own, so it is loaded once, by one process at a time. If a
//! process is killed meanwhile, the next one deletes what it left and starts again. Its sources have fixed names, and
//! nothing else is touched.

mod breakers;
mod course;
mod dataset;
mod freshness;
mod handoffs;
mod runs;

use std::{collections::BTreeMap, time::Duration};

use forebay_domain::scope::Scope;
use forebay_store::{
    connect::{Database, Target},
    freshness::{self as ledger, Begun, LedgerEntry, Synced},
    jobs::Receipt,
    seed::{other_data, set_past, stored_of},
    sources, stats,
};

pub use self::course::COURSE_FILES;
use self::dataset::{Dataset, NAMES, operator};
use crate::{
    clock::now,
    error::{Error, Result, SeedError},
    source,
};

/// What [`seed`] makes as a script for an empty database with the schema, its times relative to that of its execution.
pub const SEED_SQL: &str = include_str!("seed/seed.sql");
/// The entity type under which the ledger records it.
const ENTITY_TYPE: &str = "seed";
/// Longer than it takes.
const LEASE: Duration = Duration::from_mins(3);

/// The made-up data of a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seeded {
    /// Whether it was loaded now; false: it was there already, and nothing was written.
    pub is_new: bool,
    /// Its sources, by name.
    pub sources: Vec<String>,
    /// References, active and removed.
    pub num_references: u64,
    /// Runs by status.
    pub runs: BTreeMap<&'static str, u64>,
    /// Hand-offs by state.
    pub handoffs: BTreeMap<&'static str, u64>,
}

/// Loads the made-up data, unless it is there. `target` is where the database is. With `beside_others`, it may hold
/// other data.
///
/// Errors: `database_not_empty`, `seed_underway`.
pub async fn seed(database: &Database, target: Target, beside_others: bool) -> Result<Seeded> {
    let client = database.client().await?;
    let scope = Scope::default();
    let entry = ledger::find(&**client, ENTITY_TYPE, &scope).await?;
    let found = stored_of(&**client, &NAMES).await?;
    if !found.is_empty() && entry.as_ref().is_some_and(is_loaded) {
        drop(client);
        return seeded(database, false).await;
    }
    // Sources with these names that no load has made are the user's own, and are never replaced.
    let is_taken = entry.is_none() && !found.is_empty();
    let own: &[&str] = if is_taken { &[] } else { &NAMES };
    let others = other_data(&**client, own).await?;
    if is_taken || !(beside_others || others.is_empty()) {
        return Err(SeedError::OtherData(others).into());
    }
    let attempt = entry.map_or(0, |entry| entry.attempt);
    let holder = match ledger::begin(&**client, ENTITY_TYPE, &scope, attempt, LEASE).await? {
        Begun::Acquired { holder, .. } => holder,
        Begun::Busy { lease_until, .. } => return Err(SeedError::Underway { until: lease_until }.into()),
        Begun::Ended(entry) if is_loaded(&entry) => {
            drop(client);
            return seeded(database, false).await;
        }
        Begun::Ended(entry) => return Err(SeedError::Underway { until: entry.updated_at }.into()),
    };
    drop(client);
    let loaded = Box::pin(load(database, target, &found, holder)).await;
    if let Err(error) = &loaded {
        // The first error is the one to report. If this fails too, the lease ends.
        if let Ok(client) = database.client().await {
            let message = error.to_string();
            let _ = ledger::fail(&**client, ENTITY_TYPE, &scope, holder, error.code(), &message, None).await;
        }
    }
    loaded?;
    seeded(database, true).await
}

fn is_loaded(entry: &LedgerEntry) -> bool {
    entry.last_sync.is_some() && entry.error_code.is_none() && !entry.is_held
}

/// Makes the data. `remains` are the sources that a killed process left.
async fn load(database: &Database, target: Target, remains: &[String], holder: Receipt) -> Result<()> {
    // A course can't be deleted and doesn't have to be: persisting it again writes what is missing.
    for name in remains.iter().filter(|name| name.starts_with(dataset::PREFIX)) {
        source::delete(database, name, false, &operator("an interrupted load is started again")).await?;
    }
    let dataset = Dataset { database, now: now() };
    handoffs::declare(&dataset).await?;
    runs::make(&dataset).await?;
    handoffs::make(&dataset).await?;
    breakers::make(&dataset).await?;
    freshness::make(&dataset).await?;
    course::make(database, target).await?;
    let mut client = database.client().await?;
    let transaction = client.transaction().await.map_err(forebay_store::Error::from)?;
    set_past(&transaction).await?;
    let synced = Synced::default();
    let ended = ledger::succeed(&*transaction, ENTITY_TYPE, &Scope::default(), holder, &synced).await?;
    if ended.is_none() {
        return Err(Error::AttemptLost);
    }
    transaction.commit().await.map_err(forebay_store::Error::from)?;
    Ok(())
}

async fn seeded(database: &Database, is_new: bool) -> Result<Seeded> {
    let client = database.client().await?;
    let mut seeded = Seeded {
        is_new,
        sources: stored_of(&**client, &NAMES).await?,
        num_references: 0,
        runs: BTreeMap::new(),
        handoffs: BTreeMap::new(),
    };
    for name in &seeded.sources {
        let Some(source) = sources::find(&**client, name).await? else { continue };
        let totals = stats::totals(&**client, Some(source.source_id)).await?;
        seeded.num_references += totals.num_active + totals.num_removed;
        for (sum, counts) in [(&mut seeded.runs, totals.runs), (&mut seeded.handoffs, totals.handoffs)] {
            for (word, number) in counts {
                *sum.entry(word).or_default() += number;
            }
        }
    }
    Ok(seeded)
}

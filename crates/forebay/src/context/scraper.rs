//! What commands that scrape work with: the configuration's sources, and one pace for each host.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use forebay_engine::scrape::Scraper;
use forebay_sources::fetch::Network;
use forebay_store::connect::{Database, OpenOptions, Target};
use tokio::time::{Instant, sleep};

use super::Context;
use crate::{
    config::Config,
    failure::{Exit, Failure},
};

/// How long tasks that were stopped may hold their share of the database.
const PATIENCE: Duration = Duration::from_secs(10);

impl Context {
    /// Opens the database as [`Self::with_database`] does, with so many connections at most, and works with the sources
    /// of the configuration on it.
    pub(crate) async fn with_scraper<T>(
        &self,
        config: &Config,
        pool_size: usize,
        work: impl AsyncFnOnce(&Scraper) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let database = self.migrated(OpenOptions { pool_size, ..OpenOptions::default() }).await?;
        with(database, config, work).await
    }

    /// The same where a database that cannot be reached is told to `work` and is no error yet.
    pub(crate) async fn with_scraper_even_away<T>(
        &self,
        config: &Config,
        pool_size: usize,
        work: impl AsyncFnOnce(&Scraper, bool) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let options = || OpenOptions { pool_size, ..OpenOptions::default() };
        let (database, is_away) = match (self.migrated(options()).await, self.target()?) {
            (Err(failure), Target::Url(url)) if failure.exit_code() == Exit::DatabaseUnreachable => {
                (Database::open_lazily(&url, &options())?, true)
            }
            (database, _) => (database?, false),
        };
        with(database, config, async |scraper| work(scraper, is_away).await).await
    }
}

async fn with<T>(
    database: Database,
    config: &Config,
    work: impl AsyncFnOnce(&Scraper) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let database = Arc::new(database);
    let scraper = Scraper {
        database: Arc::clone(&database),
        network: Network::new(seed()),
        sources: Arc::new(config.definitions().clone()),
    };
    let worked = work(&scraper).await;
    drop(scraper);
    let closed = close(database).await;
    let result = worked?;
    closed?;
    Ok(result)
}

/// Closes the database once nobody else holds it.
async fn close(mut database: Arc<Database>) -> Result<(), Failure> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match Arc::try_unwrap(database) {
            Ok(database) => return Ok(database.close().await?),
            // What is still held then ends with the process.
            Err(_) if Instant::now() > deadline => return Ok(()),
            Err(held) => database = held,
        }
        sleep(Duration::from_millis(10)).await;
    }
}

/// Only spreads the waits between tries.
fn seed() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

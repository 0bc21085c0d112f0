//! The sources of the configuration and the network, for commands that scrape.

use std::{sync::Arc, time::Duration};

use forebay_engine::{clock, scrape::Scraper};
use forebay_store::connect::{Database, OpenOptions, Target};
use tokio::time::timeout;

use super::Context;
use crate::{
    config::Config,
    failure::{Exit, Failure},
};

/// How long to wait for tasks that outlive the command's work.
const TASKS_TIMEOUT: Duration = Duration::from_secs(10);

impl Context {
    /// Opens the database like [`Self::with_database`], with at most `pool_size` connections, and runs `work` with the
    /// sources of the configuration.
    pub(crate) async fn with_scraper<T>(
        &self,
        config: &Config,
        pool_size: usize,
        work: impl AsyncFnOnce(&Scraper) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let database = self.migrated(OpenOptions { pool_size, ..OpenOptions::default() }).await?;
        with(database, config, work).await
    }

    /// The same, but an unreachable database is not an error: `work` is called with `true`.
    pub(crate) async fn with_scraper_or_offline<T>(
        &self,
        config: &Config,
        pool_size: usize,
        work: impl AsyncFnOnce(&Scraper, bool) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let options = || OpenOptions { pool_size, ..OpenOptions::default() };
        let (database, is_offline) = match (self.migrated(options()).await, self.target()?) {
            (Err(failure), Target::Url(url)) if failure.exit_code() == Exit::DatabaseUnreachable => {
                (Database::open_lazily(&url, &options())?, true)
            }
            (database, _) => (database?, false),
        };
        with(database, config, async |scraper| work(scraper, is_offline).await).await
    }
}

async fn with<T>(
    database: Database,
    config: &Config,
    work: impl AsyncFnOnce(&Scraper) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let database = Arc::new(database);
    let sources = Arc::new(config.definitions().clone());
    let scraper = Scraper::new(Arc::clone(&database), clock::network(), sources);
    let worked = work(&scraper).await;
    // Tasks that take longer end with the process.
    let _in_time = timeout(TASKS_TIMEOUT, scraper.wait()).await;
    drop(scraper);
    let closed = match Arc::into_inner(database) {
        Some(database) => database.close().await,
        None => Ok(()),
    };
    let result = worked?;
    closed?;
    Ok(result)
}

//! The demo's database, site and two days.
//!
//! Each piece of work opens the database and closes it again. That costs a few milliseconds, and makes the server's
//! counters exact: a session reports its counts when it ends.

use std::net::SocketAddr;

use forebay_domain::percent;
use forebay_engine::clock;
use forebay_store::{
    cluster,
    connect::{Database, OpenOptions, Target},
};
use forebay_views::DemoDatabase;
use jiff::{Timestamp, ToSpan};

use crate::{
    database::{self, DATABASE, Found, TableWrites},
    error::{Error, Result},
    site::{self, Site},
};

/// The stage.
#[derive(Debug)]
pub struct Stage {
    /// The server, by the database that the caller named.
    server: Database,
    target: Target,
    site: Site,
    address: SocketAddr,
    /// The times of the site's first and second day.
    pub(crate) first_day: Timestamp,
    pub(crate) second_day: Timestamp,
}

impl Stage {
    /// Starts the server if necessary, replaces the database of an earlier demo, and opens the site.
    ///
    /// Errors: `demo_database_foreign`, `demo_database_refused`, `demo_database_in_use`.
    pub async fn open(target: Target) -> Result<Self> {
        let server = Database::open(target.clone(), OpenOptions::default()).await?;
        match prepare(&server).await {
            Ok((address, site)) => {
                // Whole seconds, because users type these times.
                let second_day = Timestamp::from_second(clock::now().as_second()).unwrap_or(Timestamp::MIN);
                let first_day = second_day - 24.hours();
                Ok(Self { server, target, site, address, first_day, second_day })
            }
            Err(error) => {
                // The first error is the one to report.
                let _ = server.close().await;
                Err(error)
            }
        }
    }

    /// The folder of the private Postgres; None: the database was configured.
    pub(crate) fn data_dir(&self) -> Option<String> {
        match &self.target {
            Target::Url(_) => None,
            Target::Embedded { data_dir } => Some(data_dir.display().to_string()),
        }
    }

    /// Works with the demo's database, and closes it however the work ended.
    pub(crate) async fn work<T>(&self, work: impl AsyncFnOnce(&Database) -> Result<T>) -> Result<T> {
        let database = self.server.sibling(DATABASE).await?;
        let worked = work(&database).await;
        let closed = database.close().await;
        let result = worked?;
        closed?;
        Ok(result)
    }

    /// The server's counters of written rows. Waits until no other session has unreported counts.
    pub(crate) async fn counters(&self) -> Result<Vec<TableWrites>> {
        self.work(async |database| Ok(database::writes(&**database.client().await?).await?)).await
    }

    /// The URL of a path of the site.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Drops the demo's database.
    pub async fn drop_database(&self) -> Result<()> {
        Ok(database::drop_idle(&**self.server.client().await?).await?)
    }

    /// How to connect to the database if it is kept.
    pub async fn place(&self) -> Result<DemoDatabase> {
        let url = match &self.target {
            Target::Url(_) => None,
            Target::Embedded { data_dir } => cluster::status(data_dir).await?.socket.map(|folder| {
                let folder = folder.display().to_string();
                format!("postgresql://forebay@{}/{DATABASE}", percent::encode(&folder))
            }),
        };
        let target = match self.data_dir() {
            Some(data_dir) => format!("{DATABASE} in the private Postgres in {data_dir}"),
            None => format!("{DATABASE}, beside the database {}", self.server.target()),
        };
        Ok(DemoDatabase { target, url })
    }

    /// Closes the site and leaves the server.
    pub async fn close(self) -> Result<()> {
        self.site.stop().await?;
        Ok(self.server.close().await?)
    }
}

async fn prepare(server: &Database) -> Result<(SocketAddr, Site)> {
    let client = server.client().await?;
    match database::find(&**client).await? {
        Found::Nothing => {}
        Found::Ours => database::drop_idle(&**client).await.map_err(refused)?,
        Found::Foreign => return Err(Error::DatabaseForeign),
    }
    database::create(&**client).await.map_err(refused)?;
    site::serve().await
}

/// Why the server refuses to create or drop the demo's database.
fn refused(error: forebay_store::Error) -> Error {
    if database::lacks_right(&error) {
        Error::DatabaseRefused(error)
    } else if database::is_in_use(&error) {
        Error::DatabaseInUse(error)
    } else {
        error.into()
    }
}

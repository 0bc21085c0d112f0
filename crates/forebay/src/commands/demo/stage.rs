//! Where the demo plays: its database, the site, and the two days.
//!
//! Every piece of work opens the database and closes it again. That costs a few milliseconds, and it is what makes the
//! server's counters exact: a session tells them when it ends.

use std::{fmt::Write as _, net::SocketAddr, sync::Arc};

use forebay_domain::scope::Scope;
use forebay_engine::{
    persist::RunReport,
    scrape::{self, ScrapeOptions, Scraper},
    work::{PipelineSpec, WorkOptions, WorkReport, drain},
};
use forebay_sources::fetch::Network;
use forebay_store::{
    cluster,
    connect::{Database, Target},
    demo::{self, Found, TableWrites},
};
use jiff::{Timestamp, ToSpan};

use super::report::Place;
use crate::{
    config::Config,
    context::Context,
    demo::site::{self, Shutdown},
    failure::Failure,
    ui::{Table, format, table::Column},
};

/// A list of the site, as a source.
#[derive(Clone, Copy, Debug)]
pub(super) struct List {
    pub(super) name: &'static str,
    entity_type: &'static str,
}

pub(super) const COURSES: List = List { name: "courses", entity_type: "course" };
pub(super) const EVENTS: List = List { name: "events", entity_type: "event" };

/// The stage.
#[derive(Debug)]
pub(super) struct Stage {
    /// The server, by the database that we were given.
    server: Database,
    site: Shutdown,
    pub(super) address: SocketAddr,
    /// The folder of the private Postgres; None: the database was configured.
    pub(super) data_dir: Option<String>,
    /// When the site was as on day 1, and as on day 2.
    pub(super) first_day: Timestamp,
    pub(super) second_day: Timestamp,
}

impl Stage {
    /// Starts the server if need be, makes the database anew and opens the site.
    ///
    /// Errors: `demo_database_foreign`, `demo_database_refused`, `demo_database_in_use`.
    pub(super) async fn set(context: &Context) -> Result<Self, Failure> {
        let data_dir = match context.target()? {
            Target::Url(_) => None,
            Target::Embedded { data_dir } => Some(data_dir.display().to_string()),
        };
        let server = context.bare_database().await?;
        if let Err(failure) = make_database(&server).await {
            // The failure to report is the one about the demo's database.
            let _ = server.close().await;
            return Err(failure);
        }
        let (address, site) = site::serve().await?;
        // Whole seconds, so that a time that was told can be typed.
        let second_day = Timestamp::from_second(Timestamp::now().as_second()).unwrap_or(Timestamp::MIN);
        Ok(Self { server, site, address, data_dir, first_day: second_day - 24.hours(), second_day })
    }

    /// Works with the demo's database, and closes it however the work ended.
    pub(super) async fn work<T>(
        &self,
        work: impl AsyncFnOnce(&Database) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let database = self.server.sibling(demo::DATABASE).await?;
        let worked = work(&database).await;
        let closed = database.close().await;
        let result = worked?;
        closed?;
        Ok(result)
    }

    /// The server's counters of written rows. Nothing else may have the database open, or this waits for it.
    pub(super) async fn counters(&self) -> Result<Vec<TableWrites>, Failure> {
        self.work(async |database| Ok(demo::writes(&**database.client().await?).await?)).await
    }

    /// Where a list of the site is on a day.
    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Drops the database.
    pub(super) async fn clear(&self) -> Result<(), Failure> {
        Ok(demo::drop_idle(&**self.server.client().await?).await?)
    }

    /// How to get to the database when it is kept.
    pub(super) async fn place(&self, context: &Context) -> Result<Place, Failure> {
        let url = match context.target()? {
            Target::Url(_) => None,
            Target::Embedded { data_dir } => cluster::status(&data_dir).await?.socket.map(|folder| {
                let host = encoded(&folder.display().to_string());
                format!("postgresql://forebay@{host}/{}", demo::DATABASE)
            }),
        };
        let target = match &self.data_dir {
            Some(data_dir) => format!("{} in the private Postgres in {data_dir}", demo::DATABASE),
            None => format!("{}, beside the database {}", demo::DATABASE, self.server.target()),
        };
        Ok(Place { target, url })
    }

    /// Closes the site and leaves the server.
    pub(super) async fn leave(self) -> Result<(), Failure> {
        self.site.stop().await?;
        Ok(self.server.close().await?)
    }
}

async fn make_database(server: &Database) -> Result<(), Failure> {
    let client = server.client().await?;
    let name = demo::DATABASE;
    match demo::find(&**client).await? {
        Found::Nothing => {}
        Found::Ours => demo::drop_idle(&**client).await.map_err(told)?,
        Found::Foreign => {
            let message = format!("the server has a database {name} that no demo made");
            return Err(Failure::usage("demo_database_foreign", message)
                .hint("it is left alone; rename it, or name another server with --database-url"));
        }
    }
    demo::create(&**client).await.map_err(told)
}

/// What the server has against the demo's database.
fn told(error: forebay_store::Error) -> Failure {
    let name = demo::DATABASE;
    if demo::lacks_right(&error) {
        let message = format!("the demo needs a database of its own, {name}, and this user may not make one");
        return Failure::usage("demo_database_refused", message).because(&error).hint(
            "an administrator allows it with `alter role … createdb`; without a configured database the demo uses a \
             private Postgres",
        );
    }
    if demo::is_in_use(&error) {
        let message = format!("the database {name} of an earlier demo is in use");
        return Failure::new("demo_database_in_use", message)
            .because(&error)
            .hint("end the other demo, or close what is connected to it");
    }
    error.into()
}

/// Scrapes a list of the site over HTTP, and persists it as a complete run under the default guards.
pub(super) async fn scrape(
    database: &Database,
    list: List,
    url: String,
    observed_at: Timestamp,
) -> Result<RunReport, Failure> {
    // As a user would write it, but for the address, which is another one every time.
    let text = format!(
        "[sources.{name}]\nkey = [\"id\"]\nentity = \"{entity}\"\ncomplete = true\n\
         [sources.{name}.http_json]\nurl = \"{url}\"\nrecords = \"/items\"\nnext = \"/next\"\n\
         [sources.{name}.fetch]\nallow_private = [\"127.0.0.1\"]\nrate = \"unlimited\"\n",
        name = list.name,
        entity = list.entity_type,
    );
    let sources = Config::parse(&text, "the demo's forebay.toml")?.definitions().clone();
    let scraper = Scraper {
        database: Arc::new(database.clone()),
        network: Network::new(0),
        sources: Arc::new(sources),
    };
    let options = ScrapeOptions { observed_at: Some(observed_at), ..ScrapeOptions::default() };
    let source = scraper.source(list.name)?;
    Ok(scrape::scrape(&scraper, source, &Scope::default(), &options, &|_| {}).await?)
}

/// Ingests all that waits. What stopped a pipeline stops the demo.
pub(super) async fn ingest(database: &Database) -> Result<WorkReport, Failure> {
    let mut report = drain(database, &WorkOptions::default(), &|_| {}).await?;
    match report.pipelines.iter_mut().find_map(|pipeline| pipeline.error.take()) {
        Some(error) => Err(error.into()),
        None => Ok(report),
    }
}

/// The pipeline that fills the user's table.
pub(super) fn table_pipeline() -> PipelineSpec {
    let config = serde_json::json!({
        "table": demo::COURSES,
        "columns": {
            "id": "id",
            "title": "title",
            "instructor": "instructor",
            "semester": "semester",
            "description": "description",
            "seats": { "field": "seats", "type": "int" },
        },
    });
    PipelineSpec::new("courses_table", "table", config).of_source(COURSES.name)
}

/// Runs as a table.
pub(super) fn runs_table<'a>(runs: impl IntoIterator<Item = &'a RunReport>) -> Table {
    let mut table = Table::new([
        Column::text("source"),
        Column::number("seen"),
        Column::number("added"),
        Column::number("updated"),
        Column::number("unchanged"),
        Column::number("removed"),
        Column::number("handed off"),
        Column::text("run"),
    ]);
    for run in runs {
        let counts = run.counts;
        let numbers = [
            counts.num_seen,
            counts.num_added,
            counts.num_updated,
            counts.num_unchanged,
            counts.num_removed,
            run.num_handoffs,
        ];
        let cells = numbers.into_iter().map(format::count);
        table.row([run.source.clone()].into_iter().chain(cells).chain([run.status.as_str().to_owned()]));
    }
    table
}

/// Runs as figures.
pub(super) fn runs_figure<'a>(runs: impl IntoIterator<Item = &'a RunReport>) -> serde_json::Value {
    let one = |run: &RunReport| {
        serde_json::json!({
            "run_id": run.run_id,
            "source": run.source,
            "status": run.status.as_str(),
            "reason_code": run.reason_code,
            "num_seen": run.counts.num_seen,
            "num_added": run.counts.num_added,
            "num_updated": run.counts.num_updated,
            "num_unchanged": run.counts.num_unchanged,
            "num_removed": run.counts.num_removed,
            "num_handoffs": run.num_handoffs,
        })
    };
    runs.into_iter().map(one).collect()
}

/// A path as the host of a URL (RFC 3986).
fn encoded(path: &str) -> String {
    let mut out = String::new();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String never fails.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_can_be_a_host() {
        assert_eq!(encoded("/tmp/my data-1"), "%2Ftmp%2Fmy%20data-1");
    }
}

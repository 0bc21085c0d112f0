//! What every request can use.

use std::{mem, sync::Arc};

use forebay_domain::content::{
    layout::{Layout, LayoutSettings},
    paths::Slug,
};
use forebay_engine::{
    clock,
    content::CourseSettings,
    doctor::Configured,
    ensure::Gate,
    freshness::Policies,
    notify::Notifying,
    scrape::{Scraper, Sources, Stop},
    work::Declarations,
};
use forebay_mcp::Shared as Tools;
use forebay_store::connect::{Client, Database};
use forebay_views::failure::Failure;
use jiff::Timestamp;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    access::{Access, Admission},
    feed::Feed,
    inputs::Inputs,
    jobs::Jobs,
    layers::origin::PublicHost,
    metrics::{cache::Cache, requests::Requests, worker::WorkerCounts},
    pages::pulse::Pulse,
};

/// The maximum number of runs of posted records at the same time. Each needs memory for what it reads.
const MOST_RUNS: usize = 4;

/// The maximum number of scrapes on request at the same time, besides those of the gate.
const MOST_SCRAPES: u32 = 2;

/// What a server is made of.
#[derive(Debug)]
pub struct Settings {
    /// The database and the sources of the configuration.
    pub scraper: Scraper,
    /// The maximum age of data, by entity type.
    pub policies: Policies,
    /// The pipelines of the configuration.
    pub declarations: Declarations,
    /// The notifications of the configuration.
    pub notifying: Notifying,
    /// How records that clients post are read and persisted.
    pub inputs: Inputs,
    /// Whether clients may make it scrape.
    pub allow_scrape: bool,
    /// Ends the scrapes in progress.
    pub stop: Stop,
    /// The project of the configuration; `None`: there is no configuration.
    pub project: Option<String>,
    /// The project of courses whose project isn't given.
    pub course_project: String,
    /// The option or variables that configured the database; `None`: it is the embedded cluster.
    pub configured_by: Option<String>,
    /// The host that users reach the server by; `None`: only the names of loopback.
    pub public_host: Option<String>,
    /// How callers are recognised.
    pub admission: Admission,
}

/// The state of a server. Cheap to clone.
#[derive(Clone, Debug)]
pub struct App {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    settings: Settings,
    access: Access,
    stopping: CancellationToken,
    feed: Feed,
    /// In front of the sources.
    gate: Gate,
    /// What AI programs use.
    tools: Arc<Tools>,
    /// Runs of posted records at the same time; others wait.
    runs: Semaphore,
    /// Scrapes on request at the same time; others wait.
    scrapes: Semaphore,
    pulse: Pulse,
    jobs: Jobs,
    tasks: TaskTracker,
    started_at: Timestamp,
    requests: Arc<Requests>,
    worker_counts: WorkerCounts,
    stored_metrics: Cache,
}

/// What scrapes on request.
#[derive(Debug)]
pub(crate) struct Scraping<'a> {
    pub(crate) scraper: &'a Scraper,
    pub(crate) gate: &'a Gate,
    pub(crate) stop: &'a Stop,
    /// One for each scrape besides those of the gate.
    pub(crate) permits: &'a Semaphore,
}

impl App {
    /// The state of a server with these settings. When `stopping` is cancelled, streams end and readiness is refused.
    pub fn new(mut settings: Settings, stopping: CancellationToken) -> Self {
        let access = Access::new(mem::take(&mut settings.admission));
        let feed = Feed::new(Arc::clone(&settings.scraper.database), stopping.clone());
        let gate = Gate::until(settings.scraper.clone(), settings.policies.clone(), settings.stop.clone());
        let tools = Tools {
            scraper: settings.scraper.clone(),
            gate: gate.clone(),
            declarations: settings.declarations.clone(),
        };
        let (runs, scrapes) = (Semaphore::new(MOST_RUNS), Semaphore::new(MOST_SCRAPES as usize));
        let shared = Shared {
            settings,
            access,
            stopping,
            feed,
            gate,
            tools: Arc::new(tools),
            runs,
            scrapes,
            pulse: Pulse::default(),
            jobs: Jobs::default(),
            tasks: TaskTracker::new(),
            started_at: clock::now(),
            requests: Arc::default(),
            worker_counts: WorkerCounts::default(),
            stored_metrics: Cache::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Where a worker in this process notes what it has done, for `/metrics`.
    pub fn worker_counts(&self) -> &WorkerCounts {
        &self.shared.worker_counts
    }

    /// When the server started.
    pub(crate) fn started_at(&self) -> Timestamp {
        self.shared.started_at
    }

    /// The requests so far.
    pub(crate) fn requests(&self) -> &Arc<Requests> {
        &self.shared.requests
    }

    /// The metrics of the database.
    pub(crate) fn stored_metrics(&self) -> &Cache {
        &self.shared.stored_metrics
    }

    /// The changes that open pages follow.
    pub(crate) fn pulse(&self) -> &Pulse {
        &self.shared.pulse
    }

    /// The operations on hand-offs that began.
    pub(crate) fn jobs(&self) -> &Jobs {
        &self.shared.jobs
    }

    /// What recognises callers.
    pub(crate) fn access(&self) -> &Access {
        &self.shared.access
    }

    /// The database.
    pub(crate) fn database(&self) -> &Database {
        &self.shared.settings.scraper.database
    }

    /// A connection of the pool. Error: `database_unreachable`.
    pub(crate) async fn client(&self) -> Result<Client, Failure> {
        Ok(self.database().client().await?)
    }

    /// The host that users reach the server by, besides the names of loopback.
    pub(crate) fn public_host(&self) -> PublicHost {
        PublicHost(self.shared.settings.public_host.as_deref().map(Into::into))
    }

    /// How records that clients post are read and persisted.
    pub(crate) fn inputs(&self) -> &Inputs {
        &self.shared.settings.inputs
    }

    /// Waits until another run of posted records may begin.
    pub(crate) async fn run_permit(&self) -> Option<SemaphorePermit<'_>> {
        self.shared.runs.acquire().await.ok()
    }

    /// What scrapes, where clients may make it scrape. Error: `scraping_not_allowed`.
    pub(crate) fn scraping(&self) -> Result<Scraping<'_>, Failure> {
        let Shared { settings, gate, scrapes, .. } = &*self.shared;
        if settings.allow_scrape {
            return Ok(Scraping { scraper: &settings.scraper, gate, stop: &settings.stop, permits: scrapes });
        }
        Err(Failure::usage("scraping_not_allowed", "this server does not scrape on request")
            .hint("start it with `forebay serve --allow-scrape`"))
    }

    /// What AI programs use.
    pub(crate) fn tools(&self) -> &Arc<Tools> {
        &self.shared.tools
    }

    /// Whether clients may make it scrape.
    pub(crate) fn allows_scrapes(&self) -> bool {
        self.shared.settings.allow_scrape
    }

    /// What goes on even if its client goes away.
    pub(crate) fn tasks(&self) -> &TaskTracker {
        &self.shared.tasks
    }

    /// Waits until what goes on without its client has ended, and no scrape holds the database. Call it after serving
    /// has ended and `stop` is set.
    pub async fn finish(&self) {
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
        let _all = self.shared.scrapes.acquire_many(MOST_SCRAPES).await;
        self.shared.gate.finish().await;
    }

    /// The changes that clients follow.
    pub(crate) fn feed(&self) -> &Feed {
        &self.shared.feed
    }

    /// The sources of the configuration.
    pub(crate) fn sources(&self) -> &Sources {
        &self.shared.settings.scraper.sources
    }

    /// The maximum age of data, by entity type.
    pub(crate) fn policies(&self) -> &Policies {
        &self.shared.settings.policies
    }

    /// The pipelines of the configuration.
    pub(crate) fn declarations(&self) -> &Declarations {
        &self.shared.settings.declarations
    }

    /// The configuration, for the self-check.
    pub(crate) fn configured(&self) -> Configured<'_> {
        let settings = &self.shared.settings;
        Configured {
            by: settings.configured_by.as_deref(),
            broken: None,
            sources: self.sources(),
            policies: self.policies(),
            project: settings.project.as_deref(),
            declarations: self.declarations(),
            notifying: &settings.notifying,
        }
    }

    /// The project of courses: the given one, else the configured one.
    pub(crate) fn course_project(&self, given: Option<String>) -> String {
        given.unwrap_or_else(|| self.shared.settings.course_project.clone())
    }

    /// The settings of a stored course. Error: `slug_invalid`.
    pub(crate) fn course(&self, slug: &str, project: Option<String>) -> Result<CourseSettings, Failure> {
        let slug = Slug::parse(slug).map_err(|problem| Failure::usage("slug_invalid", problem.message))?;
        let layout = Layout::new(&LayoutSettings::default());
        let layout = layout.map_err(|error| Failure::usage(error.code(), error.to_string()))?;
        Ok(CourseSettings { project: self.course_project(project), ..CourseSettings::new(slug, layout) })
    }

    /// Cancelled when the server stops.
    pub(crate) fn stopping(&self) -> &CancellationToken {
        &self.shared.stopping
    }
}

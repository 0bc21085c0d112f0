//! `forebay serve`: the HTTP API and the dashboard, and a worker with `--work`.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

use forebay_engine::{
    scrape::{Scraper, Stop},
    work::Progress,
};
use forebay_server::{Admission, App, Limits, Listener, Reach, Settings, admission, router};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{content, persist, service_manager, signals::Signals, worker};
use crate::{
    config::Config,
    context::Context,
    failure::{Exit, Failure},
};

/// Connections for parallel requests and a scrape.
const NUM_CONNECTIONS: usize = 16;
/// How long scrapes in progress may take to end. Runs are closed as aborted.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);
const UNENCRYPTED: &str =
    "connections are not encrypted: let a proxy with TLS forward to this server, or others can read tokens";
const OPEN: &str =
    "there are no tokens: every program of this machine may do everything, until `forebay tokens create`";

/// Serve the HTTP API and the dashboard
///
/// Runs until stopped. Ctrl-C lets the requests in progress end, and with `--work` the current work; a second one stops
/// at once. The exit code is then 130. Requests need a token (`forebay tokens create`), except on this machine while
/// there are none.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "\
Examples:
  forebay serve
  forebay serve --work --concurrency 4
  forebay serve --listen 127.0.0.1:9000
  forebay serve --listen 0.0.0.0:8321
  forebay serve --allow-scrape",
    mut_group("worker", |group| group.requires("work"))
)]
pub(crate) struct Args {
    /// The address to listen on; port 0 lets the system choose one
    #[arg(long, value_name = "ADDRESS", default_value_t = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8321))]
    pub(crate) listen: SocketAddr,

    /// Let clients make it scrape the configured sources; without it, they get 403, and AI tools the stored data
    #[arg(long)]
    pub(crate) allow_scrape: bool,
    /// Ingest handed-off changes and run scheduled scrapes too, like `forebay work`
    #[arg(long)]
    pub(crate) work: bool,

    #[command(flatten, next_help_heading = "Options with --work")]
    pub(crate) worker: worker::Settings,
}

/// Runs the command until a signal stops it.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let config = context.config()?;
    let signals = Signals::listen()?;
    let jwt = config.server.jwt_verifier()?;
    let listener = Listener::bind(args.listen).await.map_err(|error| {
        Failure::usage("address_unavailable", format!("{} can't be listened on", args.listen))
            .because(&error)
            .hint("another program may use it; choose one with --listen")
    })?;
    let num_for_work = if args.work { args.worker.num_connections(&config) } else { 0 };
    let serving = context.with_scraper(&config, NUM_CONNECTIONS + num_for_work, async |scraper| {
        let reach = Reach { address: listener.address().ip(), public_url: config.server.public_url.as_ref() };
        let admission = admission(&scraper.database, jwt, reach).await?;
        let trusted_proxies = config.server.trusted_proxies.clone();
        let admission = Admission { trusted_proxies, ..admission };
        Box::pin(serve(args, context, &config, scraper, admission, listener, signals)).await
    });
    serving.await
}

async fn serve(
    args: &Args,
    context: &Context,
    config: &Config,
    scraper: &Scraper,
    admission: Admission,
    listener: Listener,
    mut signals: Signals,
) -> Result<Exit, Failure> {
    let worker =
        if args.work { Some(worker::Worker::prepare(&args.worker, context, scraper).await?) } else { None };
    let scraper = match &worker {
        Some(worker) => worker.scraper.clone(),
        // Records that clients post are handed off, and breakers are those of declared sources.
        None => context.declare(scraper).await?,
    };
    let warnings = [
        (!listener.is_loopback() && !admission.is_https).then_some(UNENCRYPTED),
        admission.is_open.then_some(OPEN),
    ];
    let (stop, stopping) = (Stop::default(), CancellationToken::new());
    let scraping = (args.allow_scrape, stop.clone());
    let settings = settings(context, config, &scraper, admission, scraping)?;
    context.ui.note(&format!("serving on http://{}/; Ctrl-C stops", listener.address()));
    for warning in warnings.into_iter().flatten() {
        context.ui.note(warning);
    }
    service_manager::ready();
    let app = App::new(settings, stopping.clone());
    let counts = app.worker_counts().clone();
    let serving = forebay_server::serve(listener, router(app.clone()), Limits::default(), stopping.clone());
    let working = async {
        let Some(worker) = &worker else { return Ok(None) };
        let note = |progress: &Progress<'_>| {
            if let Progress::Batch(report) = progress {
                counts.note(report);
            }
        };
        let ended = worker.follow(&stopping, note).await;
        // It ends by itself only if it can't work.
        stopping.cancel();
        ended.map(Some)
    };
    let impatient = async {
        signals.next().await;
        service_manager::stopping();
        stop.ask();
        stopping.cancel();
        signals.next().await;
    };
    let done = tokio::select! {
        ((), done) = async { tokio::join!(serving, working) } => done,
        () = impatient => return Err(match &worker {
            Some(worker) => worker.cut_off().await,
            None => Failure::new("interrupted", "stopped before the requests in progress ended")
                .exit(Exit::Interrupted),
        }),
    };
    stop.ask();
    let _in_time = timeout(CLOSE_TIMEOUT, app.finish()).await;
    if let (Some(worker), Some(done)) = (&worker, done?) {
        worker.report(done).await?;
    }
    Ok(Exit::Interrupted)
}

fn settings(
    context: &Context,
    config: &Config,
    scraper: &Scraper,
    admission: Admission,
    (allow_scrape, stop): (bool, Stop),
) -> Result<Settings, Failure> {
    Ok(Settings {
        scraper: scraper.clone(),
        policies: config.policies(),
        declarations: config.declarations(),
        notifying: config.notifying(),
        inputs: persist::inputs(config)?,
        allow_scrape,
        stop,
        project: config.project().map(str::to_owned),
        course_project: content::project(None, context)?,
        configured_by: context.configured_by()?,
        public_host: config.public_host(),
        admission,
    })
}

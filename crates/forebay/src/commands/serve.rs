//! `forebay serve`: the HTTP API and the dashboard.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use forebay_server::{App, Limits, Listener, Settings, router};
use tokio_util::sync::CancellationToken;

use super::{content, persist, signals::Signals};
use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// Connections for parallel requests and a scrape.
const NUM_CONNECTIONS: usize = 16;

/// Serve the HTTP API and the dashboard
///
/// Runs until stopped. Ctrl-C lets the requests in progress end.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay serve
  forebay serve --listen 127.0.0.1:9000")]
pub(crate) struct Args {
    /// The address to listen on; port 0 lets the system choose one
    #[arg(long, value_name = "ADDRESS", default_value_t = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8321))]
    pub(crate) listen: SocketAddr,
}

/// Runs the command until a signal stops it.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let config = context.config()?;
    let mut signals = Signals::listen()?;
    let listener = Listener::bind(args.listen).await.map_err(|error| {
        Failure::usage("address_unavailable", format!("{} can't be listened on", args.listen))
            .because(&error)
            .hint("another program may use it; choose one with --listen")
    })?;
    if !listener.is_loopback() {
        return Err(Failure::usage(
            "authentication_missing",
            format!(
                "{} can be reached from other machines, and no authentication is configured",
                args.listen
            ),
        )
        .hint("listen on 127.0.0.1, and let a proxy that authenticates forward to it"));
    }
    let serving = context.with_scraper(&config, NUM_CONNECTIONS, async |scraper| {
        // Records that clients post are handed off.
        context.declare_pipelines(&scraper.database).await?;
        let settings = Settings {
            scraper: scraper.clone(),
            policies: config.policies(),
            declarations: config.declarations(),
            notifying: config.notifying(),
            inputs: persist::inputs(&config)?,
            project: config.project().map(str::to_owned),
            course_project: content::project(None, context)?,
            configured_by: context.configured_by()?,
            public_host: config.public_host(),
        };
        let stopping = CancellationToken::new();
        context.ui.note(&format!("serving on http://{}/; Ctrl-C stops", listener.address()));
        let asked = async {
            signals.next().await;
            stopping.cancel();
        };
        let router = router(App::new(settings, stopping.clone()));
        let serving = forebay_server::serve(listener, router, Limits::default(), stopping.clone());
        let ((), ()) = tokio::join!(serving, asked);
        Ok(Exit::Interrupted)
    });
    Box::pin(serving).await
}

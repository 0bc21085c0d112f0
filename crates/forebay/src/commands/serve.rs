//! `forebay serve`: the HTTP API and the dashboard.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use forebay_server::{Admission, App, Limits, Listener, Reach, Settings, admission, router};
use tokio_util::sync::CancellationToken;

use super::{content, persist, signals::Signals};
use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// Connections for parallel requests and a scrape.
const NUM_CONNECTIONS: usize = 16;
const UNENCRYPTED: &str =
    "connections are not encrypted: let a proxy with TLS forward to this server, or others can read tokens";
const OPEN: &str =
    "there are no tokens: every program of this machine may do everything, until `forebay tokens create`";

/// Serve the HTTP API and the dashboard
///
/// Runs until stopped. Ctrl-C lets the requests in progress end. Requests need a token (`forebay tokens create`),
/// except on this machine while there are none.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay serve
  forebay serve --listen 127.0.0.1:9000
  forebay serve --listen 0.0.0.0:8321")]
pub(crate) struct Args {
    /// The address to listen on; port 0 lets the system choose one
    #[arg(long, value_name = "ADDRESS", default_value_t = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8321))]
    pub(crate) listen: SocketAddr,
}

/// Runs the command until a signal stops it.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let config = context.config()?;
    let mut signals = Signals::listen()?;
    let jwt = config.server.jwt_verifier()?;
    let public_url = config.server.public_url.as_ref();
    let listener = Listener::bind(args.listen).await.map_err(|error| {
        Failure::usage("address_unavailable", format!("{} can't be listened on", args.listen))
            .because(&error)
            .hint("another program may use it; choose one with --listen")
    })?;
    let serving = context.with_scraper(&config, NUM_CONNECTIONS, async |scraper| {
        let reach = Reach { address: listener.address().ip(), public_url };
        let admission = admission(&scraper.database, jwt, reach).await?;
        // Records that clients post are handed off.
        context.declare_pipelines(&scraper.database).await?;
        let warnings = [
            (!listener.is_loopback() && !admission.is_https).then_some(UNENCRYPTED),
            admission.is_open.then_some(OPEN),
        ];
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
            admission: Admission { trusted_proxies: config.server.trusted_proxies.clone(), ..admission },
        };
        let stopping = CancellationToken::new();
        context.ui.note(&format!("serving on http://{}/; Ctrl-C stops", listener.address()));
        for warning in warnings.into_iter().flatten() {
            context.ui.note(warning);
        }
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

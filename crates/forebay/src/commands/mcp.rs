//! `forebay mcp`: serves stored data to AI tools over the Model Context Protocol on standard input and output.
//!
//! Only the protocol is written to standard output. Without `--allow-scrape`, nothing is written to the database and no
//! source is scraped. [`Server`] has the tools; this is their transport.

mod wire;

use std::{io, pin::pin, sync::Arc, time::Duration};

use forebay_engine::{ensure::Gate, scrape::Stop};
use forebay_mcp::{Access, Server, Shared};
use rmcp::{
    service::{ServerInitializeError, serve_server},
    transport::{async_rw::AsyncRwTransport, io::stdio_pipes},
};
use tokio::{sync::oneshot, time::timeout};

use super::signals::Signals;
use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// The maximum length of a message in bytes, far more than the arguments of any tool need.
const LONGEST_MESSAGE: usize = 1024 * 1024;
/// Connections for parallel requests and a scrape.
const NUM_CONNECTIONS: usize = 8;
/// How long scrapes may continue after the client has left.
const GRACE: Duration = Duration::from_secs(10);
/// How long closing the runs of stopped scrapes may take.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Serve stored data to AI tools over MCP (stdio)
///
/// AI tools start this command from their own configuration.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay mcp
  forebay mcp --allow-scrape --config /etc/forebay/forebay.toml")]
pub(crate) struct Args {
    /// Allow `ensure_data` to scrape the configured sources; without it, the server never writes
    #[arg(long)]
    pub(crate) allow_scrape: bool,
}

/// Runs the command until the client disconnects or a signal stops it. Scrapes in progress are closed.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let config = context.config()?;
    let mut signals = Signals::listen()?;
    let serving = context.with_scraper(&config, NUM_CONNECTIONS, async |scraper| {
        let scraper = if args.allow_scrape { context.declare(scraper).await? } else { scraper.clone() };
        let stop = Stop::default();
        let gate = Gate::until(scraper.clone(), config.policies(), stop.clone());
        let (quit, asked) = oneshot::channel();
        let stopped = async {
            signals.next().await;
            close(&gate, &stop).await;
            // Without a receiver, the client has left.
            let _ = quit.send(());
        };
        let serving = async {
            let shared = Shared { scraper, gate: gate.clone(), declarations: config.declarations() };
            let access = Access::local(Arc::new(shared), args.allow_scrape);
            let served = serve(Server::new(access), asked).await;
            let _in_time = timeout(GRACE, gate.finish()).await;
            close(&gate, &stop).await;
            served
        };
        let mut stopped = pin!(stopped);
        let mut serving = pin!(serving);
        tokio::select! {
            served = &mut serving => served.map(|()| Exit::Done),
            () = &mut stopped => serving.await.map(|()| Exit::Interrupted),
        }
    });
    Box::pin(serving).await
}

/// Ends the scrapes in progress, so other processes don't wait for the leases of their attempts. Callers get the stored
/// data.
async fn close(gate: &Gate, stop: &Stop) {
    stop.ask();
    let _in_time = timeout(CLOSE_TIMEOUT, gate.finish()).await;
}

async fn serve(server: Server, quit: oneshot::Receiver<()>) -> Result<(), Failure> {
    let (input, output) = stdio_pipes();
    let (ends, passing) = wire::connect(input, output, LONGEST_MESSAGE);
    let (talked, passed) = tokio::join!(talk(server, ends, quit), passing);
    talked?;
    // A client that has left needs no answer.
    passed
        .or_else(|error| if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) })
        .map_err(|error| failure("the client cannot be answered").because(&error))
}

fn failure(message: &str) -> Failure {
    Failure::new("mcp_failed", message)
}

async fn talk(server: Server, ends: wire::Ends, mut quit: oneshot::Receiver<()>) -> Result<(), Failure> {
    let transport = AsyncRwTransport::new_server(ends.input, ends.output);
    let starting = tokio::select! {
        starting = serve_server(server, transport) => starting,
        _ = &mut quit => return Ok(()),
    };
    let running = match starting {
        Ok(running) => running,
        // A client only checked that the server starts.
        Err(ServerInitializeError::ConnectionClosed(_)) => return Ok(()),
        Err(error) => {
            return Err(failure("the client and this server could not agree on a protocol version")
                .because(&error)
                .hint(
                    "this command speaks the Model Context Protocol and is started by an AI tool; \
                 see docs/guides/ask-from-ai-tools.md",
                ));
        }
    };
    let cancel = running.cancellation_token();
    let mut waiting = pin!(running.waiting());
    let ended = tokio::select! {
        ended = &mut waiting => ended,
        _ = &mut quit => {
            cancel.cancel();
            waiting.await
        }
    };
    ended.map_err(|error| failure("serving ended unexpectedly").because(&error))?;
    Ok(())
}

//! `forebay mcp`: serves stored data to AI tools over the Model Context Protocol on standard input and output.
//!
//! Only the protocol is written to standard output. Without `--allow-scrape`, nothing is written to the database and no
//! source is scraped. Each tool has a file in [`tools`]; [`server`] implements the protocol.

mod access;
mod arguments;
mod catalogue;
mod excerpt;
mod forced;
mod hints;
mod resources;
mod server;
mod tool;
mod tools;
mod wire;

use std::io;

use forebay_engine::ensure::Gate;
use rmcp::{
    service::{ServerInitializeError, serve_server},
    transport::{async_rw::AsyncRwTransport, io::stdio_pipes},
};

use self::{access::Access, server::Server};
use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// The maximum length of a message in bytes, far more than the arguments of any tool need.
const LONGEST_MESSAGE: usize = 1024 * 1024;
/// Connections for parallel requests and a scrape.
const NUM_CONNECTIONS: usize = 8;

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

/// Runs the command until the client disconnects.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let config = context.config()?;
    context
        .with_scraper(&config, NUM_CONNECTIONS, async |scraper| {
            let scraper = if args.allow_scrape { context.declare(scraper).await? } else { scraper.clone() };
            let gate = Gate::for_tools(scraper.clone(), config.policies());
            serve(Server::new(Access::new(scraper, gate, args.allow_scrape, config.declarations()))).await
        })
        .await?;
    Ok(Exit::Done)
}

async fn serve(server: Server) -> Result<(), Failure> {
    let (input, output) = stdio_pipes();
    let (ends, passing) = wire::connect(input, output, LONGEST_MESSAGE);
    let (talked, passed) = tokio::join!(talk(server, ends), passing);
    talked?;
    // A client that has left needs no answer.
    passed
        .or_else(|error| if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) })
        .map_err(|error| failure("the client cannot be answered").because(&error))
}

fn failure(message: &str) -> Failure {
    Failure::new("mcp_failed", message)
}

async fn talk(server: Server, ends: wire::Ends) -> Result<(), Failure> {
    let transport = AsyncRwTransport::new_server(ends.input, ends.output);
    let running = match serve_server(server, transport).await {
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
    running.waiting().await.map_err(|error| failure("serving ended unexpectedly").because(&error))?;
    Ok(())
}

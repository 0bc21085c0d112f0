//! The made-up site, in a process of its own: serving must not count for the processes that are measured.
//!
//! It prints its URL on standard output. It ends when its standard input is closed, so also when its parent was killed.

use std::{process::Stdio, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::Response,
    serve::ListenerExt,
};
use clap::value_parser;
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines},
    net::TcpListener,
    process::{Child, ChildStdout},
};

use super::pages::Pages;
use crate::{cpu, failure::Failure, parts};

/// The header in which a caller names itself.
pub(super) const CALLER: &str = "x-bench-caller";

const ROBOTS: &str = "User-agent: *\nDisallow: /private/\nDisallow: /*?print=\nAllow: /\n";

/// Serve the made-up site of the benchmarks
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(2..))]
    pages: u64,
    /// Delay of each response
    #[arg(long, value_name = "MS", default_value_t = 0)]
    delay: u64,
    /// Print the caller of each request
    #[arg(long)]
    announce: bool,
}

#[derive(Serialize, Deserialize)]
struct Listening {
    url: String,
}

#[derive(Serialize, Deserialize)]
struct Asked {
    caller: String,
}

struct Served {
    pages: Pages,
    delay: Duration,
    announces: bool,
}

/// Runs this part: serves until its standard input is closed.
pub(crate) async fn run(args: &Args) -> Result<(), Failure> {
    let served = Served {
        pages: Pages::new(args.pages),
        delay: Duration::from_millis(args.delay),
        announces: args.announce,
    };
    let router = Router::new().fallback(answer).with_state(Arc::new(served));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    parts::say(&Listening { url: format!("http://{address}") })?;
    let listener = listener.tap_io(|connection| {
        // Otherwise the end of a response may wait for the next acknowledgement.
        let _ = connection.set_nodelay(true);
    });
    let mut input = tokio::io::stdin();
    let mut ignored = [0; 64];
    tokio::select! {
        served = axum::serve(listener, router).into_future() => served?,
        () = async { while input.read(&mut ignored).await.is_ok_and(|length| length > 0) {} } => {}
    }
    Ok(())
}

async fn answer(State(served): State<Arc<Served>>, request: Request) -> Response {
    let path = request.uri().path();
    if path == "/robots.txt" {
        return with(Response::new(Body::from(ROBOTS)), header::CONTENT_TYPE, "text/plain; charset=utf-8");
    }
    if served.announces {
        let caller = request.headers().get(CALLER).and_then(|caller| caller.to_str().ok());
        // If the parent is gone, the input is closed too.
        let _ = parts::say(&Asked { caller: caller.unwrap_or_default().to_owned() });
    }
    if !served.delay.is_zero() {
        tokio::time::sleep(served.delay).await;
    }
    let tag = format!("\"{}\"", path.trim_start_matches('/').replace('/', "-"));
    let is_known =
        request.headers().get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let response = if is_known {
        with_status(StatusCode::NOT_MODIFIED)
    } else {
        match served.pages.page(path) {
            Some(page) => Response::new(Body::from(page)),
            None => return with_status(StatusCode::NOT_FOUND),
        }
    };
    let response = with(response, header::CONTENT_TYPE, "text/html; charset=utf-8");
    with(response, header::ETAG, &tag)
}

fn with_status(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

fn with(mut response: Response, name: HeaderName, value: &str) -> Response {
    response.headers_mut().extend(HeaderValue::from_str(value).ok().map(|value| (name, value)));
    response
}

/// The running site as its parent sees it. Dropping this ends it.
pub(crate) struct Site {
    pub(crate) url: String,
    pages: Pages,
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Site {
    /// A site of so many pages.
    pub(super) async fn open(num_pages: u64) -> Result<Self, Failure> {
        Self::start(num_pages, &[]).await
    }

    /// A site of so many pages that delays each response and announces its callers.
    pub(crate) async fn slow(num_pages: u64, delay: Duration) -> Result<Self, Failure> {
        Self::start(num_pages, &["--announce", "--delay", &delay.as_millis().to_string()]).await
    }

    async fn start(num_pages: u64, more: &[&str]) -> Result<Self, Failure> {
        let mut command = parts::command("site")?;
        command.args(["--pages", &num_pages.to_string()]).args(more);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let output = child.stdout.take().ok_or_else(|| Failure::bench("the site has no output"))?;
        let mut lines = BufReader::new(output).lines();
        let listening: Listening = parts::hear(&mut lines).await?;
        Ok(Self { url: listening.url, pages: Pages::new(num_pages), child, lines })
    }

    /// The number of records on it.
    pub(crate) fn num_records(&self) -> u64 {
        self.pages.num_courses()
    }

    /// Waits for the next request, and returns its caller.
    pub(crate) async fn next_caller(&mut self) -> Result<String, Failure> {
        Ok(parts::hear::<Asked>(&mut self.lines).await?.caller)
    }

    /// Processor time of the site so far.
    pub(super) fn cpu(&self) -> Option<Duration> {
        cpu::of(self.child.id()?)
    }
}

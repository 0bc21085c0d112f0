//! The made-up site, in a process of its own: the same program once more, so that what serving costs is counted for
//! nobody who is measured.
//!
//! It says on its standard output where it listens, and ends with its standard input, so also when whoever started it
//! was killed.

use std::{
    io::{self, Write},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

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
    process::{Child, ChildStdout, Command},
};

use super::{cpu, pages::Pages};
use crate::failure::{Exit, Failure};

/// The header in which a caller says who it is.
pub(super) const CALLER: &str = "x-bench-caller";

const ROBOTS: &str = "User-agent: *\nDisallow: /private/\nDisallow: /*?print=\nAllow: /\n";

/// Serve the made-up site of the benchmarks
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(2..))]
    pages: u64,
    /// How long each answer takes
    #[arg(long, value_name = "MS", default_value_t = 0)]
    delay: u64,
    /// Say who asks for each page
    #[arg(long)]
    tell: bool,
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
    tells: bool,
}

/// Runs the hidden command: serves until its input ends.
pub(in crate::commands::bench) async fn run(args: &Args) -> Result<Exit, Failure> {
    let served =
        Served { pages: Pages::new(args.pages), delay: Duration::from_millis(args.delay), tells: args.tell };
    let router = Router::new().fallback(answer).with_state(Arc::new(served));
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|error| Failure::output(&error))?;
    let address = listener.local_addr().map_err(|error| Failure::output(&error))?;
    say(&Listening { url: format!("http://{address}") }).map_err(|error| Failure::output(&error))?;
    let listener = listener.tap_io(|connection| {
        // Without it the end of an answer may wait for the next acknowledgement.
        let _ = connection.set_nodelay(true);
    });
    let mut input = tokio::io::stdin();
    let mut ignored = [0; 64];
    tokio::select! {
        served = axum::serve(listener, router).into_future() => served.map_err(|error| Failure::output(&error))?,
        () = async { while input.read(&mut ignored).await.is_ok_and(|length| length > 0) {} } => {}
    }
    Ok(Exit::Done)
}

/// Writes a line of JSON to standard output, for the process that started this one.
pub(in crate::commands::bench) fn say(said: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(said)?;
    line.push(b'\n');
    let mut stdout = io::stdout().lock();
    stdout.write_all(&line)?;
    stdout.flush()
}

async fn answer(State(served): State<Arc<Served>>, request: Request) -> Response {
    let path = request.uri().path();
    if path == "/robots.txt" {
        return with(Response::new(Body::from(ROBOTS)), header::CONTENT_TYPE, "text/plain; charset=utf-8");
    }
    if served.tells {
        let caller = request.headers().get(CALLER).and_then(|caller| caller.to_str().ok());
        // If nobody listens any more, the input has ended too.
        let _ = say(&Asked { caller: caller.unwrap_or_default().to_owned() });
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

/// The site as whoever started it sees it. It ends with this.
pub(in crate::commands::bench) struct Site {
    pub(in crate::commands::bench) url: String,
    pages: Pages,
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Site {
    /// A site of so many pages that answers at once.
    pub(super) async fn open(num_pages: u64) -> Result<Self, Failure> {
        Self::start(num_pages, &[]).await
    }

    /// A site of so many pages that takes its time for each, and tells who asks.
    pub(in crate::commands::bench) async fn slow(num_pages: u64, delay: Duration) -> Result<Self, Failure> {
        Self::start(num_pages, &["--tell", "--delay", &delay.as_millis().to_string()]).await
    }

    async fn start(num_pages: u64, more: &[&str]) -> Result<Self, Failure> {
        let mut command = again("site")?;
        command.args(["--pages", &num_pages.to_string()]).args(more);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| Failure::output(&error))?;
        let output = child.stdout.take().ok_or_else(|| Failure::new("bench_failed", "the site is mute"))?;
        let mut lines = BufReader::new(output).lines();
        let listening: Listening = heard(&mut lines).await?;
        Ok(Self { url: listening.url, pages: Pages::new(num_pages), child, lines })
    }

    /// How many records are on it.
    pub(in crate::commands::bench) fn num_records(&self) -> u64 {
        self.pages.num_courses()
    }

    /// Who asked for a page next.
    pub(in crate::commands::bench) async fn next_caller(&mut self) -> Result<String, Failure> {
        Ok(heard::<Asked>(&mut self.lines).await?.caller)
    }

    /// What serving has cost so far.
    pub(super) fn cpu(&self) -> Option<Duration> {
        cpu::of(self.child.id()?)
    }
}

/// This program once more, for a part of a benchmark. It ends at the latest when it is dropped.
pub(in crate::commands::bench) fn again(part: &str) -> Result<Command, Failure> {
    let program = std::env::current_exe().map_err(|error| Failure::output(&error))?;
    let mut command = Command::new(program);
    command.args(["bench", part]).kill_on_drop(true);
    Ok(command)
}

/// The next line of a part.
pub(in crate::commands::bench) async fn heard<T: serde::de::DeserializeOwned>(
    lines: &mut Lines<BufReader<ChildStdout>>,
) -> Result<T, Failure> {
    let line = lines.next_line().await.map_err(|error| Failure::output(&error))?;
    let text = line.as_deref().unwrap_or_default();
    serde_json::from_str(text).map_err(|_| {
        Failure::new("bench_failed", "a part of the benchmark did not do what it was asked")
            .hint("what it said is above")
    })
}

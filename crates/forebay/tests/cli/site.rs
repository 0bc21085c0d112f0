//! A site of courses on loopback, and a configuration that scrapes it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use serde_json::Value;
use tokio::{
    net::TcpListener,
    runtime::{Builder, Runtime},
    sync::watch,
};

use crate::{
    Sandbox,
    database::{TestDb, database},
};

/// Timeout for any wait.
pub(crate) const PATIENCE: Duration = Duration::from_mins(4);
pub(crate) const POLL: Duration = Duration::from_millis(20);

/// A running site; dropping it stops it.
pub(crate) struct Site {
    pub(crate) url: String,
    pages: Arc<Mutex<Pages>>,
    held: watch::Sender<bool>,
    _runtime: Runtime,
}

#[derive(Default)]
struct Pages {
    by_path: BTreeMap<String, (u16, String)>,
    num_asked: usize,
}

#[derive(Clone)]
struct Shared {
    pages: Arc<Mutex<Pages>>,
    held: watch::Receiver<bool>,
}

impl Site {
    pub(crate) fn open() -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (held, is_held) = watch::channel(false);
        let pages = Arc::new(Mutex::new(Pages::default()));
        let shared = Shared { pages: Arc::clone(&pages), held: is_held };
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(shared);
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { url, pages, held, _runtime: runtime }
    }

    /// Puts courses on a page, with a link to another one.
    pub(crate) fn set(&self, path: &str, courses: &[(&str, &str)], next: Option<&str>) {
        let item =
            |(id, title): &(&str, &str)| format!("<li class=course data-id='{id}'><h2>{title}</h2></li>");
        let items = courses.iter().map(item).collect::<Vec<_>>().concat();
        let next = next.map(|next| format!("<a rel=next href='{next}'>more</a>")).unwrap_or_default();
        self.answer(path, 200, &format!("<!doctype html><title>Courses</title><ul>{items}</ul>{next}"));
    }

    /// Sets the response of a page.
    pub(crate) fn answer(&self, path: &str, status: u16, text: &str) {
        self.pages.lock().unwrap().by_path.insert(path.to_owned(), (status, text.to_owned()));
    }

    /// Holds back all responses, or releases them.
    pub(crate) fn hold(&self, is_held: bool) {
        self.held.send_replace(is_held);
    }

    /// The number of requested pages, without robots.txt.
    pub(crate) fn num_asked(&self) -> usize {
        self.pages.lock().unwrap().num_asked
    }
}

async fn answer(State(mut shared): State<Shared>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let found = {
        let mut pages = shared.pages.lock().unwrap();
        pages.num_asked += usize::from(path != "/robots.txt");
        pages.by_path.get(&path).cloned()
    };
    let mut response = Response::new(Body::empty());
    let Some((status, text)) = found else {
        *response.status_mut() = StatusCode::NOT_FOUND;
        return response;
    };
    shared.held.wait_for(|is_held| !is_held).await.unwrap();
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    let hash = text.bytes().fold(7_u64, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
    let tag = format!("\"{hash:x}\"");
    let is_known =
        request.headers().get(header::IF_NONE_MATCH).is_some_and(|given| given.to_str().unwrap() == tag);
    if status == 200 && is_known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        *response.body_mut() = Body::from(text);
    }
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response.headers_mut().insert(header::ETAG, HeaderValue::from_str(&tag).unwrap());
    response
}

/// A site with two pages of courses, a source `courses` on it, and a database.
pub(crate) struct World {
    pub(crate) site: Site,
    pub(crate) db: TestDb,
    pub(crate) sandbox: Sandbox,
}

impl World {
    pub(crate) fn new() -> Self {
        let world = Self { site: Site::open(), db: database(), sandbox: Sandbox::new() };
        world.site.set("/courses", &[("1", "Logic"), ("2", "Sets")], Some("/more"));
        world.site.set("/more", &[("3", "Graphs")], None);
        world.configure("");
        world
    }

    /// Writes the configuration; `more` comes before the table of the kind.
    pub(crate) fn configure(&self, more: &str) {
        let text = format!("{FETCH}\n[sources.courses]\n{}", source("courses", &self.site.url, more));
        self.write(&text);
    }

    pub(crate) fn write(&self, text: &str) {
        self.sandbox.configure(text);
    }

    /// Runs the program with `--output json`. Returns its exit code and its document.
    pub(crate) fn json(&self, line: &str) -> (i32, Value) {
        self.db.json(&self.sandbox, line)
    }

    /// The same for a command that must succeed.
    pub(crate) fn done(&self, line: &str) -> Value {
        let (exit, document) = self.json(line);
        assert_eq!(exit, 0, "{line}: {document}");
        document
    }

    /// The exit code and the output, without varying parts.
    pub(crate) fn text(&self, line: &str) -> String {
        let text = crate::shown(&self.db.run(&self.sandbox, line)).replace(&self.site.url, "http://site");
        let mut lines: Vec<String> = text.lines().map(|line| line.trim_end().to_owned()).collect();
        for line in &mut lines {
            if line.starts_with("run ")
                && let Some(at) = line.rfind(" in ")
            {
                line.replace_range(at.., " in <time>");
            }
        }
        without_times(&lines.join("\n"))
    }

    pub(crate) fn num_runs(&self) -> String {
        self.db.value("select count(*) from forebay.scrape_runs")
    }

    /// Waits until a query returns a value.
    pub(crate) fn wait_for(&self, query: &str, value: &str) {
        self.db.wait_for(query, value);
    }
}

/// Fetch settings for sources on loopback.
pub(crate) const FETCH: &str = "[fetch]\nallow_private = [\"127.0.0.1\"]\nrate = \"unlimited\"\nretries = 0\nbackoff = \"1ms\"\ntimeout = \"5m\"\n";

/// The rest of the table of a course source.
pub(crate) fn source(name: &str, url: &str, more: &str) -> String {
    format!(
        "key = [\"id\"]\nentity = \"course\"\ncomplete = true\n{more}\n\n[sources.{name}.html]\nurl = \"{url}/{name}\"\n\
         items = \".course\"\nfields = {{ id = \"@data-id\", title = \"h2\" }}\nnext = \"a[rel=next]\"\n"
    )
}

/// Replaces times, to the minute or the second, with `<time>`.
fn without_times(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("20") {
        let tail = &rest[at..];
        let shape: String = tail.chars().take(16).map(|c| if c.is_ascii_digit() { '9' } else { c }).collect();
        if shape == "9999-99-99 99:99" {
            out.push_str(&rest[..at]);
            out.push_str("<time>");
            let after = &tail[16..];
            let seconds = after.strip_prefix(':').and_then(|rest| rest.get(2..));
            rest = seconds.map_or(after, |rest| rest.strip_prefix(" UTC").unwrap_or(rest));
        } else {
            out.push_str(&rest[..at + 2]);
            rest = &rest[at + 2..];
        }
    }
    out + rest
}

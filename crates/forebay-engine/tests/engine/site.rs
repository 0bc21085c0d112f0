//! A site on loopback that tests change between runs: pages with validators, counted requests, and failures on demand.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use tokio::{net::TcpListener, sync::Semaphore, task::JoinHandle};

/// The response of a page.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// A text, as HTML, with an entity tag.
    Page(String),
    /// A status.
    Status(u16),
    /// The text, after a delay.
    Slow(String, Duration),
    /// The text, once the semaphore has a permit.
    Held(String, Arc<Semaphore>),
    /// A status with headers and a body, unchanged.
    Raw(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// Once a request to wait for so many seconds, and then a page.
    BusyOnce(u64, String),
    /// The start of a page, after which the connection is closed.
    Broken(String),
    /// A separate page for each path below this one, each with a link to the next.
    Endless,
}

/// Counts of requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) whole: usize,
    pub(crate) not_modified: usize,
    pub(crate) failed: usize,
}

#[derive(Debug, Default)]
struct Pages {
    answers: BTreeMap<String, Answer>,
    asked: Asked,
}

/// A running site; dropping it stops it.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) url: String,
    pages: Arc<Mutex<Pages>>,
    server: JoinHandle<()>,
}

impl Drop for Site {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Site {
    pub(crate) async fn open() -> Self {
        let pages = Arc::new(Mutex::new(Pages::default()));
        let router = Router::new().fallback(answer).with_state(Arc::clone(&pages));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            axum::serve(listener, router).await.unwrap();
        });
        Self { url, pages, server }
    }

    pub(crate) fn set(&self, path: &str, answer: Answer) {
        self.pages.lock().unwrap().answers.insert(path.to_owned(), answer);
    }

    pub(crate) fn remove(&self, path: &str) {
        self.pages.lock().unwrap().answers.remove(path);
    }

    /// The requests since the last call, without robots.txt.
    pub(crate) fn asked(&self) -> Asked {
        std::mem::take(&mut self.pages.lock().unwrap().asked)
    }
}

async fn answer(State(pages): State<Arc<Mutex<Pages>>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let found = {
        let pages = pages.lock().unwrap();
        let endless = pages
            .answers
            .iter()
            .find(|(root, answer)| matches!(answer, Answer::Endless) && path.starts_with(root.as_str()));
        pages.answers.get(&path).or(endless.map(|(_, answer)| answer)).cloned()
    };
    let (text, wait) = match found {
        None => (None, None),
        Some(Answer::Status(status)) => {
            pages.lock().unwrap().asked.failed += 1;
            return empty(StatusCode::from_u16(status).unwrap());
        }
        Some(Answer::Raw(status, headers, body)) => {
            pages.lock().unwrap().asked.failed += 1;
            let mut response = Response::new(Body::from(body));
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            for (name, value) in headers {
                response.headers_mut().insert(name, HeaderValue::from_str(&value).unwrap());
            }
            return response;
        }
        Some(Answer::BusyOnce(seconds, text)) => {
            let mut pages = pages.lock().unwrap();
            pages.asked.failed += 1;
            pages.answers.insert(path, Answer::Page(text));
            let mut response = empty(StatusCode::TOO_MANY_REQUESTS);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            return response;
        }
        Some(Answer::Broken(text)) => {
            pages.lock().unwrap().asked.failed += 1;
            let pieces = futures_util::stream::unfold(Some(text), async |text| {
                if let Some(text) = text {
                    return Some((Ok(text), None));
                }
                // The start must be sent before the connection is closed.
                tokio::time::sleep(Duration::from_millis(100)).await;
                Some((Err(std::io::Error::other("the cable was cut")), None))
            });
            return Response::new(Body::from_stream(pieces));
        }
        Some(Answer::Endless) => {
            let number: usize = path.rsplit('/').next().and_then(|last| last.parse().ok()).unwrap_or(0);
            let root = path.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('/');
            let next = number + 1;
            (
                Some(format!(
                    "<li class=course data-id='e{number}'><h2>More</h2></li><a rel=next href='{root}/{next}'>more</a>"
                )),
                None,
            )
        }
        Some(Answer::Page(text)) => (Some(text), None),
        Some(Answer::Held(text, release)) => {
            drop(release.acquire().await.unwrap());
            (Some(text), None)
        }
        Some(Answer::Slow(text, wait)) => (Some(text), Some(wait)),
    };
    let Some(text) = text else { return empty(StatusCode::NOT_FOUND) };
    if let Some(wait) = wait {
        tokio::time::sleep(wait).await;
    }
    let tag =
        format!("\"{:x}\"", text.bytes().fold(0_u64, |hash, byte| hash.wrapping_mul(31) + u64::from(byte)));
    let is_known = asks_with(request.headers(), &tag);
    let mut response =
        if is_known { empty(StatusCode::NOT_MODIFIED) } else { Response::new(Body::from(text)) };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::ETAG, HeaderValue::from_str(&tag).unwrap());
    let asked = &mut pages.lock().unwrap().asked;
    if is_known {
        asked.not_modified += 1;
    } else {
        asked.whole += 1;
    }
    response
}

fn asks_with(headers: &HeaderMap, tag: &str) -> bool {
    headers.get(header::IF_NONE_MATCH).is_some_and(|given| given.to_str().unwrap() == tag)
}

fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

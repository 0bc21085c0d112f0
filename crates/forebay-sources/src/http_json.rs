//! Records from a site that answers in pages of JSON, each with a link to the next.
//!
//! The pages' bodies are handed on one after another as one stream of documents, so a [`crate::Reader`] with
//! the same pointer to the records reads them like a file, while the next page is already being fetched. This
//! is the plain fetcher: it fetches `http://` only, stays on one host, follows no redirects and tries each
//! page once.

use std::io::{self, Read};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, Url};
use rustls::{ClientConfig, RootCertStore};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::json::{parse_pointer, value_at};
use crate::{Error, Format, ReadOptions};

/// A paged source of JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpJson {
    /// The first page, an absolute `http://` URL.
    pub url: String,
    /// A JSON pointer (RFC 6901) to the array of records in each page; empty for a page that is the array.
    pub records: String,
    /// A JSON pointer to the link to the next page: a string, absolute or relative to the page. An absent,
    /// null or empty one marks the last page. Default: none, only the first page is fetched.
    pub next: Option<String>,
    /// The most pages; one more is an error, because a run that stops early must not look complete. Default:
    /// 1000.
    pub max_pages: usize,
    /// The most bytes of one page. Default: 32 MiB.
    pub max_page_bytes: usize,
    /// The most time for one page, from connecting to its last byte. Default: 30 s.
    pub timeout: Duration,
}

impl HttpJson {
    /// The pages from `url` on, with the defaults.
    pub fn new(url: impl Into<String>, records: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            records: records.into(),
            next: None,
            max_pages: 1000,
            max_page_bytes: 32 << 20,
            timeout: Duration::from_secs(30),
        }
    }

    /// Follows the links that this JSON pointer leads to.
    #[must_use]
    pub fn next(mut self, pointer: impl Into<String>) -> Self {
        self.next = Some(pointer.into());
        self
    }

    /// How to read the stream: as JSON, with the pointer to the records.
    pub fn read_options(&self) -> ReadOptions {
        let records = (!self.records.is_empty()).then(|| self.records.clone());
        ReadOptions { format: Format::Json, records, ..ReadOptions::default() }
    }

    /// Begins to fetch on a tokio runtime and returns the stream of pages. The stream blocks: read it on a
    /// thread that runs no async tasks. Dropping it stops the fetching. At most two pages are held at a time.
    ///
    /// An error of the site comes out of [`crate::Reader::next_chunk`] as the [`Error`] that it is, after the
    /// records before it.
    pub fn read(self, runtime: &Handle) -> Pages {
        let (sender, pages) = channel(1);
        runtime.spawn(async move {
            if let Err(error) = self.fetch(&sender).await {
                // A closed channel means that nobody reads any more.
                let _ = sender.send(Err(error)).await;
            }
        });
        Pages { coming: pages, page: Vec::new(), given: 0 }
    }

    async fn fetch(&self, pages: &Sender<Result<Vec<u8>, Error>>) -> Result<(), Error> {
        let next = self.next.as_deref().map(parse_pointer).transpose()?;
        let mut url = parse_url(&self.url)?;
        let client = self.client(&url)?;
        for _ in 0..self.max_pages {
            let mut body = self.page(&client, &url).await?;
            let following = match &next {
                Some(pointer) => following(&url, value_at(&body, pointer))?,
                None => None,
            };
            // Documents follow each other in the stream; a page without a last newline must not run into the
            // next.
            body.push(b'\n');
            if pages.send(Ok(body)).await.is_err() {
                return Ok(());
            }
            let Some(following) = following else { return Ok(()) };
            url = following;
        }
        Err(Error::HttpTooManyPages { url: shown(&url), limit: self.max_pages })
    }

    fn client(&self, url: &Url) -> Result<Client, Error> {
        let mut builder = Client::builder()
            .user_agent(concat!("forebay/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .timeout(self.timeout);
        if is_loopback(url) {
            builder = builder.no_proxy();
        }
        builder.tls_backend_preconfigured(no_tls(url)?).build().map_err(|source| failed(url, source))
    }

    async fn page(&self, client: &Client, url: &Url) -> Result<Vec<u8>, Error> {
        let request = client.get(url.clone()).header("accept", "application/json");
        let mut answer = request.send().await.map_err(|source| failed(url, source))?;
        if answer.status() != 200 {
            return Err(Error::HttpStatus { url: shown(url), status: answer.status().as_u16() });
        }
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(|source| failed(url, source))? {
            if body.len() + piece.len() > self.max_page_bytes {
                return Err(Error::HttpPageTooLarge { url: shown(url), limit: self.max_page_bytes });
            }
            body.extend_from_slice(&piece);
        }
        Ok(body)
    }
}

/// The bodies of the pages, one after another.
#[derive(Debug)]
pub struct Pages {
    coming: Receiver<Result<Vec<u8>, Error>>,
    page: Vec<u8>,
    given: usize,
}

impl Read for Pages {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.page.len() {
            let Some(page) = self.coming.blocking_recv() else { return Ok(0) };
            self.page = page.map_err(io::Error::other)?;
            self.given = 0;
        }
        let rest = &self.page[self.given..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.given += count;
        Ok(count)
    }
}

fn parse_url(text: &str) -> Result<Url, Error> {
    let unusable = |url: String, problem: &str| Error::HttpUrl { url, problem: problem.to_owned() };
    let url = Url::parse(text).map_err(|error| unusable("the URL".to_owned(), &error.to_string()))?;
    if url.scheme() == "http" { Ok(url) } else { Err(unusable(shown(&url), "only http:// is fetched")) }
}

/// The page that a link leads to, given as JSON text.
fn following(page: &Url, link: Option<&[u8]>) -> Result<Option<Url>, Error> {
    let unusable = |problem: &str| Error::HttpNext { url: shown(page), problem: problem.to_owned() };
    let Some(link) = link else { return Ok(None) };
    let link: Option<String> = serde_json::from_slice(link).map_err(|_| unusable("it is not a string"))?;
    let Some(link) = link.filter(|link| !link.is_empty()) else { return Ok(None) };
    let url = page.join(&link).map_err(|error| unusable(&error.to_string()))?;
    if url.origin() != page.origin() {
        return Err(unusable("it leads to another host"));
    }
    if url == *page {
        return Err(unusable("it leads to the page itself"));
    }
    Ok(Some(url))
}

/// TLS that trusts nobody: only `http://` is fetched, but a client that is given none looks for one that was installed
/// for the whole process, and panics.
fn no_tls(url: &Url) -> Result<ClientConfig, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let versions =
        versions.map_err(|error| Error::HttpUrl { url: shown(url), problem: error.to_string() })?;
    Ok(versions.with_root_certificates(RootCertStore::empty()).with_no_client_auth())
}

fn failed(url: &Url, source: reqwest::Error) -> Error {
    Error::HttpFailed { url: shown(url), source: source.without_url() }
}

fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(|host| {
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    })
}

/// A URL for people: without user, password, and the values of query parameters that look like secrets.
fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // Only a URL that cannot have a user refuses, and then there is none to take out.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    if url.query().is_some() {
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let mut query = url.query_pairs_mut();
        query.clear();
        for (name, value) in &pairs {
            query.append_pair(name, if is_secret(name) { "***" } else { value });
        }
    }
    url.into()
}

fn is_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    ["key", "token", "secret", "sig", "password", "auth", "session"].iter().any(|word| name.contains(word))
}

#[cfg(test)]
mod tests;

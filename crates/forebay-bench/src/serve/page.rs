//! The first page of the dashboard with everything that it needs, as a browser loads it.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    time::{Duration, Instant},
};

use super::http::{self, Connection};
use crate::{failure::Failure, scratch::median};

/// How often the page is loaded; the median counts.
const NUM_LOADS: usize = 20;
const HEADERS: [(&str, &str); 2] = [("accept", "text/html"), ("accept-encoding", "gzip")];

/// What was measured.
pub(super) struct Page {
    /// The first load after the server started.
    pub(super) cold: Duration,
    /// The median of later loads.
    pub(super) warm: Duration,
    /// The page, its styles and its scripts, compressed.
    pub(super) bytes: usize,
}

pub(super) async fn measure(address: SocketAddr) -> Result<Page, Failure> {
    let mut connection = Connection::open(address).await?;
    let (cold, size) = load(&mut connection, "/").await?;
    let mut times = Vec::new();
    for _ in 0..NUM_LOADS {
        times.push(load(&mut connection, "/").await?.0);
    }
    let text = http::body(connection.get("/", &[("accept", "text/html")]).await?).await?;
    let mut bytes = size;
    for asset in assets(&String::from_utf8_lossy(&text)) {
        bytes += load(&mut connection, &asset).await?.1;
    }
    Ok(Page { cold, warm: median(times), bytes })
}

/// How long a response took, and how large it was.
async fn load(connection: &mut Connection, path: &str) -> Result<(Duration, usize), Failure> {
    let started = Instant::now();
    let response = connection.get(path, &HEADERS).await?;
    if !response.status().is_success() {
        return Err(Failure::bench(format!("{path} has the status {}", response.status())));
    }
    let size = http::body(response).await?.len();
    Ok((started.elapsed(), size))
}

/// The styles and scripts of a page.
fn assets(page: &str) -> BTreeSet<String> {
    let after = |attribute| page.split(attribute).skip(1).filter_map(|rest| rest.split('"').next());
    let all = after("src=\"").chain(after("href=\""));
    all.filter(|path| path.starts_with("/assets/")).map(str::to_owned).collect()
}

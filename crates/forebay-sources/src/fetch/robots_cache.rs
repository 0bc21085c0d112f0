//! The robots.txt of each origin, kept for a while.
//!
//! Whoever comes first fetches it and the others wait. What was read is good for a day, that it could not be read for a
//! minute.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::FetchError;
use super::robots::Rules;

/// How long a robots.txt is used (RFC 9309, 2.4).
const KEPT: Duration = Duration::from_hours(24);

/// How long a site whose robots.txt could not be read is left alone.
const KEPT_UNREACHABLE: Duration = Duration::from_mins(1);

/// With more origins than this, old ones are forgotten.
const MAX_ORIGINS: usize = 4096;

/// What is known of an origin: its rules, or why they could not be read.
pub(super) type Known = Result<Arc<Rules>, String>;

/// What is known of an origin, and until when.
type Cell = Arc<OnceCell<(Known, Instant)>>;

/// The robots.txt of a process.
#[derive(Debug, Default)]
pub(super) struct RobotsCache {
    by_origin: Mutex<HashMap<String, Cell>>,
}

impl RobotsCache {
    /// What is known of an origin; `fetch` finds out if nothing is. An error of `fetch` is not kept.
    pub(super) async fn get(
        &self,
        origin: &str,
        fetch: impl AsyncFnOnce() -> Result<Known, FetchError>,
    ) -> Result<Known, FetchError> {
        let cell = self.cell(origin);
        let found_out = async || {
            let known = fetch().await?;
            let kept = if known.is_ok() { KEPT } else { KEPT_UNREACHABLE };
            Ok((known, Instant::now() + kept))
        };
        cell.get_or_try_init(found_out).await.map(|(known, _)| known.clone())
    }

    fn cell(&self, origin: &str) -> Cell {
        let now = Instant::now();
        let is_old = |cell: &Cell| cell.get().is_some_and(|(_, until)| *until <= now);
        let mut cells = self.by_origin.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cell) = cells.get(origin).filter(|cell| !is_old(cell)) {
            return Arc::clone(cell);
        }
        if cells.len() >= MAX_ORIGINS {
            cells.retain(|_, cell| !is_old(cell));
        }
        if cells.len() >= MAX_ORIGINS {
            cells.clear();
        }
        let cell = Cell::default();
        cells.insert(origin.to_owned(), Arc::clone(&cell));
        cell
    }
}

//! The server over a real Postgres with made-up data in every state. Requests go through the whole router.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod access;
mod browser;
mod contract;
mod conventions;
mod decisions;
mod follow;
mod jwt;
mod keys;
mod limits;
mod metrics;
mod pages;
mod persist;
mod reads;
mod reference;
mod runs;
mod sessions;
mod stage;

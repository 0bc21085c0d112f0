//! The server over a real Postgres with made-up data in every state. Requests go through the whole router.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod conventions;
mod runs;
mod stage;

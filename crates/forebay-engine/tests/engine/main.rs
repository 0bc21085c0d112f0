//! Tests of the engine on a real Postgres, with one database per test.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what helps tests fails by panicking, as tests do"
)]

mod ensure;
mod example;
mod persist;
mod scrape;
mod send;
mod site;
mod wait;
mod work;

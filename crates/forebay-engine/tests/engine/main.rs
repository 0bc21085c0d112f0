//! The engine on a real Postgres, one database for each test.

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
mod work;

//! Tests of the engine on a real Postgres, with one database per test.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "test helpers fail by panicking, like tests")]

mod content;
mod ensure;
mod example;
mod notify;
mod persist;
mod scrape;
mod seed;
mod send;
mod site;
mod tokens;
mod wait;
mod work;

use forebay_store::actions::Actor;

/// Who decides in these tests.
fn operator() -> Actor {
    Actor::library().because(Some("a test"))
}

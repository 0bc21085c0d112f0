//! Runs the benchmarks, and checks their output and that they drop their databases. Counts are asserted but rates are
//! not, because machines differ.

#![expect(clippy::unwrap_used, reason = "helpers of tests may stop a test")]

mod chaos;
mod content;
mod ensure;
mod handoff;
mod help;
mod persist;
mod scrape;
mod serve;
mod server;
mod statements;

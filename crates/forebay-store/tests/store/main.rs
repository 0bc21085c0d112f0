//! The tests of this crate against a real Postgres, in one binary.
//!
//! A module here tests the module of the same name. Most take a database of `forebay_store::testing`; those of the
//! embedded cluster make clusters of their own, to start, stop and kill.

#![expect(clippy::unwrap_used, reason = "what helps tests fails by panicking, as tests do")]

mod adopt;
mod breakers;
mod cluster;
mod connect;
mod conservation;
mod drift;
mod export;
mod freshness;
mod history;
mod logs;
mod migrations;
mod operate;
mod pages;
mod pooler;
mod schedules;
mod statements;
mod stats;
mod story;
mod support;
mod timeline;
#[cfg(target_os = "linux")]
mod tls;
mod worker_role;

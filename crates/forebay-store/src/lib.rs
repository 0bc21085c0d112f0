//! The only SQL of Forebay: the schema with its migrations, the statements, and the embedded cluster.
//!
//! Functions are concrete and take a client or a transaction, so callers own transactions. Three rules apply to every
//! statement. It works through a transaction-mode pooler: unnamed statements, no session state, settings only with
//! `set local`. It is set-based: one statement or one COPY for each batch, never one for each row. Hot statements
//! keep their plan regardless of statistics, which tests check with EXPLAIN.
//!
//! Statements longer than a few lines are in `.sql` files beside the Rust code that runs them.

pub mod access;
pub mod actions;
pub mod aliases;
pub mod breakers;
pub mod catalogue;
pub mod changes;
pub mod cluster;
pub mod connect;
pub mod content;
mod copy;
pub mod deliveries;
pub mod doctor;
pub mod documents;
pub mod drift;
pub mod entities;
pub mod error;
pub mod export;
pub mod freshness;
pub mod handoffs;
pub mod history;
pub mod jobs;
pub mod logs;
pub mod maintenance;
pub mod metrics;
pub mod migrations;
pub mod notifications;
mod own_relations;
pub mod pages;
pub mod pauses;
pub mod pipelines;
pub mod profiles;
pub mod projects;
pub mod pulse;
pub mod realtime;
pub mod references;
pub mod rejected;
pub mod requests;
mod row;
pub mod runs;
pub mod schedules;
pub mod seed;
pub mod sources;
pub mod states;
pub mod stats;
pub mod tables;
#[cfg(feature = "testing")]
pub mod testing;
pub mod timeline;
pub mod tokens;
pub mod tools;
mod types;
pub mod user_rows;
pub mod user_tables;
pub mod workers;

pub use connect::{Database, OpenOptions, Target};
pub use error::{Error, Result, ServerError};

//! The subcommands, one file each.
//!
//! To add one: write its file with an `Args` struct, examples in `after_help` and a `run`; name it here and add it to
//! `Command` and `run` in [`crate::app`]. A command calls the engine and shows the result: a body of more than about
//! sixty lines means that logic is in the wrong place.

pub(crate) mod actions;
pub(crate) mod adopt;
pub(crate) mod changes;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod content;
pub(crate) mod db;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod ensure;
pub(crate) mod export;
pub(crate) mod freshness;
pub(crate) mod handoffs;
pub(crate) mod history;
pub(crate) mod init;
pub(crate) mod list;
pub(crate) mod maintain;
pub(crate) mod mcp;
pub(crate) mod notify;
pub(crate) mod persist;
pub(crate) mod pipelines;
pub(crate) mod runs;
pub(crate) mod scrape;
pub(crate) mod search;
pub(crate) mod serve;
pub(crate) mod service_manager;
pub(crate) mod show;
pub(crate) mod signals;
pub(crate) mod sources;
pub(crate) mod stats;
pub(crate) mod tokens;
pub(crate) mod work;
pub(crate) mod worker;
pub(crate) mod workers;

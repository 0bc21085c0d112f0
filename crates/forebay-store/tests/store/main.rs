//! The tests of this crate against a real Postgres, in one binary.
//!
//! A module here tests the module of the same name. Most use a database of `forebay_store::testing`; the tests of the
//! embedded cluster create their own clusters, to start, stop and kill.

#![expect(clippy::unwrap_used, reason = "test helpers fail by panicking, like tests")]

mod access;
mod actions;
mod breakers;
mod catalogue;
mod clock;
mod cluster;
mod connect;
mod content;
mod deliveries;
mod disabling;
mod drift;
mod dump;
mod entities;
mod export;
mod freshness;
mod history;
mod indexes;
mod linters;
mod logs;
mod maintenance;
mod migrations;
mod notifications;
mod objects;
mod operate;
mod owners;
mod pages;
mod pooler;
mod profiles;
mod reconciliation;
mod requests;
mod rollback;
mod schedules;
mod schema_page;
mod scope_lease;
mod scripts;
mod search;
mod statements;
mod stats;
mod story;
mod stream;
mod supabase;
mod support;
mod timeline;
#[cfg(target_os = "linux")]
mod tls;
mod upgrade;
mod user_rows;
mod user_tables;
mod words;
mod worker_role;

//! The library of Forebay: persists records as references, keeps their history, and hands changes off to ingestion.
//!
//! This crate applies the rules of `forebay-domain`, owns the transactions over `forebay-store`, and reads input with
//! `forebay-sources`. It has no terminal and no server: the command line and other interfaces are thin layers over the
//! functions here.

pub mod adopt;
mod child;
pub mod clock;
pub mod configuration;
pub mod content;
pub mod doctor;
pub mod ensure;
pub mod error;
pub mod existing;
pub mod freshness;
mod http;
pub mod human;
pub mod jwt;
pub mod lineage;
pub mod logs;
pub mod maintenance;
pub mod notify;
pub mod operate;
pub mod payload;
pub mod persist;
pub mod retrieval;
mod run_log;
pub mod scrape;
pub mod secret;
pub mod seed;
pub mod source;
mod stop;
pub mod telemetry;
pub mod tokens;
pub mod work;

pub use error::{DeclarationError, Error, Result};
/// The pure rules: identity, scopes, guards, policies.
pub use forebay_domain as domain;
/// The readers of formats, the kinds of sources and the polite fetcher.
pub use forebay_sources as sources;
/// The database: connecting, migrating, reading back.
pub use forebay_store as store;

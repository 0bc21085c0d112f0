//! The rules of Forebay.
//!
//! The rest of the project applies the decisions made here: the identity of a record, whether its content is a new
//! version, its changes field by field, whether a run may remove references that it didn't see, and the life cycle of
//! hand-offs. The crate is pure: no clock, randomness, SQL, files or network. Time is a parameter, so every rule can
//! be tested with plain values.
//!
//! Code, columns, command line and documentation use the same vocabulary; the module names follow it.

pub mod access;
pub mod backoff;
pub mod breaker;
pub mod canonical;
pub mod catalogue;
pub mod chunk;
pub mod conflicts;
pub mod content;
pub mod coverage;
pub mod diff;
pub mod drift;
pub mod end_line;
pub mod entity;
pub mod field_filter;
pub mod field_path;
pub mod freshness;
pub mod guards;
pub mod handoff;
pub mod hex;
pub mod identity;
pub mod json;
pub mod newest;
pub mod notify;
pub mod patch;
pub mod percent;
pub mod pointer;
pub mod prepare;
pub mod question;
pub mod redact;
pub mod reject;
pub mod rekey;
pub mod removal_flag;
pub mod rules;
pub mod run;
pub mod schedule;
pub mod scope;
pub mod secret_names;
pub mod units;
pub mod words;

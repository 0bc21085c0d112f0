//! The rules of Forebay, and nothing else.
//!
//! Every decision that the rest of the project carries out is made here: what a record's identity is, when its
//! content is a new version, what changed field by field, whether a run may remove what it did not see, and how a
//! hand-off lives and ends. The crate is pure: no clock, no randomness, no SQL, no files, no network. What depends
//! on time takes the time as an argument, so every rule can be tested with plain values.
//!
//! The vocabulary is the same in code, columns, command line and documentation; the module names follow it.

pub mod breaker;
pub mod canonical;
pub mod chunk;
pub mod coverage;
pub mod diff;
pub mod drift;
pub mod freshness;
pub mod guards;
pub mod handoff;
pub mod identity;
pub mod json;
pub mod prepare;
pub mod reject;
pub mod rekey;
pub mod rules;
pub mod run;
pub mod schedule;
pub mod scope;
pub mod words;

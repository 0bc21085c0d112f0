//! Tests of the rules from outside the crate, in one binary with a module for each topic.

mod handoff_model;
mod purity;

//! Tests of the rules through the public API: one binary, with a module per topic.

mod handoff_model;
mod purity;

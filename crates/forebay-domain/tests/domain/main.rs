//! What is checked of the rules from outside: one binary, a module for each matter.

mod handoff_model;
mod purity;

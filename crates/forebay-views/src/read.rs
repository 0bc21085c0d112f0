//! Reading views from the database, for every skin: from a filter to the page or the document that it prints.

pub mod actions;
pub mod breakers;
pub mod changes;
pub mod deliveries;
pub mod freshness;
pub mod handoffs;
pub mod pipelines;
pub mod references;
pub mod run_diff;
pub mod runs;
pub mod search;
pub mod sources;
pub mod stats;
pub mod versions;
pub mod workers;

//! A whole configuration: declaring what it names, disabling what its project no longer names, and what is probably
//! wrong with it.
//!
//! Commands declare what they need and touch nothing else, because several configurations can share a database. Only
//! [`apply`] with [`ApplyOptions::prune`] disables, and only what the same project declared.

mod apply;
mod warnings;
mod whole;

pub use apply::{Applied, ApplyOptions, apply};
pub use warnings::{Warning, warnings};
pub use whole::Configuration;

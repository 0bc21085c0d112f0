//! Changing something on purpose, for every skin: from what a person names to the view that the decision prints.
//!
//! The decisions themselves are those of `forebay-engine`. Here are the names that must exist, what a decision would
//! do, and the document that says what it did.

pub mod breakers;
pub mod handoffs;
pub mod pipelines;
pub mod runs;
pub mod scrapes;
pub mod workers;

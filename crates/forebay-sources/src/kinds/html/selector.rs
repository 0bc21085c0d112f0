//! CSS selectors: Selectors Level 4 as far as it applies to a static page, and `:contains("text")`.
//!
//! Servo's `selectors` parses and matches; this module supplies the flat tree, a grammar and a budget. It replaces two
//! parts of that crate: `:has()`, because its filters use 4 KiB for each element of a page, and error positions, which
//! the crate does not report.
//!
//! Namespaces, pseudo-elements, and states that only a browser knows (`:hover`) are refused when the configuration is
//! loaded.

mod balance;
mod budget;
mod compiled;
mod element;
mod grammar;
mod language;
mod matching;
mod problem;

pub use compiled::Selector;
pub(super) use matching::Matcher;

#[cfg(test)]
mod tests;

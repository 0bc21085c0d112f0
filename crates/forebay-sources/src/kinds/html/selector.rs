//! CSS selectors: Selectors Level 4 as far as it applies to a page that doesn't change, and `:contains("text")`.
//!
//! Servo's `selectors` parses and matches; this module gives it the flat tree, a grammar and a budget. It replaces two
//! parts of that crate: `:has()`, because its filters take 4 KiB for each element of a page, and the positions of errors,
//! which the crate doesn't report.
//!
//! Refused when the configuration is read: namespaces, pseudo-elements, and states that only a browser knows (`:hover`).

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

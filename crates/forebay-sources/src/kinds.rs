//! The kinds of sources: what turns a page, or the output of a program, into records.
//!
//! To add a kind: a module with its settings (each with its default) and a pure `harvest`, fixtures, a guide and a fuzz
//! target.

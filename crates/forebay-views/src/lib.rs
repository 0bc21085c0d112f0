//! One serialisable type for each resource that people and programs see.
//!
//! `--output json`, MCP and every other interface print these types and nothing else. Each view has a file of its own,
//! which also holds the conversions from the rows of the store and the values of the engine. The doc comment of a field
//! becomes its description in the JSON Schema and in `docs/reference/json.md`, so it says the unit and what null means.
//!
//! Rules for a new view: `source` and `pipeline` are names; `state` for hand-offs, breakers and sources, `status` for
//! runs and syncs; counts are `num_*`, durations `*_ms` or `*_seconds`; times are [`Time`], stored JSON is [`Json`],
//! errors are [`Error`]. A field is never left out: what is absent is null. A list is an array, a page of a longer list
//! a [`Page`].

mod attempt;
mod error;
mod field_drift;
mod freshness;
mod handoff;
mod json;
mod log_line;
mod page;
mod rejected_record;
mod run;
mod time;
mod words;

pub use self::{
    attempt::Attempt,
    error::{Error, ErrorDocument},
    field_drift::FieldDrift,
    freshness::Freshness,
    handoff::Handoff,
    json::Json,
    log_line::LogLine,
    page::Page,
    rejected_record::RejectedRecord,
    run::{Run, RunSummary},
    time::Time,
};

//! Errors of loading made-up data. Nothing was written.

use forebay_store::seed::OtherData;
use jiff::Timestamp;

use crate::human::counted;

/// How many names a message contains.
const MAX_NAMES: usize = 3;

/// Made-up data that can't be loaded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SeedError {
    /// The database holds other data.
    #[error("the database holds other data: {}", found(.0))]
    OtherData(OtherData),
    /// Another process is loading it.
    #[error("another process is loading the made-up data; if it died, it can be repeated from {until:.0}")]
    Underway {
        /// When its lease ends.
        until: Timestamp,
    },
}

impl SeedError {
    /// A stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::OtherData(_) => "database_not_empty",
            Self::Underway { .. } => "seed_underway",
        }
    }

    /// What to do next.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::OtherData(other) if other.pipelines.is_empty() => {
                "use another database, or load it beside that data with --yes"
            }
            Self::OtherData(_) => {
                "use another database, or load it beside that data with --yes; pipelines for all sources then get the \
                 made-up records too"
            }
            Self::Underway { .. } => "run the command again later",
        }
    }
}

/// `2 sources with 40 references (courses, events), 1 pipeline for all sources (hook)`.
fn found(other: &OtherData) -> String {
    let mut parts = Vec::new();
    if !other.sources.is_empty() {
        let (sources, references) =
            (counted(other.sources.len() as u64, "source"), counted(other.num_references, "reference"));
        parts.push(format!("{sources} with {references} ({})", some_of(&other.sources)));
    }
    if !other.pipelines.is_empty() {
        let pipelines = counted(other.pipelines.len() as u64, "pipeline");
        parts.push(format!("{pipelines} for all sources ({})", some_of(&other.pipelines)));
    }
    parts.join(", ")
}

fn some_of(names: &[String]) -> String {
    let more = if names.len() > MAX_NAMES { ", …" } else { "" };
    format!("{}{more}", names[..names.len().min(MAX_NAMES)].join(", "))
}

//! Scraping: requests the records of a source and persists them as a run.
//!
//! A scrape is a [`persist`](crate::persist) whose input begins when no other run holds its scope. The source's circuit
//! breaker is checked first and records the outcome afterwards, so all workers stop scraping a failing source.

mod breaker;
mod chain;
pub(crate) mod collect;
pub(crate) mod declare;
pub(crate) mod definition;
mod dry_run;
mod feed;
mod ledger;
mod machine;
mod many;
mod memory;
mod options;
mod page_log;
mod request;
mod rows;
mod rows_spec;
mod run;
mod sample;
pub mod schedule;
mod scraper;
mod test;
mod unmatched;

pub use chain::{Candidate, Chain, scrape_chain};
pub use declare::declare;
pub use definition::{
    DefinitionError, DefinitionProblem, SourceDefinition, SourceKind, Sources, check, check_entity_type,
    check_identity, check_settings,
};
pub use dry_run::dry_run;
pub use ledger::enter;
pub use machine::{Unready, check_machine};
pub use many::{Scrape, Scraped, connections_for, scrape_many};
pub use options::ScrapeOptions;
pub use run::scrape;
pub use sample::{Sample, SampleLink, SamplePage, SampleRecord, SampleRejected};
pub use scraper::Scraper;
pub use test::test;
pub use unmatched::{Unmatched, unmatched};

pub use crate::{run_log::ENDED, stop::Stop};

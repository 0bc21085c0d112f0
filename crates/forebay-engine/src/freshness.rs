//! How fresh data is, and which sources keep it fresh: the one place that decides both.
//!
//! `ensure`, the ledger after a scrape, the command line and MCP all ask here, so they agree on three questions:
//!
//! - how old data of an entity type may become ([`Policies`]);
//! - which sources are scraped for a scope, and which only stand in for those ([`Answering`]);
//! - what needs attention: data that is too old, failing, abandoned or never synced ([`ScopeFreshness`], [`list`]).

mod answering;
mod listing;
mod policies;
mod standing;

pub use self::{
    answering::Answering,
    listing::{ListOptions, find, list},
    policies::Policies,
    standing::ScopeFreshness,
};

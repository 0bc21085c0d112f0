//! How fresh data is, and which sources keep it fresh. Both are decided only here.
//!
//! `ensure`, schedules, the ledger after a scrape, the command line and MCP use this module, so they agree on three
//! questions:
//!
//! - how old data of an entity type may become ([`Policies`]);
//! - which sources are scraped for a scope, and which are only fallbacks ([`Answering`], [`to_scrape`]);
//! - which data needs attention: too old, failing, abandoned or never synced ([`ScopeFreshness`], [`list`]).

mod answering;
mod listing;
mod persisted;
mod policies;
mod standing;

pub use self::{
    answering::{Answering, can_answer, to_scrape},
    listing::{ListOptions, find, list},
    persisted::{enter_decided, enter_persisted},
    policies::Policies,
    standing::ScopeFreshness,
};

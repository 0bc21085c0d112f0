//! The tools, one file each.

mod ensure_data;
mod freshness;
mod get_history;
mod get_reference;
mod list_changes;
mod run_status;
mod search;

pub(crate) use self::{
    ensure_data::EnsureData, freshness::Freshness, get_history::GetHistory, get_reference::GetReference,
    list_changes::ListChanges, run_status::RunStatus, search::Search,
};

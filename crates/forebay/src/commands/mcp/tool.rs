//! What every tool is: a name, words that a model understands, schemas, and a function.
//!
//! To add one: its file in [`super::tools`], and its line in `definitions` and in `call` of [`super::catalogue`]. Its
//! answer is a view. Bounds belong to the tool: an answer is read by something that pays for every word.

use std::future::Future;

use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};

use super::access::Access;
use crate::failure::Failure;

/// A tool.
pub(super) trait Tool {
    /// What it is called by.
    const NAME: &'static str;
    /// What it is called for people.
    const TITLE: &'static str;
    /// What it is given.
    type Arguments: DeserializeOwned + JsonSchema + Send + 'static;
    /// What it answers.
    type Answer: Serialize + JsonSchema + 'static;

    /// When to use it and what comes back, for a model.
    fn description(may_scrape: bool) -> String;

    /// Whether it may change anything or ask anybody outside of the database.
    fn may_scrape() -> bool {
        false
    }

    /// Does it.
    fn call(
        access: &Access,
        arguments: Self::Arguments,
    ) -> impl Future<Output = Result<Self::Answer, Failure>> + Send;
}

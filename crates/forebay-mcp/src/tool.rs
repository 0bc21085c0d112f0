//! The interface of a tool: a name, descriptions for a model, schemas, and a function.
//!
//! To add one: write its file in [`super::tools`], and add it to `definitions` and `call` in [`super::catalogue`]. Its
//! answer is a view. Each tool limits the size of its answer, because the model pays for every word.

use std::future::Future;

use forebay_views::{failure::Failure, rights::Subject};
use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};

use crate::access::Access;

/// A tool.
pub(crate) trait Tool {
    /// The name that clients call.
    const NAME: &'static str;
    /// The title for people.
    const TITLE: &'static str;
    /// Whether it may change data and contact anything outside the database.
    const SCRAPES: bool = false;
    /// The arguments.
    type Arguments: DeserializeOwned + JsonSchema + Send + 'static;
    /// The answer.
    type Answer: Serialize + JsonSchema + 'static;

    /// When to use it and what it returns, for a model.
    fn description(may_scrape: bool) -> String;

    /// What a call is about: some clients may read some sources only.
    fn subject(_: &Self::Arguments) -> Subject<'_> {
        Subject::Everything
    }

    /// Runs the tool.
    fn call(
        access: &Access,
        arguments: Self::Arguments,
    ) -> impl Future<Output = Result<Self::Answer, Failure>> + Send;
}

//! `freshness`: lists the entity types and scopes, and how old they are.

use forebay_domain::redact::redact;
use forebay_views::{
    self as views, Page,
    failure::Failure,
    read::{self, freshness::Filter},
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{access::Access, arguments::limit, tool::Tool};

const DEFAULT_LIMIT: u32 = 50;
const MOST: u32 = 100;

pub(crate) struct Freshness;

/// Which entries of the ledger to list.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Arguments {
    /// Only this entity type, such as course. Default: all.
    #[serde(default)]
    entity: Option<String>,
    /// Only entries that need attention: too old, failing, or never synced. Default: false.
    #[serde(default)]
    stale_only: bool,
    /// Maximum number of entries per page, up to 100. Default: 50.
    #[serde(default)]
    limit: Option<u32>,
    /// `next` of the previous page, with the same other arguments. Default: the first page.
    #[serde(default)]
    cursor: Option<String>,
}

impl Tool for Freshness {
    const NAME: &'static str = "freshness";
    const TITLE: &'static str = "How fresh data is";
    type Arguments = Arguments;
    type Answer = Page<views::Freshness>;

    fn description(_: bool) -> String {
        "Lists the entity types and scopes that were scraped through ensure, when each was last synced, \
         whether it is still fresh, and what failed. Use it before ensure_data to find out what exists, and \
         with stale_only to find what needs attention. It never scrapes. Errors: no_such_entity, cursor_invalid."
            .to_owned()
    }

    async fn call(access: &Access, arguments: Arguments) -> Result<Self::Answer, Failure> {
        let filter = Filter {
            entity_type: arguments.entity,
            only_stale: arguments.stale_only,
            after: arguments.cursor,
        };
        let limit = limit(arguments.limit, DEFAULT_LIMIT, MOST);
        let (sources, policies) = (access.sources(), access.gate().policies());
        let mut page = read::freshness::page(access.database(), sources, policies, filter, limit).await?;
        for error in page.items.iter_mut().filter_map(|entry| entry.error.as_mut()) {
            error.message = redact(&error.message);
        }
        Ok(page)
    }
}

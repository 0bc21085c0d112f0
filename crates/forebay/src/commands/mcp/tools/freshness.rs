//! `freshness`: which entity types and scopes there are, and how old they are.

use forebay_engine::{
    clock,
    freshness::{self, ListOptions, ScopeFreshness},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    super::{cursor, server::Server, tool::Tool},
    limit,
};
use crate::{failure::Failure, ui::redact};

const DEFAULT_LIMIT: u32 = 50;
const MOST: u32 = 100;

pub(in super::super) struct Freshness;

/// Which entries of the ledger to list.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Arguments {
    /// Only of this entity type, such as course. Default: of all.
    #[serde(default)]
    entity: Option<String>,
    /// Only what wants looking after: too old, failing, or never synced. Default: false.
    #[serde(default)]
    stale_only: bool,
    /// Most entries on the page. Default 50, at most 100.
    #[serde(default)]
    limit: Option<u32>,
    /// `next_cursor` of the page before, with the same other arguments. Default: the first page.
    #[serde(default)]
    cursor: Option<String>,
}

/// A page of the ledger, by entity type and scope.
#[derive(Debug, Serialize, JsonSchema)]
pub(in super::super) struct Ledger {
    /// One entry for each entity type and scope that was ever synced, or tried; with `stale_only` also those that are
    /// declared and were never tried.
    entries: Vec<Entry>,
    /// Give it as `cursor` for more; null: there is no more.
    next_cursor: Option<String>,
}

/// How one entity type and scope stands.
#[derive(Debug, Serialize, JsonSchema)]
struct Entry {
    /// The entity type.
    entity: String,
    /// The scope, as name=value pairs, comma-separated; empty: the whole.
    scope: String,
    /// `fresh`: use it. `stale_while_revalidate`, `stale_if_error`: old, but it may be used when nothing newer can be
    /// had. `expired`: too old to use. `never`: the whole scope was never synced.
    freshness: &'static str,
    /// When the whole scope was last synced; null: never.
    last_sync: Option<String>,
    /// How long ago that was, in seconds.
    age_seconds: Option<i64>,
    /// Until when it is, or was, fresh.
    fresh_until: Option<String>,
    /// How the last attempt stands: `in_progress`, `success` or `failed`; null: there was none.
    status: Option<&'static str>,
    /// An attempt is under way.
    is_under_way: bool,
    /// The last attempt that succeeded covered only a part of the scope.
    is_partial: bool,
    /// Attempts that failed since one succeeded.
    num_failures: i32,
    /// Records of the last sync of the whole.
    num_records: Option<i64>,
    /// The run of the last attempt that had one; `run_status` tells about it.
    run_id: Option<i64>,
    /// The source that answered last.
    answered_by: Option<String>,
    /// Why the last attempt failed, as a stable word.
    error_code: Option<String>,
    /// Why, as a sentence.
    error: Option<String>,
}

impl Tool for Freshness {
    const NAME: &'static str = "freshness";
    const TITLE: &'static str = "How fresh data is";
    type Arguments = Arguments;
    type Answer = Ledger;

    fn description(_: bool) -> String {
        "Lists the entity types and scopes that were scraped through ensure, when each was last synced, \
         whether it is still fresh, and what failed. Use it to learn what there is before ensure_data, and \
         with stale_only to find what needs looking after. It never scrapes. Errors: cursor_invalid."
            .to_owned()
    }

    async fn call(server: &Server, arguments: Arguments) -> Result<Ledger, Failure> {
        let after: Option<(String, String)> = arguments.cursor.as_deref().map(cursor::read).transpose()?;
        let options = ListOptions { entity_type: arguments.entity, only_stale: arguments.stale_only, after };
        let limit = usize::try_from(limit(arguments.limit, DEFAULT_LIMIT, MOST)).unwrap_or(usize::MAX);
        let (sources, policies) = (server.sources(), server.gate().policies());
        let mut scopes =
            freshness::list(server.database(), sources, policies, &options, limit + 1, clock::now()).await?;
        let has_more = scopes.len() > limit;
        scopes.truncate(limit);
        let place = |last: &ScopeFreshness| cursor::write(&(&last.entity_type, &last.scope));
        let next_cursor = scopes.last().filter(|_| has_more).map(place).transpose()?;
        Ok(Ledger { entries: scopes.into_iter().map(Entry::new).collect(), next_cursor })
    }
}

impl Entry {
    fn new(scope: ScopeFreshness) -> Self {
        let ScopeFreshness { entity_type, scope, judgement, entry, .. } = scope;
        let untried = Self {
            entity: entity_type,
            scope,
            freshness: judgement.freshness.as_str(),
            last_sync: None,
            age_seconds: judgement.age.map(|age| age.as_secs()),
            fresh_until: judgement.fresh_until.map(|at| at.to_string()),
            status: None,
            is_under_way: false,
            is_partial: false,
            num_failures: 0,
            num_records: None,
            run_id: None,
            answered_by: None,
            error_code: None,
            error: None,
        };
        let Some(entry) = entry else { return untried };
        Self {
            last_sync: entry.last_sync.map(|at| at.to_string()),
            status: Some(entry.status.as_str()),
            is_under_way: entry.is_held,
            is_partial: entry.is_partial,
            num_failures: entry.num_failures,
            num_records: entry.num_records,
            run_id: entry.run_id,
            answered_by: entry.source_name,
            error_code: entry.error_code,
            error: entry.error.map(|error| redact(&error)),
            ..untried
        }
    }
}

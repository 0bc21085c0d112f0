//! `ensure_data`: whether what is stored of an entity type and scope is fresh, made so if it may be, and the records.

use std::collections::BTreeMap;

use forebay_domain::identity::ReferenceId;
use forebay_engine::ensure::{AnsweredFrom, EnsureError, EnsureOptions, Ensured, Tried, Wanted};
use forebay_store::timeline::{self, ActiveReference};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    super::{cursor, server::Server, shape::Shaper, tool::Tool},
    limit, scope,
};
use crate::{failure::Failure, ui::redact};

const DEFAULT_LIMIT: u32 = 20;
const MOST: u32 = 50;
/// Bytes of one payload.
const PAYLOAD_BYTES: usize = 2 * 1024;
/// Bytes of a payload that is looked at; a longer one is left out.
const READ_BYTES: u32 = 64 * 1024;
/// Characters of one text in it.
const TEXT_CHARS: usize = 500;

pub(in super::super) struct EnsureData;

/// What data is wanted.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Arguments {
    /// The entity type, such as course.
    entity: String,
    /// The part that is wanted, as names and values, such as {"semester": "Spring 2026"}. Default: {}, the whole
    /// source.
    #[serde(default)]
    scope: BTreeMap<String, String>,
    /// Scrape even if what is stored is fresh. Refused by a server that only reads. Default: false.
    #[serde(default)]
    force: bool,
    /// Most records on the page. Default 20, at most 50.
    #[serde(default)]
    limit: Option<u32>,
    /// `next_cursor` of the page before, for more records; what is stored is then read as it is. Default: the first
    /// page.
    #[serde(default)]
    cursor: Option<String>,
}

/// How fresh the data is, and a page of it.
#[derive(Debug, Serialize, JsonSchema)]
pub(in super::super) struct Data {
    /// There is data to work with.
    success: bool,
    /// Where the answer comes from. `memory`, `ledger`: what is stored is fresh. `scrape`: it was scraped for this.
    /// `stale`: what is stored is old, but may be used. `none`: there is nothing to use.
    source: &'static str,
    /// It is within its time to live.
    is_fresh: bool,
    /// Only a part of the scope could be brought up to date.
    is_partial: bool,
    /// When the whole scope was last synced; null: never.
    last_sync: Option<String>,
    /// Records that this sync found.
    num_records: Option<i64>,
    /// The run behind it; `run_status` tells about runs.
    run_id: Option<i64>,
    /// The source that answered.
    answered_by: Option<String>,
    /// What to know although there is data.
    warnings: Vec<String>,
    /// Why it could not be brought up to date.
    error: Option<Trouble>,
    /// The sources that were asked just now, in order, and what came of each.
    tried: Vec<Attempt>,
    /// Records of this scope that are stored and that the source still has, by uuid.
    records: Vec<Record>,
    /// Give it as `cursor` for more records; null: there are none.
    next_cursor: Option<String>,
}

/// Why data is not fresh.
#[derive(Debug, Serialize, JsonSchema)]
struct Trouble {
    /// A stable word.
    code: String,
    /// One sentence.
    message: String,
    /// What can be done.
    hint: Option<String>,
    /// Asking sooner is in vain, in seconds.
    retry_after_seconds: Option<u64>,
}

/// A source that was asked.
#[derive(Debug, Serialize, JsonSchema)]
struct Attempt {
    /// The source.
    source: String,
    /// Its run, if it came to one.
    run_id: Option<i64>,
    /// How it ended.
    status: String,
    /// Why, as a stable word.
    reason_code: Option<String>,
}

/// A record.
#[derive(Debug, Serialize, JsonSchema)]
struct Record {
    /// Its uuid, for `get_reference`.
    reference_id: String,
    /// Its source.
    source: String,
    /// Its key in the source.
    record_key: String,
    /// How often its content changed, plus one.
    version: i32,
    /// When its last change was observed.
    changed_at: String,
    /// The record itself; long values are cut, and one of more than 64 KiB is empty here.
    payload: Map<String, Value>,
    /// Something was left out of the payload; `get_reference` has more.
    is_cut: bool,
}

impl Tool for EnsureData {
    const NAME: &'static str = "ensure_data";
    const TITLE: &'static str = "Get fresh records";
    type Arguments = Arguments;
    type Answer = Data;

    fn description(may_scrape: bool) -> String {
        let what = if may_scrape {
            "If what is stored is too old, its source is scraped first, once however many ask; that can take \
             minutes, and goes on if you stop waiting: ask again and you get its outcome. Use `force` only \
             when the user asks for a new scrape."
        } else {
            "This server only reads: it never scrapes, tells when data is stale or missing, and refuses `force` \
             (scrape_not_allowed)."
        };
        format!(
            "Gives the records of an entity type and scope, page by page, and tells how fresh they are. Use \
             it for \"which courses are there in Spring 2026\"; entity types and scopes are listed by \
             freshness. {what} When success is false, error says why. Other errors: scope_invalid_key and \
             its kin, cursor_invalid."
        )
    }

    fn may_scrape() -> bool {
        true
    }

    async fn call(server: &Server, arguments: Arguments) -> Result<Data, Failure> {
        let may_scrape = server.may_scrape();
        if arguments.force && !may_scrape {
            return Err(Failure::usage(
                "scrape_not_allowed",
                "`force` asks for a scrape, and this server only reads",
            )
            .hint(
                "leave `force` out; whoever set the server up can start it with `forebay mcp --allow-scrape`",
            ));
        }
        let wanted = Wanted { entity_type: arguments.entity, scope: scope(&arguments.scope)? };
        let after: Option<String> = arguments.cursor.as_deref().map(cursor::read).transpose()?;
        // A later page belongs to the answer of the first.
        let options = EnsureOptions {
            force: arguments.force && after.is_none(),
            read_only: !may_scrape || after.is_some(),
        };
        let ensured = server.gate().ensure(&wanted, options).await;
        // Not one that a client made up: those begin at the start.
        let after: Option<ReferenceId> = after.and_then(|after| after.parse().ok());
        let limit = limit(arguments.limit, DEFAULT_LIMIT, MOST);
        let mut data = Data::new(&ensured);
        let Wanted { entity_type, scope } = &wanted;
        let read = async {
            let client = server.database().client().await?;
            timeline::active(&**client, entity_type, scope, after, limit, READ_BYTES).await
        };
        match read.await {
            Ok(page) => {
                data.records = page.items.into_iter().map(record).collect::<Result<_, _>>()?;
                data.next_cursor = page.next.map(|next| cursor::write(&next.to_string())).transpose()?;
            }
            Err(error) => {
                // How fresh it is, is worth telling even then.
                data.success = false;
                let failure = forebay_engine::Error::from(error);
                data.error.get_or_insert_with(|| Trouble::new(&EnsureError::from(&failure)));
            }
        }
        Ok(data)
    }
}

impl Data {
    fn new(ensured: &Ensured) -> Self {
        Self {
            success: ensured.success,
            source: match ensured.answered_from {
                AnsweredFrom::Memory => "memory",
                AnsweredFrom::Ledger => "ledger",
                AnsweredFrom::Scrape => "scrape",
                AnsweredFrom::Stale => "stale",
                AnsweredFrom::None => "none",
            },
            is_fresh: ensured.is_fresh,
            is_partial: ensured.is_partial,
            last_sync: ensured.last_sync.map(|at| at.to_string()),
            num_records: ensured.num_records,
            run_id: ensured.run_id,
            answered_by: ensured.answered_by.clone(),
            warnings: ensured.warnings.iter().map(|warning| redact(warning)).collect(),
            error: ensured.error.as_ref().map(Trouble::new),
            tried: ensured.tried.iter().map(Attempt::new).collect(),
            records: Vec::new(),
            next_cursor: None,
        }
    }
}

impl Trouble {
    fn new(error: &EnsureError) -> Self {
        Self {
            code: error.code.clone(),
            message: redact(&error.message),
            hint: error.hint.as_deref().map(redact),
            retry_after_seconds: error.retry_after_seconds,
        }
    }
}

impl Attempt {
    fn new(tried: &Tried) -> Self {
        let Tried { source, run_id, status, reason_code } = tried.clone();
        Self { source, run_id, status, reason_code }
    }
}

fn record(reference: ActiveReference) -> Result<Record, Failure> {
    let mut shaper = Shaper::new(PAYLOAD_BYTES, TEXT_CHARS);
    Ok(Record {
        payload: reference.payload.as_deref().map_or(Ok(Map::new()), |text| shaper.object(text, &[]))?,
        is_cut: shaper.is_cut() || reference.payload.is_none(),
        reference_id: reference.reference_id.to_string(),
        source: reference.source,
        record_key: reference.record_key,
        version: reference.version,
        changed_at: reference.changed_at.to_string(),
    })
}

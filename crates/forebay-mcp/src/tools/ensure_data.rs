//! `ensure_data`: refreshes the data of an entity type and scope if necessary and allowed, and returns the records.

use std::collections::BTreeMap;

use forebay_domain::{identity::ReferenceId, redact::redact};
use forebay_engine::{
    ensure::{EnsureOptions, Ensured as Found, Wanted},
    payload::Shaper,
};
use forebay_store::timeline::{self, ActiveReference};
use forebay_views::{
    Ensured, EnsuredRecords, Json, Page, RecordExcerpt, cursor,
    failure::{Exit, Failure},
    names,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    access::Access,
    arguments::{limit, scope},
    forced,
    hints::for_tools,
    tool::Tool,
};

const DEFAULT_LIMIT: u32 = 20;
const MOST: u32 = 50;
/// Maximum bytes of one payload in the answer.
const PAYLOAD_BYTES: usize = 2 * 1024;
/// Maximum bytes of a stored payload to read; a longer one is left out.
const READ_BYTES: u32 = 64 * 1024;
/// Maximum characters of one text in a payload.
const TEXT_CHARS: usize = 500;

pub(crate) struct EnsureData;

/// The data to refresh.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Arguments {
    /// The entity type, such as course.
    entity: String,
    /// The scope, as names and values, such as {"semester": "Spring 2026"}. Default: {}, the whole source.
    #[serde(default)]
    scope: BTreeMap<String, String>,
    /// Scrape even if the stored data is fresh. Refused if you may only read. Default: false.
    #[serde(default)]
    force: bool,
    /// Maximum number of records per page, up to 50. Default: 20.
    #[serde(default)]
    limit: Option<u32>,
    /// `next` of the previous page, for more records; stored data is then read without a refresh. Default: the first
    /// page.
    #[serde(default)]
    cursor: Option<String>,
}

impl Tool for EnsureData {
    const NAME: &'static str = "ensure_data";
    const TITLE: &'static str = "Get fresh records";
    const SCRAPES: bool = true;
    type Arguments = Arguments;
    type Answer = EnsuredRecords;

    fn description(may_scrape: bool) -> String {
        let what = if may_scrape {
            "If the stored data is too old, its source is scraped first, once for any number of callers. That \
             can take minutes and continues if you stop waiting: call again to get the result. Use `force` \
             only when the user asks for a new scrape."
        } else {
            "You may only read, so it never scrapes: it reports stale or missing data, and refuses `force` \
             (scraping_not_allowed)."
        };
        format!(
            "Returns the records of an entity type and scope, page by page, and how fresh they are. Use it for \
             \"which courses are there in Spring 2026\"; freshness lists the entity types and scopes. {what} \
             If success is false, error says why. warnings say if there are \
             no records in the scope, and where there are some. Other errors: no_such_entity, scope_invalid_key and \
             similar, scope_not_declared, forced_too_often, cursor_invalid."
        )
    }

    async fn call(access: &Access, arguments: Arguments) -> Result<Self::Answer, Failure> {
        let may_scrape = access.may_scrape();
        if let (Some(what), true) = (access.scrape_needs(), arguments.force) {
            let message = "`force` requests a scrape, but you may only read";
            return Err(Failure::usage("scraping_not_allowed", message)
                .hint(format!("omit `force`; to allow scrapes, {what}")));
        }
        let wanted = Wanted { entity_type: arguments.entity, scope: scope(&arguments.scope)? };
        refused(access.check_entity(&wanted.entity_type).await)?;
        let after: Option<String> = arguments.cursor.as_deref().map(cursor::read).transpose()?;
        // A later page continues the answer of the first page.
        let force = arguments.force && after.is_none();
        let declared = forced::undeclared(access, &wanted.entity_type, &wanted.scope);
        if let (Some(declared), true) = (&declared, force) {
            let message = format!("no source of {} declares the scope {}", wanted.entity_type, wanted.scope);
            return Err(Failure::usage("scope_not_declared", message)
                .hint(format!("omit `force`, or use a declared scope: {declared}")));
        }
        if force {
            refused(forced::check(access, &wanted.entity_type).await)?;
        }
        let options = EnsureOptions {
            force,
            read_only: !may_scrape || after.is_some() || declared.is_some(),
            is_on_demand: true,
        };
        let ensured = access.gate().ensure_by(&wanted, options, &access.actor()).await?;
        let mut ensured = answer(&wanted, &ensured, options.force);
        if let Some(error) = &mut ensured.error {
            error.hint = hint(access, &wanted, error);
        }
        if let Some(declared) = declared.filter(|_| may_scrape) {
            ensured.warnings.push(format!(
                "the scope {} is not declared, so it is not scraped; declared are {declared}",
                wanted.scope
            ));
        }
        // A cursor that a client made up starts from the beginning.
        let after: Option<ReferenceId> = after.and_then(|after| after.parse().ok());
        let limit = limit(arguments.limit, DEFAULT_LIMIT, MOST);
        let Wanted { entity_type, scope } = &wanted;
        let read = async {
            let client = access.database().client().await?;
            let page = timeline::active(&**client, entity_type, scope, after, limit, READ_BYTES).await?;
            let is_empty = after.is_none() && page.items.is_empty();
            let notice =
                if is_empty { Some(names::empty_scope(&client, entity_type, scope).await?) } else { None };
            Ok::<_, Failure>((page, notice))
        };
        let records = match read.await {
            Ok((page, notice)) => {
                ensured.warnings.extend(notice);
                let items = page.items.into_iter().map(record).collect::<Result<_, _>>()?;
                let next = page.next.map(|next| cursor::write(&next.to_string())).transpose()?;
                Page { items, next }
            }
            Err(error) => {
                // The freshness of the data is useful even without records.
                ensured.success = false;
                ensured.error.get_or_insert_with(|| error.view());
                Page::from(Vec::new())
            }
        };
        Ok(EnsuredRecords { ensured, records })
    }
}

/// The failure of a check that refuses the arguments. That the database can't be reached is part of the answer.
fn refused(checked: Result<(), Failure>) -> Result<(), Failure> {
    checked.or_else(|failure| if failure.exit_code() == Exit::Usage { Err(failure) } else { Ok(()) })
}

/// What a model can do about an error: it can't type commands, and can't let a read-only server scrape.
fn hint(access: &Access, wanted: &Wanted, error: &forebay_views::Error) -> Option<String> {
    let mut of_type = forced::sources_of(access, &wanted.entity_type);
    let is_declared = of_type.any(|source| source.covers(&wanted.scope));
    match error.code.as_str() {
        "never_synced" if is_declared && let Some(what) = access.scrape_needs() => Some(format!(
            "you may not scrape; use what is stored (freshness lists it), or tell the user to run `forebay ensure`, or to \
             {what}"
        )),
        "never_synced" => Some(forced::declared(access, &wanted.entity_type).map_or_else(
            || "call freshness for the entity types and scopes that are stored".to_owned(),
            |declared| format!("the known scopes are {declared}"),
        )),
        code => for_tools(code, error.hint.as_deref()),
    }
}

/// The answer without secrets.
fn answer(wanted: &Wanted, ensured: &Found, forced: bool) -> Ensured {
    let mut ensured = Ensured::new(wanted, ensured, forced);
    ensured.warnings = ensured.warnings.iter().map(|warning| redact(warning)).collect();
    if let Some(error) = &mut ensured.error {
        error.message = redact(&error.message);
        error.hint = error.hint.as_deref().map(redact);
    }
    ensured
}

fn record(reference: ActiveReference) -> Result<RecordExcerpt, Failure> {
    let mut shaper = Shaper::new(PAYLOAD_BYTES, TEXT_CHARS);
    let payload = reference.payload.as_deref().map_or(Ok(Map::new()), |text| shaper.object(text, &[]))?;
    let is_cut = shaper.is_cut() || reference.payload.is_none();
    Ok(RecordExcerpt::new(reference, Json::from(&Value::Object(payload)), is_cut))
}

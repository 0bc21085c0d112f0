//! `[sources.NAME]`: identity and policy of a source.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use clap::ValueEnum;
use forebay_domain::{
    identity::SCOPE_FIELD,
    patch::RecordMode,
    pointer::Pointer,
    removal_flag::RemovedWhen,
    rules::{self, FieldRules},
    run,
    units::Period,
    words,
};
use forebay_engine::persist::PersistRequest;
use forebay_sources::{
    CsvOptions, TextEncoding,
    crawl::CrawlSettings,
    fetch::FetchSettings,
    kinds::{Command, Feed, File, Html, HttpJson, Ical, JsonLd, Postgres, Singer, Sitemap},
};
use schemars::JsonSchema;
use serde::{
    Deserialize, Deserializer,
    de::{self, SeqAccess, Visitor},
};

use super::{breaker::Breaker, duplicates::OnDuplicate, guards::Guards, schedule::Schedule};

/// A source of records. At most one of the tables `http_json`, `html`, `json_ld`, `feed`, `ical`, `file`, `command`,
/// `singer` and `postgres` says how to get its records; without one, they come from `forebay persist`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of its own")]
pub(crate) struct Source {
    /// The field that identifies a record within the source, or a list of fields in order: names or JSON pointers
    /// (RFC 6901) such as `/course/id`. `"$hash"`: the content, for records that nothing else identifies. Required;
    /// default for `ical`: `["uid", "recurrence_id"]`, for `feed`: `["id"]`.
    #[serde(default)]
    pub(crate) key: KeyFields,
    /// Whether equal keys in two scopes are two records, such as a course number that begins anew each semester. The
    /// scope is then part of the key. Default: false.
    #[serde(default)]
    pub(crate) key_in_scope: bool,
    /// Entity type of its records, such as `course`. Default: `record`; without a kind, the stored type.
    #[serde(default)]
    pub(crate) entity: Option<String>,
    /// Top-level fields to drop. Default: none.
    #[serde(default)]
    pub(crate) ignore: BTreeSet<String>,
    /// Top-level fields to store whose changes alone create no new version. Default: none.
    #[serde(default)]
    pub(crate) volatile: BTreeSet<String>,
    /// Top-level fields to normalise for comparison. Default: none.
    #[serde(default)]
    pub(crate) normalise: BTreeMap<String, BTreeSet<Normalise>>,
    /// How to handle a key that appears again in a run: keep the `first` record, the `last`, or the one with the
    /// greatest value of a field (`{ newest_by = "updated_at" }`); `merge` lets later fields overwrite earlier ones;
    /// `reject` keeps the first and stores the others as rejected records. Default: `first`; for the messages of a
    /// Singer tap: `last`.
    #[serde(default)]
    pub(crate) on_duplicate: Option<OnDuplicate>,
    /// Limits beyond which a complete run is held for review. Default: on.
    #[serde(default)]
    pub(crate) guards: Guards,
    /// Format of the files that `forebay persist` reads. Default: `auto`.
    #[serde(default)]
    pub(crate) format: Option<Format>,
    /// JSON pointer to the records in a JSON document that `forebay persist` reads. Default: the whole document.
    #[serde(default)]
    pub(crate) records: Option<Pointer>,
    /// How `forebay persist` reads delimited text. Default: a header row, everything detected.
    #[serde(default)]
    pub(crate) csv: Option<CsvOptions>,
    /// Encoding of the files that `forebay persist` reads, such as `windows-1252`. Default: UTF-8.
    #[serde(default)]
    pub(crate) encoding: Option<TextEncoding>,
    /// Whether an input without an end line is incomplete, so that no unseen record is removed. For JSON Lines.
    /// Default: true once an input of the source has had one.
    #[serde(default)]
    pub(crate) require_end: Option<bool>,
    /// How long a run may read, such as `10m`. Then it ends as partial: what it read is kept, and no unseen record is
    /// removed. Default: no limit.
    #[serde(default)]
    pub(crate) max_duration: Option<Period>,
    /// What its records are: `replace`, whole records; `patch`, partial records that are laid over what is stored (JSON
    /// Merge Patch, RFC 7396): null removes a field, and objects are merged. Default: `replace`.
    #[serde(default)]
    #[schemars(schema_with = "words::schema::<RecordMode>")]
    pub(crate) mode: RecordMode,
    /// Where a record says that it is gone: a field or a JSON pointer such as `/deleted`. A record with a value there
    /// removes its reference, also in a run that isn't complete. No value are null, `false`, 0, empty values, and texts
    /// such as `false`, `no`, `0` and `0000-00-00`. `false` without quotes: nowhere, not even in the messages of a
    /// Singer tap. Default: none; for the messages of a Singer tap: `_sdc_deleted_at`.
    #[serde(default)]
    pub(crate) removed_when: RemovedWhen,
    /// Whether a scrape covers its whole scope: records that it doesn't see are removed, if the guards permit. Not
    /// for `feed`, which shows only its latest entries, nor for `singer`, where the tap reports it. Default: false.
    #[serde(default)]
    pub(crate) complete: bool,
    /// A numeric field that grows with each change of a record: a lower number never overwrites a higher one.
    /// Default: none; for `ical`: `sequence`.
    #[serde(default)]
    pub(crate) sequence: Option<String>,
    /// Scopes to scrape when none is given, such as `[{ semester = "Spring 2026" }]`. Default: one, the whole source.
    #[serde(default)]
    pub(crate) scopes: Vec<BTreeMap<String, String>>,
    /// JSON over HTTP, page by page.
    #[serde(default)]
    pub(crate) http_json: Option<HttpJson>,
    /// Web pages, read with CSS selectors.
    #[serde(default)]
    pub(crate) html: Option<Html>,
    /// The JSON-LD in web pages (schema.org).
    #[serde(default)]
    pub(crate) json_ld: Option<JsonLd>,
    /// RSS, Atom or JSON Feed.
    #[serde(default)]
    pub(crate) feed: Option<Feed>,
    /// A calendar (iCalendar).
    #[serde(default)]
    pub(crate) ical: Option<Ical>,
    /// The sitemap that lists the pages, together with `html` or `json_ld`.
    #[serde(default)]
    pub(crate) sitemap: Option<Sitemap>,
    /// One big file over HTTP.
    #[serde(default)]
    pub(crate) file: Option<File>,
    /// A program that prints records.
    #[serde(default)]
    pub(crate) command: Option<Command>,
    /// A Singer tap.
    #[serde(default)]
    pub(crate) singer: Option<Singer>,
    /// Rows of a table in Postgres.
    #[serde(default)]
    pub(crate) postgres: Option<Postgres>,
    /// How to fetch its pages or file. Keys here override those of `[fetch]`.
    #[serde(default)]
    pub(crate) fetch: Option<FetchSettings>,
    /// Limits of the crawl.
    #[serde(default)]
    pub(crate) crawl: Option<CrawlSettings>,
    /// When to stop scraping it because it fails.
    #[serde(default)]
    pub(crate) breaker: Option<Breaker>,
    /// Sources of the same entity type to try, in order, when it fails or returns no records. Default: none.
    #[serde(default)]
    pub(crate) fallback: Vec<String>,
    /// When `forebay work` scrapes its scopes: `"every 6h"`, five cron fields such as `"30 3 * * *"`, or a table.
    /// Default: no schedule.
    #[serde(default)]
    pub(crate) schedule: Option<Schedule>,
    /// Whether to scrape it. If not, its fallbacks stand in for it. Stored data is served either way. Default: true.
    #[serde(default = "yes")]
    pub(crate) enabled: bool,
    /// Whether signed-in users of a web API (Supabase's role `authenticated`) may read its active references and their
    /// revisions. Default: false.
    #[serde(default)]
    pub(crate) publish: bool,
}

impl Source {
    /// The fields that make up the key of a record, in order.
    pub(crate) fn key_fields(&self) -> Vec<String> {
        let scope = (self.key_in_scope && !self.key.0.is_empty()).then(|| SCOPE_FIELD.to_owned());
        self.key.0.iter().cloned().chain(scope).collect()
    }

    /// How it handles a key that appears again, in files of this format.
    pub(crate) fn on_duplicate(&self, format: Format) -> run::OnDuplicate {
        let default = || run::OnDuplicate::default_for(format == Format::Singer || self.singer.is_some());
        self.on_duplicate.clone().map_or_else(default, Into::into)
    }

    /// A request to persist its records, which come in files of this format. It has no kind.
    pub(super) fn persist_request(&self, name: &str, format: Format) -> PersistRequest {
        PersistRequest {
            entity_type: self.entity.clone(),
            rules: Some(self.field_rules()),
            on_duplicate: Some(self.on_duplicate(format)),
            guards: Some(self.guards.policy()),
            max_rejected_share: Some(self.guards.max_rejected_share()),
            max_rejected_kept: Some(self.guards.max_rejected_kept()),
            max_duration: self.max_duration.map(Period::get),
            require_end: Some(self.require_end),
            mode: Some(self.mode),
            removed_when: Some(self.removed_when.clone()),
            ..PersistRequest::new(name, self.key_fields())
        }
    }

    /// Its field rules in the engine's form.
    pub(crate) fn field_rules(&self) -> FieldRules {
        let normalise = |steps: &BTreeSet<Normalise>| rules::Normalise {
            trim: steps.contains(&Normalise::Trim),
            collapse_whitespace: steps.contains(&Normalise::Collapse),
            casefold: steps.contains(&Normalise::Casefold),
        };
        FieldRules {
            ignore: self.ignore.clone(),
            volatile: self.volatile.clone(),
            normalise: self
                .normalise
                .iter()
                .map(|(field, steps)| (field.clone(), normalise(steps)))
                .collect(),
        }
    }
}

/// The key of a source: at least one field, none empty or repeated. The empty default is for kinds with a default
/// key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "OneOrMore")]
pub(crate) struct KeyFields(Vec<String>);

/// One text, or a list of them.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "variants are the forms that the schema shows; what is read is always a list")]
enum OneOrMoreForms {
    One(String),
    More(Vec<String>),
}

/// What is read in either form.
#[derive(JsonSchema)]
#[schemars(transparent)]
struct OneOrMore(#[schemars(with = "OneOrMoreForms")] Vec<String>);

/// Implemented by hand, because the error of a derived untagged enum says neither what was expected nor where.
impl<'de> Deserialize<'de> for OneOrMore {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Texts;

        impl<'de> Visitor<'de> for Texts {
            type Value = OneOrMore;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a field, or a list of fields")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(OneOrMore(vec![text.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = items.next_element()? {
                    texts.push(text);
                }
                Ok(OneOrMore(texts))
            }
        }

        deserializer.deserialize_any(Texts)
    }
}

impl KeyFields {
    /// The default key of a kind.
    pub(super) fn from_kind(fields: &[&str]) -> Self {
        Self(fields.iter().map(|field| (*field).to_owned()).collect())
    }

    /// The fields in order.
    pub(crate) fn as_slice(&self) -> &[String] {
        &self.0
    }
}

impl TryFrom<OneOrMore> for KeyFields {
    type Error = String;

    fn try_from(OneOrMore(fields): OneOrMore) -> Result<Self, Self::Error> {
        if fields.is_empty() {
            return Err("key must name at least one field".to_owned());
        }
        if fields.iter().any(String::is_empty) {
            return Err("key names an empty field".to_owned());
        }
        Ok(Self(fields))
    }
}

/// A step of normalisation, applied to the strings of a field before comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Normalise {
    /// Ignore whitespace at both ends.
    Trim,
    /// Treat consecutive whitespace as one space.
    Collapse,
    /// Ignore case.
    Casefold,
}

/// The format of files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ValueEnum, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// Detected
    #[default]
    Auto,
    /// One JSON document
    Json,
    /// One JSON object per line
    Jsonl,
    /// Comma-separated values with a header (RFC 4180)
    Csv,
    /// The messages of a Singer tap
    Singer,
}

impl From<Format> for forebay_sources::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::Auto => Self::Auto,
            Format::Json => Self::Json,
            Format::Jsonl => Self::JsonLines,
            Format::Csv => Self::Csv,
            Format::Singer => Self::Singer,
        }
    }
}

fn yes() -> bool {
    true
}

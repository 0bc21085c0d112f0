//! A source as Forebay scrapes it: identity, policy and kind together, as the configuration declares them.

use std::collections::BTreeMap;

use forebay_domain::{
    breaker::BreakerPolicy, guards::GuardPolicy, rules::FieldRules, run::OnDuplicate, schedule::Schedule,
    scope::Scope,
};
use forebay_sources::{
    crawl::CrawlSettings,
    fetch::FetchSettings,
    kinds::{Command, File, PageKind, Postgres, Singer},
};
use serde_json::Value;

/// A source that Forebay can scrape by itself.
#[derive(Clone, Debug)]
pub struct SourceDefinition {
    /// Its name.
    pub name: String,
    /// What its records are; `ensure` finds a source by it.
    pub entity_type: String,
    /// The fields that make a record's key, in order.
    pub key_fields: Vec<String>,
    /// What to store and what to compare.
    pub rules: FieldRules,
    /// What to do with a key that comes twice.
    pub on_duplicate: OnDuplicate,
    /// When to hold a complete run; None: never.
    pub guards: Option<GuardPolicy>,
    /// A run fails when more than this share (0 to 1) of its input is rejected.
    pub max_rejected_share: f64,
    /// A run covers its scope completely: what it does not see is gone. Taps say so themselves.
    pub complete: bool,
    /// A number that a record raises whenever it changes (iCalendar's `sequence`): a lower one never overwrites a higher.
    pub sequence_field: Option<String>,
    /// How its records are got.
    pub kind: SourceKind,
    /// How its pages or file are fetched.
    pub fetch: FetchSettings,
    /// How far it is crawled.
    pub crawl: CrawlSettings,
    /// When it is left alone because it is out of order.
    pub breaker: BreakerPolicy,
    /// The sources to try when it fails or comes back empty, in order.
    pub fallback: Vec<String>,
    /// The scopes that it is known to have; none: the whole source is one.
    pub scopes: Vec<Scope>,
    /// When its scopes are scraped by themselves.
    pub schedule: Option<Schedule>,
    /// Whether it may be scraped at all.
    pub enabled: bool,
    /// Its part of the configuration file as it is mirrored in the database. No secret is in it, only the names of the
    /// variables and files that hold them.
    pub settings: Value,
    /// A digest of those settings that decide what is read from a page: when it changes, what is remembered of pages is
    /// void.
    pub reading_hash: String,
}

/// How the records of a source are got.
#[derive(Clone, Debug)]
#[non_exhaustive]
#[expect(clippy::large_enum_variant, reason = "there is one for each source, and most are the large one")]
pub enum SourceKind {
    /// Page by page: `http_json`, `html`, `json_ld`, `feed`, `ical`, with or without `sitemap`.
    Pages(PageKind),
    /// One big file over HTTP.
    File(File),
    /// A program that prints records.
    Command(Command),
    /// A Singer tap.
    Singer(Singer),
    /// Rows of a table in Postgres.
    Postgres(Postgres),
}

impl SourceKind {
    /// The word in configuration, columns and output.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Pages(kind) => kind.name(),
            Self::File(_) => "file",
            Self::Command(_) => "command",
            Self::Singer(_) => "singer",
            Self::Postgres(_) => "postgres",
        }
    }

    /// The names of the parts that a scope must have, because the kind's settings have a place for them.
    pub fn placeholders(&self) -> Vec<&str> {
        match self {
            Self::Pages(kind) => kind.placeholders(),
            Self::File(kind) => kind.url.names().collect(),
            Self::Command(_) | Self::Singer(_) | Self::Postgres(_) => Vec::new(),
        }
    }
}

impl SourceDefinition {
    /// Whether a scope is one that the source can be scraped for: one of those declared. If none is declared, one that
    /// fills all places that its settings leave for a scope, and says nothing else, because nothing else would come of it.
    pub fn covers(&self, scope: &Scope) -> bool {
        if !self.scopes.is_empty() {
            return self.scopes.contains(scope);
        }
        let placeholders = self.kind.placeholders();
        placeholders.iter().all(|name| scope.get(name).is_some())
            && scope.pairs().all(|(name, _)| placeholders.contains(&name))
    }

    /// The scopes that are scraped when none is named.
    pub fn declared_scopes(&self) -> Vec<Scope> {
        if self.scopes.is_empty() { vec![Scope::default()] } else { self.scopes.clone() }
    }
}

/// All sources of a configuration, by name.
pub type Sources = BTreeMap<String, SourceDefinition>;

//! A source that Forebay can scrape: identity, policy and kind together.
//!
//! [`SourceDefinition::new`] fills in every default, so a program sets only the others. [`check`] finds settings that
//! contradict each other; [`declare`](super::declare()) runs it before it writes anything.

mod check;
mod summary;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use forebay_domain::{
    breaker::BreakerPolicy, entity::Declared, guards::GuardPolicy, patch::RecordMode,
    removal_flag::RemovedWhen, rules::FieldRules, run::OnDuplicate, schedule::Schedule, scope::Scope,
};
use forebay_sources::{
    crawl::CrawlSettings,
    fetch::FetchSettings,
    kinds::{Command, File, PageKind, Postgres, Singer},
};

use crate::persist::{DEFAULT_ENTITY_TYPE, DEFAULT_MAX_REJECTED_KEPT, DEFAULT_MAX_REJECTED_SHARE};

pub use self::check::{
    DefinitionError, DefinitionProblem, check, check_entity_type, check_identity, check_settings,
};

/// A source that Forebay can scrape.
#[derive(Clone, Debug)]
pub struct SourceDefinition {
    /// Its name.
    pub name: String,
    /// The type of its records; `ensure` finds a source by it. Default: [`DEFAULT_ENTITY_TYPE`].
    pub entity_type: String,
    /// The fields that identify a record, in order. Default: those of the kind, if it has any.
    pub key_fields: Vec<String>,
    /// Field rules: what to store, what to compare.
    pub rules: FieldRules,
    /// How to handle a key that appears again in a run.
    pub on_duplicate: OnDuplicate,
    /// When to hold a complete run.
    pub guards: GuardPolicy,
    /// A run fails when more than this share (0 to 1) of its input is rejected. Default:
    /// [`DEFAULT_MAX_REJECTED_SHARE`].
    pub max_rejected_share: f64,
    /// How many rejected records of a run are stored with their text. Default: [`DEFAULT_MAX_REJECTED_KEPT`].
    pub max_rejected_kept: u64,
    /// A run stops reading after this time, and is partial. Default: no limit.
    pub max_duration: Option<Duration>,
    /// Whether a run covers its whole scope: a record that it doesn't see is removed. Taps report this themselves.
    pub complete: bool,
    /// Whether an input must have an end line to be complete. `None`: if an earlier one had it.
    pub require_end: Option<bool>,
    /// What its records are: whole, or laid over what is stored. Default: whole.
    pub mode: RecordMode,
    /// The value by which a record says that it is gone. Default: none; for a tap: `_sdc_deleted_at`.
    pub removed_when: RemovedWhen,
    /// A number that increases with each change of a record (iCalendar's `sequence`): a lower one never overwrites a
    /// higher.
    pub sequence_field: Option<String>,
    /// How to get its records.
    pub kind: SourceKind,
    /// How to fetch its pages or file.
    pub fetch: FetchSettings,
    /// How far to crawl it.
    pub crawl: CrawlSettings,
    /// When to stop scraping it because it fails.
    pub breaker: BreakerPolicy,
    /// The sources to try when it fails or returns nothing, in order.
    pub fallback: Vec<String>,
    /// Its known scopes; empty: the whole source is one.
    pub scopes: Vec<Scope>,
    /// When to scrape its scopes automatically.
    pub schedule: Option<Schedule>,
    /// Whether it may be scraped.
    pub enabled: bool,
    /// Declared entity types: records of theirs are checked. Default: none.
    pub entities: Arc<Declared>,
    /// The project that declares it; `None`: a program does.
    pub project: Option<String>,
}

/// How to get the records of a source.
#[derive(Clone, Debug)]
#[non_exhaustive]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one for each source, and most have the large variant"
)]
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

    /// The scope parts that its settings have placeholders for.
    pub fn placeholders(&self) -> Vec<&str> {
        match self {
            Self::Pages(kind) => kind.placeholders(),
            Self::File(kind) => kind.url.names().collect(),
            Self::Command(_) | Self::Singer(_) | Self::Postgres(_) => Vec::new(),
        }
    }

    /// Whether it goes through the fetcher, so that [`FetchSettings`] apply.
    pub const fn is_fetched(&self) -> bool {
        matches!(self, Self::Pages(_) | Self::File(_))
    }

    /// Whether it is crawled, so that [`CrawlSettings`] apply.
    pub const fn is_crawled(&self) -> bool {
        matches!(self, Self::Pages(_))
    }

    /// The default key fields of a kind whose records always have the same shape.
    pub fn default_key_fields(&self) -> &'static [&'static str] {
        match self.as_str() {
            "ical" => &["uid", "recurrence_id"],
            "feed" => &["id"],
            _ => &[],
        }
    }

    /// The sequence number field that the standard of this kind defines.
    pub fn default_sequence_field(&self) -> Option<&'static str> {
        (self.as_str() == "ical").then_some("sequence")
    }
}

impl SourceDefinition {
    /// A source with defaults for everything but its name and kind.
    pub fn new(name: impl Into<String>, kind: SourceKind) -> Self {
        Self {
            name: name.into(),
            entity_type: DEFAULT_ENTITY_TYPE.to_owned(),
            key_fields: kind.default_key_fields().iter().map(|field| (*field).to_owned()).collect(),
            rules: FieldRules::default(),
            on_duplicate: OnDuplicate::default(),
            guards: GuardPolicy::default(),
            max_rejected_share: DEFAULT_MAX_REJECTED_SHARE,
            max_rejected_kept: DEFAULT_MAX_REJECTED_KEPT,
            max_duration: None,
            complete: false,
            require_end: None,
            mode: RecordMode::default(),
            removed_when: RemovedWhen::default(),
            sequence_field: kind.default_sequence_field().map(str::to_owned),
            kind,
            fetch: FetchSettings::default(),
            crawl: CrawlSettings::default(),
            breaker: BreakerPolicy::default(),
            fallback: Vec::new(),
            scopes: Vec::new(),
            schedule: None,
            enabled: true,
            entities: Arc::default(),
            project: None,
        }
    }

    /// Whether the result for a key is known only at the end of the input.
    pub(super) fn needs_whole_input(&self) -> bool {
        self.mode == RecordMode::Patch || self.on_duplicate.needs_whole_input()
    }

    /// Whether the source can be scraped for a scope, that is, one of the declared scopes. If none is declared, a scope
    /// must fill all placeholders of its settings and have no other parts, because those would have no effect.
    pub fn covers(&self, scope: &Scope) -> bool {
        if !self.scopes.is_empty() {
            return self.scopes.contains(scope);
        }
        let placeholders = self.kind.placeholders();
        placeholders.iter().all(|name| scope.get(name).is_some())
            && scope.pairs().all(|(name, _)| placeholders.contains(&name))
    }

    /// The scopes to scrape if none is given.
    pub fn declared_scopes(&self) -> Vec<Scope> {
        if self.scopes.is_empty() { vec![Scope::default()] } else { self.scopes.clone() }
    }
}

/// All sources of a configuration, by name.
pub type Sources = BTreeMap<String, SourceDefinition>;

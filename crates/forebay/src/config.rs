//! `forebay.toml`: the user's sources and pipelines.
//!
//! One struct per concern, each field with its default. An unknown field is an error with its place and a suggestion,
//! because a misspelt guard would be a guard that is off. The engine checks fields that depend on each other;
//! [`definition`] adds the place in the file.
//!
//! Users read the doc comments of the fields: they become the JSON Schema for editors ([`mod@schema`]) and
//! `docs/reference/configuration.md`. `forebay init` writes [`TEMPLATE`]. Tests compare both with these structs.

mod breaker;
mod content;
mod database;
mod definition;
mod duplicates;
mod entity;
mod error;
mod freshness;
mod guards;
mod notify;
mod openlineage;
pub(crate) mod pipeline;
mod project;
#[cfg(test)]
mod reference;
mod schedule;
mod schema;
mod secrets;
mod server;
pub(crate) mod source;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::Path,
    sync::Arc,
};

use forebay_domain::{
    entity::Declared,
    freshness::{FreshnessPolicy, SHIPPED_TTLS},
};
use forebay_engine::{
    configuration::{self, Configuration},
    freshness::Policies,
    notify::{Notifier, Notifying},
    persist::PersistRequest,
    scrape::{SourceDefinition, Sources},
    work::{Declarations, PipelineSpec},
};
use forebay_sources::fetch::FetchSettings;
use schemars::JsonSchema;
use serde::Deserialize;

pub(crate) use self::{
    content::Content,
    database::read as read_database,
    freshness::Freshness,
    pipeline::Pipeline,
    schema::schema,
    source::{Format, Source},
};
use self::{
    database::DatabaseSettings, entity::Entity, notify::Notify, openlineage::OpenLineage, project::Project,
    server::Server,
};
use crate::failure::Failure;

/// The commented configuration that `forebay init` writes.
pub(crate) const TEMPLATE: &str = include_str!("config/template.toml");

/// The template with the name of the project that the file at `path` belongs to.
pub(crate) fn template_for(path: &Path) -> String {
    let name = toml::Value::String(project::default_name(path));
    TEMPLATE.replacen("name = \"my-project\"", &format!("name = {name}"), 1)
}

/// The configuration of Forebay: sources of records, and pipelines that ingest references.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// The project: whose declarations these are.
    #[serde(default)]
    project: Project,
    /// The database.
    #[serde(default)]
    database: DatabaseSettings,
    /// `[sources.NAME]`: sources of records, by name. Default: none; `persist --key` then sets the key.
    #[serde(default)]
    pub(crate) sources: BTreeMap<String, Source>,
    /// `[pipelines.NAME]`: pipelines that ingest references, by name. Default: none.
    #[serde(default)]
    pub(crate) pipelines: BTreeMap<String, Pipeline>,
    /// Fetch settings of all sources.
    #[serde(default)]
    #[expect(
        dead_code,
        reason = "read for its errors; definitions are made of the text that sources lay over it"
    )]
    fetch: FetchSettings,
    /// How old data of any entity type may get.
    #[serde(default)]
    freshness: Freshness,
    /// `[entities.NAME]`: entity types: how old their data may get, which overrides `[freshness]`, and their fields.
    #[serde(default)]
    entities: BTreeMap<String, Entity>,
    /// Generated courses: whether and how they are written to the database.
    #[serde(default)]
    pub(crate) content: Content,
    /// `[notify.NAME]`: receivers of notifications, by name. Default: none.
    #[serde(default)]
    notify: BTreeMap<String, Notify>,
    /// How others reach this Forebay.
    #[serde(default)]
    pub(crate) server: Server,
    /// Run events in the format of OpenLineage.
    #[serde(default)]
    pub(crate) openlineage: OpenLineage,
    /// The checked receivers of notifications.
    #[serde(skip)]
    notifiers: Vec<Notifier>,
    /// The definitions of the sources with a kind.
    #[serde(skip)]
    definitions: Sources,
    /// The entity types with fields.
    #[serde(skip)]
    typed: Arc<Declared>,
}

impl Config {
    /// Reads the file at `path`. `None` if it doesn't exist.
    pub(crate) fn read(path: &Path) -> Result<Option<Self>, Failure> {
        let Some(text) = text_of(path)? else { return Ok(None) };
        let mut config = Self::parse(&text, &path.display().to_string())?;
        if config.project.name.is_none() {
            config.belongs_to(&project::default_name(path));
        }
        Ok(Some(config))
    }

    /// Parses the text of a file; `file` is its name in errors.
    pub(crate) fn parse(text: &str, file: &str) -> Result<Self, Failure> {
        let located = |error| error::located(&error, text, file);
        let mut config: Self = toml::from_str(text).map_err(located)?;
        let written: toml::Table = toml::from_str(text).map_err(located)?;
        config.complete(&written).map_err(|problem| problem.located(text, file))?;
        if let Some(name) = config.project.name.clone() {
            config.belongs_to(&name);
        }
        Ok(config)
    }

    fn belongs_to(&mut self, project: &str) {
        self.project.name = Some(project.to_owned());
        for definition in self.definitions.values_mut() {
            definition.project = Some(project.to_owned());
        }
    }

    /// The name of the project; `None`: there is no file.
    pub(crate) fn project(&self) -> Option<&str> {
        self.project.name.as_deref()
    }

    /// A request to persist files of this format for a source; `None`: the file doesn't declare the source.
    pub(crate) fn persist_request(&self, name: &str, format: Format) -> Option<PersistRequest> {
        let source = self.sources.get(name)?;
        let of_kind = self.definitions.get(name).map(SourceDefinition::persist_request);
        let request = of_kind.unwrap_or_else(|| source.persist_request(name, format));
        let entities = Arc::clone(&self.typed);
        Some(PersistRequest { publish: Some(source.publish), entities, ..request })
    }

    /// The entity types with fields, by name.
    pub(crate) fn typed_entities(&self) -> &Arc<Declared> {
        &self.typed
    }

    /// All sources with the entity type of their records, where it is known.
    pub(crate) fn entity_types(&self) -> BTreeMap<&str, Option<&str>> {
        let sources = self.sources.iter();
        sources
            .map(|(name, source)| {
                let definition = self.definitions.get(name);
                let entity_type =
                    definition.map(|found| found.entity_type.as_str()).or(source.entity.as_deref());
                (name.as_str(), entity_type)
            })
            .collect()
    }

    /// The names of the sources to publish.
    pub(crate) fn published(&self) -> BTreeSet<&str> {
        self.sources.iter().filter(|(_, source)| source.publish).map(|(name, _)| name.as_str()).collect()
    }

    /// What is probably wrong with the file at `path`, as errors with their places. Uses no database and no network.
    pub(crate) fn warnings(&self, path: &Path) -> Result<Vec<forebay_views::Error>, Failure> {
        let Some(text) = text_of(path)? else { return Ok(Vec::new()) };
        let pipelines = self.pipeline_specs();
        let configuration = Configuration {
            project: self.project().unwrap_or_default(),
            sources: &self.definitions,
            entity_types: &self.entity_types(),
            published: &self.published(),
            pipelines: &pipelines,
        };
        let file = path.display().to_string();
        let mut found: Vec<_> = configuration::warnings(&configuration)
            .into_iter()
            .map(|warning| {
                let problem = error::Problem::at(warning.path, warning.message);
                let problem = match &warning.unknown {
                    // The source may be one that only the database knows.
                    Some((name, known)) if warning.code == "source_undeclared" => {
                        problem.slip(name, known.iter().map(String::as_str))
                    }
                    Some((unknown, known)) => problem.meant(unknown, known.iter().map(String::as_str)),
                    None => problem,
                };
                forebay_views::Error { code: warning.code.to_owned(), ..problem.located(&text, &file).view() }
            })
            .collect();
        found.extend(self.unknown_sources_of_notifiers().map(|problem| problem.located(&text, &file).view()));
        found.extend(self.database.missing_variable(path).map(|failure| failure.view()));
        Ok(found)
    }

    /// The pipelines in the engine's form.
    pub(crate) fn pipeline_specs(&self) -> Vec<PipelineSpec> {
        let pipelines = self.pipelines.iter();
        pipelines
            .flat_map(|(name, pipeline)| pipeline.declared_as(name))
            .map(|spec| PipelineSpec { project: self.project.name.clone(), ..spec })
            .collect()
    }

    /// The pipelines that commands of this configuration may run.
    pub(crate) fn declarations(&self) -> Declarations {
        Declarations::new(self.pipeline_specs())
    }

    /// Checks that involve several fields, and makes the definitions.
    fn complete(&mut self, written: &toml::Table) -> Result<(), error::Problem> {
        self.project.check()?;
        self.database.check()?;
        self.definitions = definition::define(&mut self.sources, written)?;
        for (name, pipeline) in &self.pipelines {
            pipeline.check(name)?;
        }
        let mut names = BTreeSet::new();
        if let Some(twice) = self.pipeline_specs().into_iter().find(|spec| !names.insert(spec.name.clone())) {
            let message = format!("an endpoint of another pipeline has the name {} too", twice.name);
            return Err(error::Problem::at(["pipelines", &twice.name], message));
        }
        self.typed = Arc::new(entity::typed(&self.entities)?);
        for definition in self.definitions.values_mut() {
            definition.entities = Arc::clone(&self.typed);
        }
        let freshness =
            self.entities.iter().map(|(name, entity)| (vec!["entities", name], entity.freshness()));
        for (mut path, freshness) in freshness.chain([(vec!["freshness"], self.freshness.clone())]) {
            if let Err((key, message)) = freshness.check() {
                path.push(key);
                return Err(error::Problem::at(path, message));
            }
        }
        self.server.check()?;
        self.openlineage.check()?;
        self.notifiers =
            self.notify.iter().map(|(name, notify)| notify.notifier(name)).collect::<Result<_, _>>()?;
        self.content.check()
    }

    /// Sources that a notifier reports on and this file doesn't declare: a misspelt one would never be reported.
    fn unknown_sources_of_notifiers(&self) -> impl Iterator<Item = error::Problem> {
        let named =
            self.notifiers.iter().flat_map(|own| own.sources.iter().map(|source| (&own.name, source)));
        named.filter(|(_, source)| !self.sources.contains_key(*source)).map(|(name, source)| {
            let message = format!(
                "this file declares no source {source}; nothing is reported unless the database has it"
            );
            let problem = error::Problem::at(["notify", name, "sources"], message).coded("source_undeclared");
            problem.slip(source, self.sources.keys().map(String::as_str))
        })
    }

    /// The notifications to send.
    pub(crate) fn notifying(&self) -> Notifying {
        Notifying {
            project: self.project.name.clone(),
            notifiers: self.notifiers.clone(),
            public_url: self.server.public_url.clone(),
            policies: self.policies(),
            ..Notifying::default()
        }
    }

    /// The host of the dashboard's public address.
    pub(crate) fn public_host(&self) -> Option<String> {
        self.server.public_url.as_ref().and_then(|url| url.host_str()).map(str::to_owned)
    }

    /// The sources that Forebay can scrape: those with a kind.
    pub(crate) fn definitions(&self) -> &Sources {
        &self.definitions
    }

    /// The maximum age of data of an entity type.
    pub(crate) fn freshness(&self, entity_type: &str) -> FreshnessPolicy {
        let policy = self.freshness.over(FreshnessPolicy::shipped(entity_type));
        self.entities.get(entity_type).map_or(policy, |entity| entity.freshness().over(policy))
    }

    /// The maximum age of data of every entity type.
    pub(crate) fn policies(&self) -> Policies {
        let shipped = SHIPPED_TTLS.iter().map(|(name, _)| *name);
        let configured = self.entities.keys().map(String::as_str);
        let named = shipped.chain(configured).map(|name| (name.to_owned(), self.freshness(name)));
        Policies::new(named).with_fallback(self.freshness.over(FreshnessPolicy::default()))
    }
}

/// The text of a file; `None` if it doesn't exist. Programs that are started later don't get the secrets that it names.
fn text_of(path: &Path) -> Result<Option<String>, Failure> {
    match fs::read_to_string(path) {
        Ok(text) => {
            secrets::keep(&text);
            Ok(Some(text))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            let message = format!("the configuration file {} cannot be read", path.display());
            Err(Failure::usage("config_unreadable", message).because(&error))
        }
    }
}

#[cfg(test)]
mod tests;

//! `documents`: the text of references, cut into chunks and indexed for search.
//!
//! ```toml
//! title = "headline"
//! fields = ["summary", "/venue/name"]
//! language = "english"
//! language_field = "lang"
//! chunk = { target = 1200, max = 2000 }
//!
//! [pipelines.NAME.embeddings]
//! url = "http://127.0.0.1:11434/v1/embeddings"
//! model = "nomic-embed-text"
//! dimensions = 768
//! ```
//!
//! Without `title`, the title is the first of `title`, `name` and `headline` that has text, otherwise the record's key.
//! Without `fields`, all text in the payload is indexed at any depth, but not the names of fields. The language is a
//! text search configuration of the database. The default is `simple`, which does no stemming; `language_field` names
//! the field that contains a record's own language. Embeddings are created separately, see [`crate::retrieval`].

mod language;
mod text;

use forebay_domain::{
    chunk::{self, ChunkSizes},
    handoff::FailureClass,
    identity::{KeyField, ReferenceId},
    json::{MAX_DEPTH_LIMIT, Parser, Value},
};
use forebay_store::{
    documents::{self, NewChunk, NewDocument, Stored},
    jobs::Failure,
    pipelines::{Effect, PipelineSpec},
};
use tokio_postgres::{GenericClient, Transaction};

use self::language::Languages;
use crate::{
    error::Result,
    retrieval::{self, EmbeddingSettings},
    work::{
        effect::Shape,
        setting_error::SettingError,
        settings::{self, Settings},
    },
};

const DEFAULT_TITLES: [&str; 3] = ["title", "name", "headline"];
const DEFAULT_LANGUAGE: &str = "simple";
/// How many references' payloads are read at once, and how many bytes of text are written at once. Both are held in
/// memory.
const LOADED_AT_ONCE: usize = 100;
const WRITTEN_AT_ONCE: usize = 8 << 20;

/// The handler, with the text search configurations of the database.
#[derive(Debug)]
pub(in crate::work) struct Documents {
    config: Config,
    languages: Languages,
}

/// The settings.
#[derive(Debug)]
pub(super) struct Config {
    titles: Vec<KeyField>,
    /// `None`: all text.
    fields: Option<Vec<KeyField>>,
    language: String,
    language_field: Option<KeyField>,
    sizes: ChunkSizes,
    embeddings: Option<EmbeddingSettings>,
}

/// Reads the settings.
pub(super) fn read(mut settings: Settings) -> settings::Result<Config> {
    let title = settings.text("title")?;
    let titles = title.as_deref().map_or(DEFAULT_TITLES.to_vec(), |title| vec![title]);
    let titles = titles.iter().map(|title| settings.field(&["title"], title));
    let titles = titles.collect::<settings::Result<_>>()?;
    let fields = match settings.texts("fields")? {
        Some(fields) => {
            let fields = fields
                .iter()
                .enumerate()
                .map(|(index, field)| settings.field(&["fields", &index.to_string()], field));
            Some(fields.collect::<settings::Result<_>>()?)
        }
        None => None,
    };
    let language = settings.text("language")?.unwrap_or_else(|| DEFAULT_LANGUAGE.to_owned());
    let language_field = match settings.text("language_field")? {
        Some(field) => Some(settings.field(&["language_field"], &field)?),
        None => None,
    };
    let sizes = read_sizes(&mut settings)?;
    let embeddings = match settings.table("embeddings")? {
        Some(table) => Some(EmbeddingSettings::read(settings.pipeline(), table)?),
        None => None,
    };
    Ok(Config { titles, fields, language, language_field, sizes, embeddings })
}

/// Everything but the embeddings, which are created separately, and again if their model changes.
pub(super) fn effect(config: &Config) -> Effect {
    let Config { titles, fields, language, language_field, sizes, embeddings: _ } = config;
    let titles: Vec<&str> = titles.iter().map(KeyField::as_str).collect();
    let fields: Option<Vec<&str>> =
        fields.as_ref().map(|fields| fields.iter().map(KeyField::as_str).collect());
    let default = ChunkSizes::default();
    Shape::default()
        .with("title", titles, DEFAULT_TITLES.to_vec())
        .with("fields", fields, None::<Vec<&str>>)
        .with("language", language.as_str(), DEFAULT_LANGUAGE)
        .with("language_field", language_field.as_ref().map(KeyField::as_str), None::<&str>)
        .with("chunk", vec![sizes.target(), sizes.max()], vec![default.target(), default.max()])
        .written()
}

/// Checks that the key for embeddings can be read.
pub(super) fn check_key(settings: Settings) -> settings::Result<()> {
    let pipeline = settings.pipeline().to_owned();
    let Some(embeddings) = read(settings)?.embeddings else { return Ok(()) };
    retrieval::check_key(embeddings)
        .map_err(|trouble| SettingError::new(&pipeline, &["embeddings", "api_key_env"], trouble.message))
}

async fn languages(client: &impl GenericClient) -> Result<Languages> {
    Ok(Languages::new(documents::languages(client).await?))
}

/// The errors of those pipelines whose text search configuration is none of the database's. Other settings are not
/// judged.
pub(super) async fn missing_languages(
    client: &impl GenericClient,
    specs: &[&PipelineSpec],
) -> Result<Vec<SettingError>> {
    if specs.is_empty() {
        return Ok(Vec::new());
    }
    let languages = languages(client).await?;
    let missing = |spec: &&PipelineSpec| {
        let config = read(Settings::of(spec).ok()?).ok()?;
        check_language(spec, &config.language, &languages).err()
    };
    Ok(specs.iter().filter_map(missing).collect())
}

fn check_language(spec: &PipelineSpec, language: &str, languages: &Languages) -> settings::Result<()> {
    if languages.has(language) {
        return Ok(());
    }
    let problem =
        format!("the database has no text search configuration {language:?}; it has {}", languages.names());
    Err(SettingError::new(&spec.name, &["language"], problem))
}

fn read_sizes(settings: &mut Settings) -> settings::Result<ChunkSizes> {
    const KNOWN: &[&str] = &["target", "max"];

    let Some(table) = settings.table("chunk")? else { return Ok(ChunkSizes::default()) };
    if let Some(name) = table.keys().find(|name| !KNOWN.contains(&name.as_str())) {
        let problem = format!("`chunk` has no setting `{name}`");
        return Err(settings.wrong(&["chunk", name], problem).unknown(name, KNOWN));
    }
    let size = |name: &str, default: usize| match table.get(name) {
        None => Ok(default),
        Some(value) => value.as_u64().and_then(|size| usize::try_from(size).ok()).ok_or_else(|| {
            settings.wrong(&["chunk", name], format!("the setting `chunk.{name}` must be a whole number"))
        }),
    };
    let default = ChunkSizes::default();
    let target = size("target", default.target())?;
    let max = size("max", default.max().max(target))?;
    ChunkSizes::new(target, max).map_err(|error| settings.wrong(&["chunk"], format!("`chunk`: {error}")))
}

impl Documents {
    /// Checks that the language exists. The index works without embeddings: if pgvector is missing, only they wait.
    pub(super) async fn open(client: &impl GenericClient, spec: &PipelineSpec) -> Result<Self> {
        let config = read(Settings::of(spec)?)?;
        let languages = languages(client).await?;
        check_language(spec, &config.language, &languages)?;
        Ok(Self { config, languages })
    }

    /// Updates the documents of `ids`.
    pub(super) async fn apply(
        &self,
        transaction: &Transaction<'_>,
        pipeline_id: i32,
        ids: &[ReferenceId],
    ) -> Result<Vec<Failure>> {
        let mut failures = Vec::new();
        let mut gone = Vec::new();
        let mut parser = Parser::new(MAX_DEPTH_LIMIT);
        for ids in ids.chunks(LOADED_AT_ONCE) {
            let stored = documents::load(transaction, ids).await?;
            let mut is_gone = vec![true; ids.len()];
            let (mut written, mut num_bytes) = (Vec::new(), 0);
            for reference in &stored {
                let id = ids[reference.index];
                is_gone[reference.index] = false;
                match parser.parse(reference.payload.as_bytes()) {
                    Ok(payload) => {
                        let document = self.document(id, payload.root(), reference);
                        num_bytes += document.chunks.iter().map(|chunk| chunk.content.len()).sum::<usize>();
                        written.push(document);
                    }
                    Err(reject) => {
                        let message =
                            format!("the stored payload cannot be read ({})", reject.reason.as_str());
                        failures.push(Failure {
                            reference_id: id,
                            class: FailureClass::Permanent,
                            reason_code: "payload_unreadable".to_owned(),
                            message,
                            retry_after: None,
                        });
                    }
                }
                if num_bytes >= WRITTEN_AT_ONCE {
                    documents::write(transaction, pipeline_id, &written).await?;
                    written.clear();
                    num_bytes = 0;
                }
            }
            if !written.is_empty() {
                documents::write(transaction, pipeline_id, &written).await?;
            }
            gone.extend(ids.iter().zip(is_gone).filter_map(|(id, is_gone)| is_gone.then_some(*id)));
        }
        if !gone.is_empty() {
            documents::delete(transaction, pipeline_id, &gone).await?;
        }
        Ok(failures)
    }

    fn document(&self, id: ReferenceId, payload: Value<'_>, stored: &Stored) -> NewDocument {
        let Config { titles, fields, language_field, sizes, .. } = &self.config;
        let title = titles.iter().find_map(|title| {
            let text = title.locate(payload)?.as_str()?.trim();
            (!text.is_empty()).then(|| text.to_owned())
        });
        let title = title.unwrap_or_else(|| stored.record_key.clone());
        let given = language_field.as_ref().and_then(|field| field.locate(payload)?.as_str());
        let language = given.map_or(self.config.language.as_str(), |given| self.languages.of(given));
        let (text, is_cut) = text::of(payload, fields.as_deref(), &title);
        // A document without text can still be found by its title.
        let text = if text.is_empty() { &title } else { &text };
        let chunks = chunk::chunks(id, text, *sizes).into_iter().map(|chunk| NewChunk {
            id: chunk.id,
            content_hash: chunk.content_hash,
            heading: chunk.heading,
            content: chunk.text.to_owned(),
        });
        NewDocument {
            reference_id: id,
            payload_hash: stored.version_hash,
            language: language.to_owned(),
            is_cut,
            chunks: chunks.collect(),
            title,
        }
    }
}

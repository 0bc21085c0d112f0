//! `documents`: the text of references, indexed for search.
//!
//! ```toml
//! title = "headline"
//! fields = ["summary", "/venue/name"]
//! language = "english"
//! ```
//!
//! Without `title` it is the first of `title`, `name` and `headline` that has text, else the record's key. Without
//! `fields` it is all text in the payload, however deep, keys aside. The language is a text search configuration of
//! the database, by default `simple`, which knows no language and takes words as they are.

use forebay_domain::{
    handoff::FailureClass,
    identity::{KeyField, ReferenceId},
    json::{Kind, MAX_DEPTH_LIMIT, Parser, Value},
};
use forebay_store::{
    documents::{self, MAX_BODY_BYTES, NewDocument},
    jobs::Failure,
    pipelines::PipelineSpec,
};
use tokio_postgres::{GenericClient, Transaction};

use crate::{
    error::Result,
    work::{batch::failure, settings::Settings},
};

const DEFAULT_TITLES: [&str; 3] = ["title", "name", "headline"];

/// The handler, with its language known to the database.
#[derive(Debug)]
pub(in crate::work) struct Documents {
    config: Config,
}

/// The settings.
#[derive(Debug)]
pub(super) struct Config {
    titles: Vec<KeyField>,
    /// None: all text.
    fields: Option<Vec<KeyField>>,
    language: String,
}

/// Reads the settings.
pub(super) fn read(mut settings: Settings) -> Result<Config> {
    let titles = match settings.text("title")? {
        Some(title) => vec![settings.field(&title)?],
        None => DEFAULT_TITLES.iter().map(|title| settings.field(title)).collect::<Result<_>>()?,
    };
    let fields = match settings.texts("fields")? {
        Some(fields) => Some(fields.iter().map(|field| settings.field(field)).collect::<Result<_>>()?),
        None => None,
    };
    let language = settings.text("language")?.unwrap_or_else(|| "simple".to_owned());
    settings.end("documents")?;
    Ok(Config { titles, fields, language })
}

impl Documents {
    /// Makes sure that the language is known.
    pub(super) async fn open(client: &impl GenericClient, spec: &PipelineSpec) -> Result<Self> {
        let config = read(Settings::of(spec)?)?;
        if !documents::is_language(client, &config.language).await? {
            let language = &config.language;
            return Err(Settings::of(spec)?
                .wrong(format!("the database has no text search configuration {language:?}")));
        }
        Ok(Self { config })
    }

    /// Brings the documents of `ids` up to date.
    pub(super) async fn apply(
        &self,
        transaction: &Transaction<'_>,
        pipeline_id: i32,
        ids: &[ReferenceId],
    ) -> Result<Vec<Failure>> {
        let stored = documents::load(transaction, ids).await?;
        let mut gone = vec![true; ids.len()];
        let mut failures = Vec::new();
        let mut written = Vec::with_capacity(stored.len());
        let mut parser = Parser::new(MAX_DEPTH_LIMIT);
        for reference in &stored {
            let id = ids[reference.index];
            gone[reference.index] = false;
            match parser.parse(reference.payload.as_bytes()) {
                Ok(payload) => {
                    let (title, body) = self.config.text_of(payload.root(), &reference.record_key);
                    written.push(NewDocument::new(id, reference.version_hash, title, body));
                }
                Err(reject) => {
                    let message = format!("the stored payload cannot be read ({})", reject.reason.code());
                    failures.push(failure(id, FailureClass::Permanent, "payload_unreadable", message));
                }
            }
        }
        if !written.is_empty() {
            documents::upsert(transaction, pipeline_id, &self.config.language, &written).await?;
        }
        let gone: Vec<ReferenceId> =
            ids.iter().zip(gone).filter_map(|(id, gone)| gone.then_some(*id)).collect();
        if !gone.is_empty() {
            documents::delete(transaction, pipeline_id, &gone).await?;
        }
        Ok(failures)
    }
}

impl Config {
    /// Title and body of a payload.
    fn text_of(&self, payload: Value<'_>, record_key: &str) -> (String, String) {
        let title = self.titles.iter().find_map(|title| {
            let text = title.locate(payload)?.as_str()?.trim();
            (!text.is_empty()).then(|| text.to_owned())
        });
        let mut body = String::new();
        match &self.fields {
            Some(fields) => {
                for value in fields.iter().filter_map(|field| field.locate(payload)) {
                    append_text(value, &mut body);
                }
            }
            None => append_text(payload, &mut body),
        }
        (title.unwrap_or_else(|| record_key.to_owned()), body)
    }
}

/// Appends all text in a value, one piece a line, until there is more than will be kept.
fn append_text(value: Value<'_>, out: &mut String) {
    if out.len() > MAX_BODY_BYTES {
        return;
    }
    match value.kind() {
        Kind::Object => value.members().for_each(|member| append_text(member.value, out)),
        Kind::Array => value.elements().for_each(|element| append_text(element, out)),
        _ => {
            let Some(text) = value.as_str().map(str::trim).filter(|text| !text.is_empty()) else { return };
            if !out.is_empty() {
                out.push('\n');
            }
            out.push_str(text);
        }
    }
}

//! The settings of a pipeline's embeddings.
//!
//! ```toml
//! [pipelines.search.embeddings]
//! url = "http://127.0.0.1:11434/v1/embeddings"
//! model = "nomic-embed-text"
//! dimensions = 768
//! api_key_env = "EMBEDDINGS_API_KEY"
//! ```

use forebay_store::pipelines::{Pipeline, PipelineSpec};
use reqwest::Url;
use serde_json::{Map, Value};

use crate::error::{Error, Result};

/// The most numbers that an embedding may have, by pgvector's own limit.
const MAX_DIMENSIONS: u64 = 16_000;

/// Where embeddings are made, and by what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmbeddingSettings {
    /// Where to post to, such as `http://127.0.0.1:11434/v1/embeddings`. What answers there speaks as `OpenAI` does.
    pub url: String,
    /// The model's name, as the endpoint knows it.
    pub model: String,
    /// Numbers in an embedding of this model, 1 to 16,000. Up to 2,000 are searched through an index.
    pub dimensions: u32,
    /// The environment variable that holds the key for the endpoint. Default: none, no key is sent.
    pub api_key_env: Option<String>,
}

impl EmbeddingSettings {
    /// Reads them strictly; the error is a sentence about the first setting that is wrong.
    pub(crate) fn read(mut table: Map<String, Value>) -> std::result::Result<Self, String> {
        let mut text = |name: &str| match table.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) if !text.trim().is_empty() => Ok(Some(text)),
            Some(_) => Err(format!("the setting `embeddings.{name}` must be text")),
        };
        let url = text("url")?.ok_or("`embeddings` needs `url`, where embeddings are made")?;
        let model = text("model")?.ok_or("`embeddings` needs `model`")?;
        let api_key_env = text("api_key_env")?;
        let dimensions = table.remove("dimensions").ok_or("`embeddings` needs `dimensions`")?;
        let dimensions = dimensions
            .as_u64()
            .filter(|dimensions| (1..=MAX_DIMENSIONS).contains(dimensions))
            .and_then(|dimensions| u32::try_from(dimensions).ok())
            .ok_or("the setting `embeddings.dimensions` must be a whole number from 1 to 16000")?;
        if let Some(name) = table.keys().next() {
            return Err(format!("`embeddings` has no setting `{name}`"));
        }
        // Settings are stored in the database, where a key has no place.
        let parsed = Url::parse(&url).ok().filter(|parsed| matches!(parsed.scheme(), "http" | "https"));
        let parsed = parsed.ok_or("the setting `embeddings.url` must begin with http:// or https://")?;
        if !parsed.username().is_empty() || parsed.password().is_some() {
            return Err("`embeddings.url` must not hold a password; name an environment variable with \
                `embeddings.api_key_env`"
                .into());
        }
        Ok(Self { url, model, dimensions, api_key_env })
    }

    /// Those of a pipeline; None: it makes no embeddings.
    pub(crate) fn of(spec: &PipelineSpec) -> Result<Option<Self>> {
        let wrong = |reason| Error::PipelineConfig { pipeline: spec.name.clone(), reason };
        match spec.config.get("embeddings") {
            _ if spec.handler != "documents" => Ok(None),
            None => Ok(None),
            Some(Value::Object(table)) => Self::read(table.clone()).map(Some).map_err(wrong),
            Some(_) => Err(wrong("the setting `embeddings` must be a table".to_owned())),
        }
    }
}

/// What to say of a pipeline with embeddings in a database without pgvector.
pub(crate) fn lacks_vector(pipeline: &str) -> Error {
    Error::PipelineConfig {
        pipeline: pipeline.to_owned(),
        reason: "it asks for embeddings, and the database has no pgvector; install pgvector on the server and run \
            `create extension vector` in this database, or take its embeddings out"
            .to_owned(),
    }
}

/// The enabled pipelines that make embeddings, of those named or of all.
pub(super) fn with_embeddings(
    pipelines: Vec<Pipeline>,
    is_chosen: impl Fn(&str) -> bool,
) -> Vec<(Pipeline, Result<EmbeddingSettings>)> {
    pipelines
        .into_iter()
        .filter(|pipeline| pipeline.spec.enabled && is_chosen(&pipeline.spec.name))
        .filter_map(|pipeline| {
            let settings = EmbeddingSettings::of(&pipeline.spec).transpose()?;
            Some((pipeline, settings))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: Value) -> std::result::Result<EmbeddingSettings, String> {
        let Value::Object(table) = value else { panic!("{value}") };
        EmbeddingSettings::read(table)
    }

    #[test]
    fn what_is_wrong_is_told_by_name() {
        let good = json!({"url": "http://127.0.0.1:1/v1/embeddings", "model": "m", "dimensions": 3});
        assert_eq!(read(good.clone()).unwrap().dimensions, 3);
        let wrong = [
            ("url", json!("ftp://x"), "must begin with http"),
            ("url", json!("https://me:s3cret@x/"), "must not hold a password"),
            ("model", json!(5), "`embeddings.model` must be text"),
            ("dimensions", json!(0), "`embeddings.dimensions`"),
            ("api_key", json!("k"), "no setting `api_key`"),
        ];
        for (name, value, reason) in wrong {
            let mut settings = good.clone();
            settings[name] = value;
            let error = read(settings).unwrap_err();
            assert!(error.contains(reason) && !error.contains("s3cret"), "{error}");
        }
    }
}

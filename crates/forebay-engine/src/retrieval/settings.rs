//! The settings of a pipeline's embeddings.
//!
//! ```toml
//! [pipelines.search.embeddings]
//! url = "http://127.0.0.1:11434/v1/embeddings"
//! model = "nomic-embed-text"
//! dimensions = 768
//! api_key_env = "EMBEDDINGS_API_KEY"
//! ```

use forebay_domain::handoff::HandlerKind;
use forebay_store::pipelines::{Pipeline, PipelineSpec};
use reqwest::Url;
use serde_json::{Map, Value};

use crate::error::{Error, Result};

/// The maximum number of dimensions in pgvector.
const MAX_DIMENSIONS: u64 = 16_000;

/// The endpoint and model for a pipeline's embeddings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmbeddingSettings {
    /// The URL to post to, such as `http://127.0.0.1:11434/v1/embeddings`. It must support `OpenAI`'s format.
    pub url: String,
    /// The model's name at the endpoint.
    pub model: String,
    /// Dimensions of the model's embeddings, 1 to 16,000. An index is used for up to 2,000.
    pub dimensions: u32,
    /// The environment variable that contains the endpoint's key. Default: none; no key is sent.
    pub api_key_env: Option<String>,
}

impl EmbeddingSettings {
    /// Reads the settings strictly; the error is a sentence about the first invalid setting.
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
        // Settings are stored in the database, and credentials in a URL must not be.
        let parsed = Url::parse(&url).ok().filter(|parsed| matches!(parsed.scheme(), "http" | "https"));
        let parsed = parsed.ok_or("the setting `embeddings.url` must begin with http:// or https://")?;
        if !parsed.username().is_empty() || parsed.password().is_some() {
            return Err("`embeddings.url` must not hold a password; name an environment variable with \
                `embeddings.api_key_env`"
                .into());
        }
        Ok(Self { url, model, dimensions, api_key_env })
    }

    /// The embedding settings of a pipeline; `None`: it has no embeddings.
    pub(crate) fn of(spec: &PipelineSpec) -> Result<Option<Self>> {
        let wrong = |reason| Error::PipelineConfig { pipeline: spec.name.clone(), reason };
        match spec.config.get("embeddings") {
            _ if spec.handler != HandlerKind::Documents.as_str() => Ok(None),
            None => Ok(None),
            Some(Value::Object(table)) => Self::read(table.clone()).map(Some).map_err(wrong),
            Some(_) => Err(wrong("the setting `embeddings` must be a table".to_owned())),
        }
    }
}

/// The error for a pipeline with embeddings in a database without pgvector.
pub(crate) fn lacks_vector(pipeline: &str) -> Error {
    Error::PipelineConfig {
        pipeline: pipeline.to_owned(),
        reason: "it asks for embeddings, and the database has no pgvector; install pgvector on the server and run \
            `create extension vector` in this database, or take its embeddings out"
            .to_owned(),
    }
}

/// The enabled pipelines that have embeddings, either all or only the named ones.
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
    fn wrong_settings_are_reported_by_name() {
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

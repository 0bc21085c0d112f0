//! The settings of a pipeline's embeddings.
//!
//! ```toml
//! [pipelines.search.embeddings]
//! url = "http://127.0.0.1:11434/v1/embeddings"
//! model = "nomic-embed-text"
//! dimensions = 768
//! api_key_env = "EMBEDDINGS_API_KEY"
//! ```

use forebay_domain::{handoff::HandlerKind, secret_names::refusal};
use forebay_store::pipelines::{Pipeline, PipelineSpec};
use reqwest::Url;
use serde_json::{Map, Value};

use crate::{
    error::{Error, Result},
    work::setting_error::SettingError,
};

/// The maximum number of dimensions in pgvector.
const MAX_DIMENSIONS: u64 = 16_000;
/// The names of the settings.
const KNOWN: &[&str] = &["url", "model", "dimensions", "api_key_env"];

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
    /// Reads the settings of a pipeline strictly.
    pub(crate) fn read(
        pipeline: &str,
        mut table: Map<String, Value>,
    ) -> std::result::Result<Self, SettingError> {
        let wrong = |name: &str, problem: String| SettingError::new(pipeline, &["embeddings", name], problem);
        if let Some(name) = table.keys().find(|name| !KNOWN.contains(&name.as_str())) {
            return Err(wrong(name, format!("`embeddings` has no setting `{name}`")).unknown(name, KNOWN));
        }
        let needed = |problem: &str| SettingError::new(pipeline, &["embeddings"], problem);
        let mut text = |name: &str| match table.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) if !text.trim().is_empty() => Ok(Some(text)),
            Some(_) => Err(wrong(name, format!("the setting `embeddings.{name}` must be text"))),
        };
        let url = text("url")?.ok_or_else(|| needed("`embeddings` needs `url`, the endpoint"))?;
        let model = text("model")?.ok_or_else(|| needed("`embeddings` needs `model`"))?;
        let api_key_env = text("api_key_env")?;
        if let Some(problem) = api_key_env.as_deref().and_then(refusal) {
            return Err(wrong("api_key_env", problem));
        }
        let dimensions =
            table.remove("dimensions").ok_or_else(|| needed("`embeddings` needs `dimensions`"))?;
        let dimensions = dimensions
            .as_u64()
            .filter(|dimensions| (1..=MAX_DIMENSIONS).contains(dimensions))
            .and_then(|dimensions| u32::try_from(dimensions).ok());
        let dimensions = dimensions.ok_or_else(|| {
            let problem = "the setting `embeddings.dimensions` must be a whole number from 1 to 16000";
            wrong("dimensions", problem.to_owned())
        })?;
        // Settings are stored in the database, and credentials in a URL must not be.
        let parsed = Url::parse(&url).ok().filter(|parsed| matches!(parsed.scheme(), "http" | "https"));
        let parsed = parsed.ok_or_else(|| {
            wrong("url", "the setting `embeddings.url` must begin with http:// or https://".to_owned())
        })?;
        if !parsed.username().is_empty() || parsed.password().is_some() {
            let problem = "`embeddings.url` must not contain a password; name an environment variable with \
                `embeddings.api_key_env`";
            return Err(wrong("url", problem.to_owned()));
        }
        Ok(Self { url, model, dimensions, api_key_env })
    }

    /// The embedding settings of a pipeline; None: it makes no embeddings.
    pub(crate) fn of(spec: &PipelineSpec) -> std::result::Result<Option<Self>, SettingError> {
        match spec.config.get("embeddings") {
            _ if spec.handler != HandlerKind::Documents.as_str() => Ok(None),
            None => Ok(None),
            Some(Value::Object(table)) => Self::read(&spec.name, table.clone()).map(Some),
            Some(_) => {
                let problem = "the setting `embeddings` must be a table";
                Err(SettingError::new(&spec.name, &["embeddings"], problem))
            }
        }
    }
}

/// The enabled pipelines that have embeddings, either all or only the named ones.
pub(crate) fn with_embeddings(
    pipelines: Vec<Pipeline>,
    is_chosen: impl Fn(&str) -> bool,
) -> Vec<(Pipeline, Result<EmbeddingSettings>)> {
    pipelines
        .into_iter()
        .filter(|pipeline| pipeline.spec.enabled && is_chosen(&pipeline.spec.name))
        .filter_map(|pipeline| {
            let settings = EmbeddingSettings::of(&pipeline.spec).transpose()?;
            Some((pipeline, settings.map_err(Error::from)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: Value) -> std::result::Result<EmbeddingSettings, SettingError> {
        let Value::Object(table) = value else { panic!("{value}") };
        EmbeddingSettings::read("search", table)
    }

    #[test]
    fn wrong_settings_are_reported_by_name() {
        let good = json!({"url": "http://127.0.0.1:1/v1/embeddings", "model": "m", "dimensions": 3});
        assert_eq!(read(good.clone()).unwrap().dimensions, 3);
        let wrong = [
            ("url", json!("ftp://x"), "must begin with http"),
            ("url", json!("https://me:s3cret@x/"), "must not contain a password"),
            ("model", json!(5), "`embeddings.model` must be text"),
            ("dimensions", json!(0), "`embeddings.dimensions`"),
            ("api_key", json!("k"), "no setting `api_key`"),
            ("api_key_env", json!("DATABASE_URL"), "is never sent"),
        ];
        for (name, value, reason) in wrong {
            let mut settings = good.clone();
            settings[name] = value;
            let error = read(settings).unwrap_err();
            assert_eq!(error.setting, ["embeddings", name]);
            let error = error.to_string();
            assert!(error.contains(reason) && !error.contains("s3cret"), "{error}");
        }
    }
}

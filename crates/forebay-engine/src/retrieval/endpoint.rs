//! Requests embeddings: one POST of `{"model", "input": [ … ]}`, answered by `{"data": [{"index", "embedding"}]}`.
//!
//! `OpenAI`'s service and most local servers support this format. An endpoint's refusal may quote the text that was
//! sent, so only the status and the error code are passed on.

use std::time::Duration;

use forebay_domain::handoff::FailureClass;
use forebay_sources::environment;
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};
use serde_json::{Value, json};

use super::{settings::EmbeddingSettings, trouble::EmbedTrouble};
use crate::http;

const TIMEOUT: Duration = Duration::from_mins(1);
/// Enough for a few hundred embeddings of about 10,000 digits each.
const MAX_ANSWER_BYTES: usize = 64 << 20;

/// An endpoint with its model.
#[derive(Debug)]
pub(super) struct Endpoint {
    settings: EmbeddingSettings,
    url: Url,
    client: Client,
    key: Option<Key>,
}

/// A secret that no output format shows.
struct Key(String);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key")
    }
}

/// Checks that the key of an endpoint can be read.
pub(crate) fn check_key(settings: EmbeddingSettings) -> Result<(), EmbedTrouble> {
    Endpoint::open(settings).map(drop)
}

impl Endpoint {
    /// Reads the key from the environment.
    pub(super) fn open(settings: EmbeddingSettings) -> Result<Self, EmbedTrouble> {
        let key = match &settings.api_key_env {
            None => None,
            Some(name) => match environment::var(name) {
                Ok(key) if !key.trim().is_empty() => Some(Key(key.trim().to_owned())),
                _ => return Err(unusable(format!("the environment variable {name} does not contain a key"))),
            },
        };
        let url = Url::parse(&settings.url).map_err(|error| unusable(error.to_string()))?;
        let client = http::client(&url, TIMEOUT).map_err(|error| unusable(error.to_string()))?;
        Ok(Self { settings, url, client, key })
    }

    /// Returns the embeddings of texts, in their order.
    pub(super) async fn embed(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, EmbedTrouble> {
        let body = json!({"model": self.settings.model, "input": texts}).to_string();
        let request =
            self.client.post(self.url.clone()).header("content-type", "application/json").body(body);
        let answer = self.with_key(request).send().await.map_err(|error| broken(&error))?;
        if answer.status() != StatusCode::OK {
            return Err(refusal(answer).await);
        }
        let body = read(answer).await?;
        self.embeddings_of(&body, texts.len())
    }

    fn with_key(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.key {
            Some(Key(key)) => request.bearer_auth(key),
            None => request,
        }
    }

    fn embeddings_of(&self, body: &[u8], num_texts: usize) -> Result<Vec<Vec<f32>>, EmbedTrouble> {
        let wrong = || unusable("the endpoint's answer is not a list of embeddings".to_owned());
        let answer: Value = serde_json::from_slice(body).map_err(|_| wrong())?;
        let data = answer["data"].as_array().ok_or_else(wrong)?;
        let mut embeddings = vec![Vec::new(); num_texts];
        for (place, item) in data.iter().enumerate() {
            let index = item["index"].as_u64().and_then(|index| usize::try_from(index).ok()).unwrap_or(place);
            let numbers = item["embedding"].as_array().ok_or_else(wrong)?;
            *embeddings.get_mut(index).ok_or_else(wrong)? =
                numbers.iter().map(number).collect::<Option<_>>().ok_or_else(wrong)?;
        }
        let dimensions = self.settings.dimensions;
        let is_other = |embedding: &&Vec<f32>| u32::try_from(embedding.len()) != Ok(dimensions);
        match embeddings.iter().find(is_other) {
            // It has no direction, so it is as near to everything as to nothing.
            None if embeddings.iter().any(|embedding| embedding.iter().all(|number| *number == 0.0)) => {
                Err(EmbedTrouble {
                    reason_code: EmbedTrouble::INPUT_REFUSED,
                    ..unusable("the endpoint returned a vector of zeros".to_owned())
                })
            }
            None => Ok(embeddings),
            Some(other) if other.is_empty() => Err(wrong()),
            Some(other) => Err(unusable(format!(
                "the model {:?} returned {} numbers, but `embeddings.dimensions` is {dimensions}",
                self.settings.model,
                other.len()
            ))),
        }
    }
}

/// pgvector stores four bytes per number.
#[expect(clippy::cast_possible_truncation, reason = "stored embeddings have this precision")]
fn number(value: &Value) -> Option<f32> {
    value.as_f64().map(|number| number as f32).filter(|number| number.is_finite())
}

async fn read(mut answer: Response) -> Result<Vec<u8>, EmbedTrouble> {
    let mut body = Vec::new();
    while let Some(piece) = answer.chunk().await.map_err(|error| broken(&error))? {
        if body.len() + piece.len() > MAX_ANSWER_BYTES {
            return Err(unusable(format!("the endpoint's answer is longer than {MAX_ANSWER_BYTES} bytes")));
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

/// Interprets a status other than 200.
async fn refusal(answer: Response) -> EmbedTrouble {
    let status = answer.status();
    let seconds =
        answer.headers().get("retry-after").and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let retry_after = seconds.map(Duration::from_secs);
    let code = read(answer).await.ok().and_then(|body| error_code(&body));
    let code = code.map_or_else(String::new, |code| format!(" ({code})"));
    let (class, reason_code) = match status.as_u16() {
        429 => (FailureClass::Throttled, "embeddings_throttled"),
        408 | 500..=599 => (FailureClass::Transient, "embeddings_unavailable"),
        400 | 413 | 422 => (FailureClass::Permanent, EmbedTrouble::INPUT_REFUSED),
        _ => (FailureClass::Permanent, EmbedTrouble::UNUSABLE),
    };
    let message = format!("the embeddings endpoint answered with status {}{code}", status.as_u16());
    EmbedTrouble { class, reason_code, message, retry_after }
}

/// The error code in `OpenAI`'s format, if it is a single word.
fn error_code(body: &[u8]) -> Option<String> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    let code = answer["error"]["code"].as_str().or_else(|| answer["error"]["type"].as_str())?;
    let is_word = code.len() <= 64 && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    is_word.then(|| code.to_owned())
}

fn broken(error: &reqwest::Error) -> EmbedTrouble {
    if error.is_builder() {
        return unusable(words(error));
    }
    EmbedTrouble {
        class: FailureClass::Transient,
        reason_code: "embeddings_unavailable",
        message: format!("the embeddings endpoint cannot be reached: {}", words(error)),
        retry_after: None,
    }
}

fn unusable(message: String) -> EmbedTrouble {
    EmbedTrouble {
        class: FailureClass::Permanent,
        reason_code: EmbedTrouble::UNUSABLE,
        message,
        retry_after: None,
    }
}

/// The innermost error, which is the most specific and contains no address.
fn words(error: &reqwest::Error) -> String {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    if innermost.is::<reqwest::Error>() && error.is_timeout() {
        return "it did not answer in time".to_owned();
    }
    innermost.to_string()
}

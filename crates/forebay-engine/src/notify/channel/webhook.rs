//! A POST request, by the client, the address rules and the signatures of the handler `webhook`.

use forebay_sources::Masks;
use forebay_store::pipelines::PipelineSpec;
use serde_json::{Map, Value, json};

use super::{
    super::settings::{Notifier, NotifierError, WebhookSettings},
    message::Tried,
};
use crate::{
    clock,
    work::{SettingError, Webhook, check_webhook, event::Outcome},
};

/// Stands in for a URL that is read later.
const SOME_URL: &str = "https://example.invalid/";

/// A client for the URL of a notifier.
#[derive(Debug)]
pub(in super::super) struct SignedPost {
    webhook: Webhook,
    /// The path of a secret URL: servers like to repeat it.
    masks: Masks,
}

pub(super) fn check(notifier: &Notifier, settings: &WebhookSettings) -> Result<(), NotifierError> {
    let url = if is_secret(&settings.url) {
        notifier.check_secret("url", &settings.url)?;
        SOME_URL
    } else {
        &settings.url
    };
    check_webhook(&spec(notifier, settings, url)).map_err(|error| of_handler(notifier, error))
}

fn is_secret(url: &str) -> bool {
    url.starts_with("env:") || url.starts_with("file:")
}

/// The settings in the form of the handler.
fn spec(notifier: &Notifier, settings: &WebhookSettings, url: &str) -> PipelineSpec {
    let headers = settings.headers.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str())));
    let headers: Map<String, Value> = headers.collect();
    let config = json!({
        "url": url,
        "secret": settings.secret,
        "headers": headers,
        "allow_http": settings.allow_http,
        "timeout": format!("{}ms", notifier.timeout.as_millis()),
    });
    PipelineSpec::new(notifier.name.as_str(), "webhook", config)
}

fn of_handler(notifier: &Notifier, error: SettingError) -> NotifierError {
    let setting: Vec<&str> = error.setting.iter().map(String::as_str).collect();
    notifier.wrong(&setting, error.problem)
}

impl SignedPost {
    pub(super) fn open(notifier: &Notifier, settings: &WebhookSettings) -> Result<Self, NotifierError> {
        let url = if is_secret(&settings.url) {
            notifier.secret("url", &settings.url)?
        } else {
            settings.url.clone()
        };
        let opened = Webhook::open(&spec(notifier, settings, &url));
        let path = url.splitn(4, '/').nth(3).filter(|_| is_secret(&settings.url));
        let masks = Masks::of(&path.map(str::to_owned).into_iter().collect::<Vec<_>>());
        Ok(Self { webhook: opened.map_err(|error| of_handler(notifier, error))?, masks })
    }

    pub(super) async fn send(&self, id: &str, body: String, media_type: &'static str) -> Tried {
        let (mut outcome, mut received) = self.webhook.post(id, body, media_type, clock::now()).await;
        received.body = self.masks.apply(&received.body);
        if let Outcome::Failed { message, .. } = &mut outcome {
            *message = self.masks.apply(message);
        }
        let answer = match received.status {
            Some(status) if received.body.is_empty() => format!("status {status}"),
            Some(status) => format!("status {status}: {}", received.body),
            None => String::new(),
        };
        Tried { outcome, answer }
    }
}

//! `webhook`: sends each change as a signed POST request to the user's endpoint.
//!
//! ```toml
//! url = "https://example.org/ingest"
//! secret = ["env:INGEST_SECRET", "env:INGEST_SECRET_BEFORE"]
//! timeout = "30s"
//! concurrency = 8
//! headers = { authorization = "env:INGEST_AUTHORIZATION" }
//! payload = true
//! disable = { after = "5d", min_failures = 10 }
//! log_deliveries = "all"
//! ```
//!
//! The body is an event in the format of `CloudEvents` ([`event`]), signed according to Standard Webhooks
//! ([`signature`]). [`response`] interprets the response. `http://` is accepted for loopback hosts; other hosts need
//! `allow_http = true`, because bodies and headers are then readable in transit.
//!
//! Secrets are read from the worker's environment when the handler is opened. Settings contain only their names, so the
//! database stores no secret. Messages contain only the host of the URL.

mod disabling;
mod event;
mod response;
mod sent;
mod signature;

#[cfg(test)]
mod tests;

use std::{fmt, time::Duration};

use forebay_domain::secret_names::refusal;
use forebay_sources::environment;
use forebay_store::{
    deliveries::Delivery,
    pipelines::{Effect, PipelineSpec},
};
use jiff::Timestamp;
use reqwest::{
    Client, Url,
    header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
};
use serde_json::{Map, Value};
use tracing::Instrument;

use crate::{
    clock, http,
    telemetry::context,
    work::{
        deliveries::DeliveryLog,
        effect::{self, Shape},
        event::{Dropped, Event, Outcome},
        setting_error::SettingError,
        settings::{self, Settings},
    },
};
pub(in crate::work) use disabling::DisablePolicy;
pub(crate) use response::Received;
use sent::Sent;
use signature::Signer;

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
const LONGEST_TIMEOUT: Duration = Duration::from_mins(10);
const DEFAULT_CONCURRENCY: u32 = 8;
/// Headers that Forebay sets itself.
const OWN_HEADERS: [&str; 8] = [
    "content-type",
    "content-length",
    "transfer-encoding",
    "connection",
    "host",
    signature::ID,
    signature::TIMESTAMP,
    signature::SIGNATURE,
];

/// The settings, with the names of the secrets.
#[derive(Debug)]
pub(super) struct Config {
    url: Url,
    /// The names of the environment variables with the signing secrets.
    secrets: Vec<String>,
    timeout: Duration,
    concurrency: u32,
    headers: Vec<(HeaderName, Fixed)>,
    payload: bool,
    disable: Option<DisablePolicy>,
    logged: Logged,
}

forebay_domain::words! {
    /// Which deliveries are logged.
    enum Logged {
        /// Every one.
        All = "all",
        /// Those that failed.
        Failed = "failed",
        /// None.
        Off = "off",
    }
}

/// The value of a fixed header.
#[derive(Debug)]
enum Fixed {
    Value(HeaderValue),
    /// The name of an environment variable.
    Env(String),
}

/// The handler, ready to send.
pub(crate) struct Webhook {
    client: Client,
    url: Url,
    host: String,
    headers: HeaderMap,
    signer: Option<Signer>,
    concurrency: u32,
    payload: bool,
    /// Part of the ids of events: what is sent in another form is another event.
    tag: Option<String>,
    pipeline: String,
    logged: Logged,
    log: DeliveryLog,
}

/// The headers and the signer contain secrets.
impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook").field("host", &self.host).finish_non_exhaustive()
    }
}

/// Reads the settings.
pub(super) fn read(mut settings: Settings) -> settings::Result<Config> {
    let url =
        settings.text("url")?.ok_or_else(|| settings.wrong(&[], "the handler `webhook` needs `url`"))?;
    let allow_http = settings.flag("allow_http")?.unwrap_or(false);
    let url = read_url(&settings, &url, allow_http)?;
    let secrets = read_secrets(&mut settings)?;
    let timeout = settings.duration("timeout", LONGEST_TIMEOUT)?.unwrap_or(DEFAULT_TIMEOUT);
    let concurrency = settings.integer("concurrency", 1..=256)?.unwrap_or(DEFAULT_CONCURRENCY);
    let mut headers = Vec::new();
    for (name, value) in settings.table("headers")?.unwrap_or_default() {
        let value = value.as_str().ok_or_else(|| {
            settings.wrong(&["headers", &name], format!("the header `{name}` must be text"))
        })?;
        headers.push(read_header(&settings, &name, value)?);
    }
    let payload = settings.flag("payload")?.unwrap_or(true);
    let disable = disabling::read(&mut settings)?;
    let logged = match settings.text("log_deliveries")? {
        None => Logged::All,
        Some(word) => Logged::parse(&word).ok_or_else(|| {
            settings.wrong(&["log_deliveries"], "`log_deliveries` must be `all`, `failed` or `off`")
        })?,
    };
    Ok(Config { url, secrets, timeout, concurrency, headers, payload, disable, logged })
}

/// The URL is the receiver. Headers whose values are secret don't count: a rotated key sends nothing again.
pub(super) fn effect(config: &Config) -> Effect {
    let Config { url, headers, payload, secrets: _, timeout: _, concurrency: _, disable: _, logged: _ } =
        config;
    let plain = headers.iter().filter_map(|(name, value)| match value {
        Fixed::Value(value) => Some((name.to_string(), String::from_utf8_lossy(value.as_bytes()).into())),
        Fixed::Env(_) => None,
    });
    let plain: Map<String, Value> = plain.collect();
    let headers = (!plain.is_empty()).then(|| effect::digest(&Value::Object(plain)));
    Shape::default()
        .with("payload", *payload, true)
        .with("headers", headers, None::<String>)
        .sent_to(&Value::from(url.as_str()))
}

fn read_url(settings: &Settings, text: &str, allow_http: bool) -> settings::Result<Url> {
    let wrong = |problem: String| settings.wrong(&["url"], problem);
    // Messages don't quote the URL, because it may contain the credentials that are rejected here.
    let url = Url::parse(text).map_err(|error| wrong(format!("`url` is not a URL: {error}")))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong(
            "`url` must not contain a user name or password; send them as a header: \
             headers = { authorization = \"env:NAME\" }"
                .to_owned(),
        ));
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if allow_http || http::is_loopback(&url) => Ok(url),
        "http" => Err(wrong(
            "`url` must begin with https://, because data sent over http:// can be read in transit; \
             `allow_http = true` permits http://"
                .to_owned(),
        )),
        _ => Err(wrong("`url` must begin with https://".to_owned())),
    }
}

fn read_secrets(settings: &mut Settings) -> settings::Result<Vec<String>> {
    let given = settings.text_or_texts("secret")?.unwrap_or_default();
    let variables = given.iter().map(|secret| match secret.strip_prefix("env:") {
        Some(variable) if is_variable(variable) => match refusal(variable) {
            None => Ok(variable.to_owned()),
            Some(problem) => Err(settings.wrong(&["secret"], problem)),
        },
        // The text may be the secret itself, so it is not quoted.
        _ => {
            let problem =
                "the setting `secret` must name environment variables: \"env:NAME\", or a list of them";
            Err(settings.wrong(&["secret"], problem))
        }
    });
    variables.collect()
}

fn read_header(settings: &Settings, name: &str, value: &str) -> settings::Result<(HeaderName, Fixed)> {
    let wrong = |problem: String| Err(settings.wrong(&["headers", name], problem));
    let Ok(header) = HeaderName::from_bytes(name.as_bytes()) else {
        return wrong(format!("{name:?} cannot be the name of a header"));
    };
    if OWN_HEADERS.contains(&header.as_str()) {
        return wrong(format!("Forebay itself writes the header `{header}`"));
    }
    let fixed = match value.strip_prefix("env:") {
        Some(variable) if is_variable(variable) => match refusal(variable) {
            None => Fixed::Env(variable.to_owned()),
            Some(problem) => return wrong(problem),
        },
        Some(_) => {
            return wrong(format!("the header `{header}` must name an environment variable after `env:`"));
        }
        None => match HeaderValue::from_str(value) {
            Ok(value) => Fixed::Value(value),
            Err(_) => return wrong(unsendable(&header)),
        },
    };
    Ok((header, fixed))
}

fn unsendable(name: &HeaderName) -> String {
    format!("the value of the header `{name}` cannot be sent")
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && !name.contains(['=', '\0'])
}

/// When the endpoint of a pipeline is disabled; `None`: never, or it has none.
pub(super) fn disable_policy(spec: &PipelineSpec) -> Option<DisablePolicy> {
    read(Settings::of(spec).ok()?).ok()?.disable
}

impl Webhook {
    /// Reads the secrets from the environment. Sends nothing yet.
    pub(crate) fn open(spec: &PipelineSpec) -> settings::Result<Self> {
        Self::open_with(spec, &|name| environment::var(name).ok())
    }

    /// Like [`Self::open`], with a given environment.
    fn open_with(
        spec: &PipelineSpec,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> settings::Result<Self> {
        let config = read(Settings::of(spec)?)?;
        let tag = effect::tag(&effect(&config));
        let wrong = |setting: &[&str], problem: String| SettingError::new(&spec.name, setting, problem);
        let variable = |setting: &[&str], name: &str| {
            let value = environment(name).filter(|value| !value.trim().is_empty());
            value.ok_or_else(|| wrong(setting, format!("the environment variable {name} is not set")))
        };
        let signer = Signer::of(config.secrets.iter().map(|name| {
            let setting = ["secret"];
            Signer::keys(&variable(&setting, name)?)
                .ok_or_else(|| wrong(&setting, format!("the part of {name} after `whsec_` is not base64")))
        }))?;
        let mut headers = HeaderMap::new();
        for (name, fixed) in config.headers {
            let setting = ["headers", name.as_str()];
            let mut value = match fixed {
                Fixed::Value(value) => value,
                Fixed::Env(env) => HeaderValue::from_str(variable(&setting, &env)?.trim())
                    .map_err(|_| wrong(&setting, unsendable(&name)))?,
            };
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        let client =
            http::client(&config.url, config.timeout).map_err(|error| wrong(&["url"], error.to_string()))?;
        Ok(Self {
            client,
            host: config.url.host_str().unwrap_or_default().to_owned(),
            url: config.url,
            headers,
            signer,
            concurrency: config.concurrency,
            payload: config.payload,
            tag,
            pipeline: spec.name.clone(),
            logged: config.logged,
            log: DeliveryLog::default(),
        })
    }

    /// The same, with this log of deliveries.
    pub(in crate::work) fn logging_to(self, log: &DeliveryLog) -> Self {
        Self { log: log.clone(), ..self }
    }

    /// The number of requests at the same time.
    pub(in crate::work) fn slots(&self) -> usize {
        usize::try_from(self.concurrency).unwrap_or(usize::MAX)
    }

    /// Sends an event.
    pub(in crate::work) async fn deliver(&self, event: &Event, dropped: &Dropped) -> Outcome {
        self.send(event, dropped).instrument(event.span.clone()).await
    }

    /// The same for every delivery of the same content in the same form.
    fn id(&self, event: &Event) -> String {
        let id = event.id();
        self.tag.as_ref().map_or(id.clone(), |tag| format!("{id}/{tag}"))
    }

    async fn send(&self, event: &Event, dropped: &Dropped) -> Outcome {
        let id = self.id(event);
        let body = event::body(event, &id, self.payload);
        let delivery = Delivery {
            pipeline: self.pipeline.clone(),
            reference_id: event.reference_id,
            event_id: id.clone(),
            attempt: event.attempt,
            sent_at: clock::now(),
            duration: Duration::ZERO,
            http_status: None,
            failure_code: None,
            response: String::new(),
        };
        let sent = Sent::new(self, delivery, dropped);
        // Receivers refuse signatures whose time is far from theirs.
        let (outcome, received) = self.post(&id, body, event::MEDIA_TYPE, clock::now() + event.skew).await;
        sent.ended(&outcome, received);
        outcome
    }

    /// Sends one signed request with this body, and judges the response.
    pub(crate) async fn post(
        &self,
        id: &str,
        body: String,
        media_type: &'static str,
        now: Timestamp,
    ) -> (Outcome, Received) {
        let mut headers = self.headers.clone();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        if let Some(traceparent) = context::traceparent().and_then(|text| HeaderValue::from_str(&text).ok()) {
            headers.insert(context::TRACEPARENT, traceparent);
        }
        let mut request = self.client.post(self.url.clone()).headers(headers);
        let seconds = now.as_second().to_string();
        if let Some(signer) = &self.signer {
            request = request.header(signature::SIGNATURE, signer.sign(id, &seconds, &body));
        }
        request = request.header(signature::ID, id).header(signature::TIMESTAMP, seconds);
        match request.body(body).send().await {
            Ok(response) => response::judge(response, &self.host, &self.headers).await,
            Err(error) => (response::unanswered(&error, &self.host), Received::default()),
        }
    }

    fn log(&self, delivery: Delivery) {
        let is_logged = match self.logged {
            Logged::All => true,
            Logged::Failed => delivery.failure_code.is_some(),
            Logged::Off => false,
        };
        if is_logged {
            self.log.add(delivery);
        }
    }
}

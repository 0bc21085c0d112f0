//! `[notify.NAME]`: receivers of notifications.
//!
//! One struct has the settings of all kinds, so the reference lists them together; a check refuses those of
//! another kind. The engine checks the values.

use std::{collections::BTreeMap, path::PathBuf};

use forebay_domain::{
    notify::{NotifierKind, NotifyEvent},
    units::{Period, PeriodOrZero},
    words::schema as words,
};
use forebay_engine::{
    notify::{CommandSettings, EmailSettings, Notifier, Receiver, SmtpTls, WebhookSettings},
    store::notifications::facts::FailingLimit,
};
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Deserialize;

use super::error::Problem;
use crate::cli::values::{Duration, Share};

const GROUP_WAIT: SignedDuration = SignedDuration::from_secs(30);
const REPEAT_AFTER: SignedDuration = SignedDuration::from_hours(4);
const FAILING_AFTER: SignedDuration = SignedDuration::from_hours(1);
const FAILED_WITHIN: SignedDuration = SignedDuration::from_mins(15);
const FAILED_SHARE: f64 = 0.1;
const FAILED_AT_LEAST: u32 = 10;
const GIVE_UP_AFTER: SignedDuration = SignedDuration::from_hours(72);
const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(15);
/// A claim lasts as long as an attempt may take, and a dead worker's claim delays all later notifications.
const LONGEST_TIMEOUT: std::time::Duration = std::time::Duration::from_mins(2);

/// A receiver of notifications. Workers (`forebay work`) notice what needs a person and send it; `forebay notify test
/// NAME` tries a receiver.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Notify {
    /// How it sends: `webhook`, `slack`, `email` or `command`. Required.
    #[schemars(schema_with = "words::<NotifierKind>")]
    kind: NotifierKind,
    /// Events to report: `run_held`, `breaker_opened`, `breaker_closed`, `source_failing`, `freshness_error`,
    /// `handoffs_failing`, `worker_gone`, `conservation_broken`. Default: all.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    events: Vec<NotifyEvent>,
    /// Sources to report on. Workers and pipelines of every source belong to none, so they are left out if this is set.
    /// Default: all.
    #[serde(default)]
    sources: Vec<String>,
    /// How long an event waits for others, to be sent in one notification. Default: `30s`.
    #[schemars(with = "Option<Duration>")]
    group_wait: Option<PeriodOrZero>,
    /// How long after it was told a problem that persists is told again, or `never`. Default: `4h`.
    #[schemars(with = "Option<String>")]
    repeat_after: Option<Repeat>,
    /// Whether to tell when a problem is over. Default: true.
    resolved: Option<bool>,
    /// `source_failing`: how long all runs of a source must have failed. Default: `1h`.
    failing_after: Option<Duration>,
    /// `handoffs_failing`: maximum share (0 to 1) of a pipeline's attempts that may fail. Default: 0.1.
    failed_share: Option<Share>,
    /// `handoffs_failing`: how far back attempts count. Default: `15m`.
    failed_within: Option<Duration>,
    /// `handoffs_failing`: minimum number of failed attempts. Default: 10.
    failed_at_least: Option<u32>,
    /// How long a notification is retried while its receiver is unavailable. Default: `3d`.
    give_up_after: Option<Duration>,
    /// Maximum duration of an attempt, at most `2m`. Default: `15s`.
    timeout: Option<Duration>,
    /// webhook, slack: the URL, `https://` (`http://` for loopback hosts), or where to find it: `env:NAME` or
    /// `file:PATH`. The URL of a Slack channel is a secret. Required.
    url: Option<String>,
    /// webhook: environment variable with the signing secret (`env:NAME`), or a list of them to rotate it. Default:
    /// none, requests are not signed.
    secret: Option<OneOrMore>,
    /// webhook: additional headers; `env:NAME` reads a value from the environment. Default: {}.
    headers: Option<BTreeMap<String, String>>,
    /// webhook, slack: whether `http://` is accepted for any host. Default: false.
    allow_http: Option<bool>,
    /// email: mail server with its port, such as `smtp.example.org:587`. Required.
    server: Option<String>,
    /// email: encryption of the connection: `starttls`, `tls` (from the beginning) or `off` (only for a server on this
    /// machine). Default: `tls` on port 465, else `starttls`.
    #[schemars(with = "Option<String>")]
    tls: Option<SmtpTls>,
    /// email: name to log in with. Default: no login.
    username: Option<String>,
    /// email: where to find the password: `env:NAME` or `file:PATH`. Default: none.
    password: Option<String>,
    /// email: sender, such as `Forebay <forebay@example.org>`. Required.
    from: Option<String>,
    /// email: recipients. Required.
    to: Option<Vec<String>>,
    /// command: program and its arguments; it gets the notification as JSON on standard input. Required.
    command: Option<Vec<String>>,
    /// command: environment variables with secrets that it gets in addition. Default: [].
    env: Option<Vec<String>>,
    /// command: folder that it runs in. Default: that of the worker.
    directory: Option<PathBuf>,
}

/// A duration or `never`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
struct Repeat(Option<SignedDuration>);

impl TryFrom<String> for Repeat {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text == "never" {
            return Ok(Self(None));
        }
        let period = text.parse::<Period>();
        period.map(|period| Self(Some(period.into()))).map_err(|error| format!("{error}, or never"))
    }
}

/// One text or several.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl Notify {
    /// The notifier, checked.
    pub(super) fn notifier(&self, name: &str) -> Result<Notifier, Problem> {
        let at = |key: &str, message: String| Problem::at(["notify", name, key], message);
        if !is_name(name) {
            let message = "the name of a notifier has up to 63 letters, digits, _, . and -, and begins with one of the \
                 first two";
            return Err(Problem::at(["notify", name], message));
        }
        if let Some(key) = self.foreign() {
            let message = format!("a notifier of the kind {} has no setting {key}", self.kind);
            return Err(at(key, message));
        }
        let timeout = self.timeout.map_or(TIMEOUT, Duration::get);
        if timeout > LONGEST_TIMEOUT {
            return Err(at("timeout", "timeout must be at most 2m".to_owned()));
        }
        let share = self.failed_share.map_or(FAILED_SHARE, Share::get);
        if share <= 0.0 {
            return Err(at("failed_share", "failed_share must be more than 0".to_owned()));
        }
        let period = |given: Option<Duration>, default| given.map_or(default, SignedDuration::from);
        let notifier = Notifier {
            name: name.to_owned(),
            receiver: self.receiver(name)?,
            events: self.events.clone(),
            sources: self.sources.clone(),
            group_wait: self.group_wait.map_or(GROUP_WAIT, SignedDuration::from),
            repeat_after: self.repeat_after.map_or(Some(REPEAT_AFTER), |repeat| repeat.0),
            resolved: self.resolved.unwrap_or(true),
            failing_after: period(self.failing_after, FAILING_AFTER),
            failing: FailingLimit {
                window: period(self.failed_within, FAILED_WITHIN),
                share,
                min_failed: self.failed_at_least.unwrap_or(FAILED_AT_LEAST),
            },
            give_up_after: period(self.give_up_after, GIVE_UP_AFTER),
            timeout,
        };
        notifier.check().map_err(|error| {
            let path = ["notify", name].map(str::to_owned).into_iter().chain(error.setting);
            Problem::at(path, error.problem)
        })?;
        Ok(notifier)
    }

    /// The first setting that belongs to another kind.
    fn foreign(&self) -> Option<&'static str> {
        let is_of = |kinds: &[NotifierKind]| kinds.contains(&self.kind);
        let of_requests = is_of(&[NotifierKind::Webhook, NotifierKind::Slack]);
        let of_webhooks = is_of(&[NotifierKind::Webhook]);
        let of_email = is_of(&[NotifierKind::Email]);
        let of_commands = is_of(&[NotifierKind::Command]);
        let given = [
            ("url", self.url.is_some(), of_requests),
            ("secret", self.secret.is_some(), of_webhooks),
            ("headers", self.headers.is_some(), of_webhooks),
            ("allow_http", self.allow_http.is_some(), of_requests),
            ("server", self.server.is_some(), of_email),
            ("tls", self.tls.is_some(), of_email),
            ("username", self.username.is_some(), of_email),
            ("password", self.password.is_some(), of_email),
            ("from", self.from.is_some(), of_email),
            ("to", self.to.is_some(), of_email),
            ("command", self.command.is_some(), of_commands),
            ("env", self.env.is_some(), of_commands),
            ("directory", self.directory.is_some(), of_commands),
        ];
        given.into_iter().find(|(_, is_given, fits)| *is_given && !fits).map(|(key, ..)| key)
    }

    fn receiver(&self, name: &str) -> Result<Receiver, Problem> {
        let needs = |key: &str| {
            let message = format!("a notifier of the kind {} needs {key}", self.kind);
            Problem::at(["notify", name], message)
        };
        Ok(match self.kind {
            NotifierKind::Webhook => Receiver::Webhook(self.webhook().ok_or_else(|| needs("url"))?),
            NotifierKind::Slack => Receiver::Slack(self.webhook().ok_or_else(|| needs("url"))?),
            NotifierKind::Email => {
                let server = self.server.as_ref().ok_or_else(|| needs("server"))?;
                let (host, port) = host_and_port(server).ok_or_else(|| {
                    let message = "server must be a host with a port, such as \"smtp.example.org:587\"";
                    Problem::at(["notify", name, "server"], message)
                })?;
                let usual = if port == 465 { SmtpTls::Tls } else { SmtpTls::Starttls };
                Receiver::Email(EmailSettings {
                    host,
                    port,
                    tls: self.tls.unwrap_or(usual),
                    username: self.username.clone(),
                    password: self.password.clone(),
                    from: self.from.clone().ok_or_else(|| needs("from"))?,
                    to: self.to.clone().ok_or_else(|| needs("to"))?,
                })
            }
            NotifierKind::Command => Receiver::Command(CommandSettings {
                command: self.command.clone().ok_or_else(|| needs("command"))?,
                env: self.env.clone().unwrap_or_default(),
                directory: self.directory.clone(),
            }),
        })
    }

    fn webhook(&self) -> Option<WebhookSettings> {
        let secret = match &self.secret {
            None => Vec::new(),
            Some(OneOrMore::One(secret)) => vec![secret.clone()],
            Some(OneOrMore::More(secrets)) => secrets.clone(),
        };
        let headers = self.headers.clone().unwrap_or_default().into_iter().collect();
        let url = self.url.clone()?;
        Some(WebhookSettings { url, secret, headers, allow_http: self.allow_http.unwrap_or(false) })
    }
}

fn is_name(name: &str) -> bool {
    name.len() <= 63
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
}

fn host_and_port(server: &str) -> Option<(String, u16)> {
    let (host, port) = server.rsplit_once(':')?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let port = port.parse().ok().filter(|port| *port > 0)?;
    (!host.is_empty()).then(|| (host.to_owned(), port))
}

//! The settings of notifiers. They come from the configuration file and never from the database.

use std::{path::PathBuf, time::Duration};

use forebay_domain::{
    notify::{NotifierKind, NotifyEvent},
    secret_names::refusal,
};
use forebay_store::notifications::facts::FailingLimit;
use jiff::SignedDuration;
use url::Url;

use crate::{freshness::Policies, secret::SecretPlace};

/// What a program needs for its notifications.
#[derive(Clone, Debug, PartialEq)]
pub struct Notifying {
    /// The project that declares the notifiers.
    pub project: Option<String>,
    /// The notifiers.
    pub notifiers: Vec<Notifier>,
    /// Where the dashboard can be reached, for links; `None`: notifications have no links.
    pub public_url: Option<Url>,
    /// How old data may become.
    pub policies: Policies,
    /// How often alerts are compared with the database. Held runs and breakers are noticed sooner.
    pub every: Duration,
}

impl Default for Notifying {
    fn default() -> Self {
        Self {
            project: None,
            notifiers: Vec::new(),
            public_url: None,
            policies: Policies::default(),
            every: Duration::from_secs(15),
        }
    }
}

/// One receiver of notifications, with its choice.
#[derive(Clone, Debug, PartialEq)]
pub struct Notifier {
    /// Its name in the configuration.
    pub name: String,
    /// Where it sends.
    pub receiver: Receiver,
    /// The events that it reports; empty: all.
    pub events: Vec<NotifyEvent>,
    /// The sources that it reports on; empty: all, and what belongs to no single source.
    pub sources: Vec<String>,
    /// How long news waits for other news.
    pub group_wait: SignedDuration,
    /// How long after it was told an alert that still holds is told again; `None`: never.
    pub repeat_after: Option<SignedDuration>,
    /// Whether the end of an alert is told.
    pub resolved: bool,
    /// How long the runs of a source must have been failing.
    pub failing_after: SignedDuration,
    /// Which pipelines count as failing.
    pub failing: FailingLimit,
    /// How long a notification is retried.
    pub give_up_after: SignedDuration,
    /// How long an attempt may take.
    pub timeout: Duration,
}

/// Where a notifier sends.
#[derive(Clone, Debug, PartialEq)]
pub enum Receiver {
    /// A signed POST request.
    Webhook(WebhookSettings),
    /// A message in the format of Slack's incoming webhooks.
    Slack(WebhookSettings),
    /// E-mail.
    Email(EmailSettings),
    /// A program.
    Command(CommandSettings),
}

/// The settings of a request. Secrets are written as `env:NAME`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WebhookSettings {
    /// The URL, or where to find it: `env:NAME` or `file:PATH`.
    pub url: String,
    /// The signing secrets.
    pub secret: Vec<String>,
    /// Additional headers.
    pub headers: Vec<(String, String)>,
    /// Whether `http://` is accepted for other hosts than loopback.
    pub allow_http: bool,
}

forebay_domain::words! {
    /// How a connection to a mail server is encrypted.
    pub enum SmtpTls {
        /// From the beginning, usually on port 465.
        Tls = "tls",
        /// After the command STARTTLS, usually on port 587.
        Starttls = "starttls",
        /// Not at all; only for loopback hosts.
        Off = "off",
    }
}

/// The settings of e-mail.
#[derive(Clone, Debug, PartialEq)]
pub struct EmailSettings {
    /// The mail server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is encrypted.
    pub tls: SmtpTls,
    /// The name to log in with; `None`: no login.
    pub username: Option<String>,
    /// Where to find the password: `env:NAME` or `file:PATH`.
    pub password: Option<String>,
    /// The sender.
    pub from: String,
    /// The recipients.
    pub to: Vec<String>,
}

/// The settings of a program.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CommandSettings {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// The names of the environment variables that it gets in addition.
    pub env: Vec<String>,
    /// The folder that it runs in.
    pub directory: Option<PathBuf>,
}

/// A setting that a notifier can't be used with. It contains no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the notifier {notifier:?} cannot be used: {problem}")]
pub struct NotifierError {
    /// The notifier.
    pub notifier: String,
    /// The path to the setting in the notifier; empty: the notifier itself.
    pub setting: Vec<String>,
    /// What is wrong, in one sentence.
    pub problem: String,
}

impl Notifier {
    /// Its kind.
    pub fn kind(&self) -> NotifierKind {
        match self.receiver {
            Receiver::Webhook(_) => NotifierKind::Webhook,
            Receiver::Slack(_) => NotifierKind::Slack,
            Receiver::Email(_) => NotifierKind::Email,
            Receiver::Command(_) => NotifierKind::Command,
        }
    }

    /// Whether it reports an event.
    pub(super) fn reports(&self, event: NotifyEvent) -> bool {
        self.events.is_empty() || self.events.contains(&event)
    }

    /// Whether it needs to know of an alert: it reports its beginning or its end.
    pub(super) fn watches(&self, event: NotifyEvent) -> bool {
        self.reports(event) || self.reports(event.at_end())
    }

    /// Whether it reports on what belongs to a source; `None`: to no single one.
    pub(super) fn covers(&self, source: Option<&str>) -> bool {
        self.sources.is_empty() || source.is_some_and(|source| self.sources.iter().any(|own| own == source))
    }

    pub(super) fn wrong(&self, setting: &[&str], problem: impl Into<String>) -> NotifierError {
        NotifierError {
            notifier: self.name.clone(),
            setting: setting.iter().map(|&part| part.to_owned()).collect(),
            problem: problem.into(),
        }
    }

    /// Checks that a setting names a secret, instead of containing it.
    pub(super) fn check_secret(&self, setting: &str, text: &str) -> Result<(), NotifierError> {
        self.secret_place(setting, text).map(drop)
    }

    /// Reads a secret that a setting names.
    pub(super) fn secret(&self, setting: &str, text: &str) -> Result<String, NotifierError> {
        self.secret_place(setting, text)?.read().map_err(|problem| self.wrong(&[setting], problem))
    }

    fn secret_place<'a>(&self, setting: &str, text: &'a str) -> Result<SecretPlace<'a>, NotifierError> {
        let place = SecretPlace::parse(text).ok_or_else(|| {
            // The text may be the secret itself, so it is not quoted.
            let problem = format!(
                "`{setting}` must name an environment variable or a file: \"env:NAME\" or \"file:PATH\""
            );
            self.wrong(&[setting], problem)
        })?;
        if let SecretPlace::Variable(name) = place
            && let Some(problem) = refusal(name)
        {
            return Err(self.wrong(&[setting], problem));
        }
        Ok(place)
    }
}

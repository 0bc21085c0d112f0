//! E-mail over SMTP. TLS is required, unless the server is on this machine.

use std::{net::IpAddr, time::Duration};

use forebay_domain::handoff::FailureClass;
use forebay_sources::Masks;
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message as Mail, Tokio1Executor,
    message::{Mailbox, header::ContentType},
    transport::smtp::{
        Error,
        authentication::Credentials,
        client::{Tls, TlsParameters},
    },
};
use tokio::time::timeout;

use super::{
    super::settings::{EmailSettings, Notifier, NotifierError, SmtpTls},
    message::{Message, Tried},
};
use crate::work::event::{Outcome, printable};

/// The maximum number of characters of an answer.
const MOST_CHARS: usize = 300;

/// A mail server, and whom to write to.
#[derive(Debug)]
pub(in super::super) struct Email {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    host: String,
    from: Mailbox,
    to: Vec<Mailbox>,
    /// What must not be in a message.
    password: Masks,
    timeout: Duration,
}

pub(super) fn check(notifier: &Notifier, settings: &EmailSettings) -> Result<(), NotifierError> {
    if settings.host.is_empty() || settings.host.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(
            notifier.wrong(&["server"], "`server` must be a host with a port: \"smtp.example.org:587\"")
        );
    }
    if settings.tls == SmtpTls::Off && !is_loopback(&settings.host) {
        let problem = "`tls = \"off\"` is for servers on this machine only, because the password and the messages could \
             be read in transit";
        return Err(notifier.wrong(&["tls"], problem));
    }
    mailbox(notifier, "from", &settings.from)?;
    if settings.to.is_empty() {
        return Err(notifier.wrong(&["to"], "`to` must name at least one recipient"));
    }
    settings.to.iter().try_for_each(|to| mailbox(notifier, "to", to).map(drop))?;
    match (&settings.username, &settings.password) {
        (Some(_), Some(password)) => notifier.check_secret("password", password),
        (None, None) => Ok(()),
        (Some(_), None) => Err(notifier.wrong(&["username"], "`username` needs `password`")),
        (None, Some(_)) => Err(notifier.wrong(&["password"], "`password` needs `username`")),
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn mailbox(notifier: &Notifier, setting: &str, text: &str) -> Result<Mailbox, NotifierError> {
    text.parse().map_err(|error| {
        notifier.wrong(&[setting], format!("`{setting}` has no valid e-mail address: {error}"))
    })
}

impl Email {
    pub(super) fn open(notifier: &Notifier, settings: &EmailSettings) -> Result<Self, NotifierError> {
        check(notifier, settings)?;
        let parameters = || {
            TlsParameters::new_rustls(settings.host.clone())
                .map_err(|_| notifier.wrong(&["tls"], "TLS cannot be set up for this server"))
        };
        let tls = match settings.tls {
            SmtpTls::Tls => Tls::Wrapper(parameters()?),
            SmtpTls::Starttls => Tls::Required(parameters()?),
            SmtpTls::Off => Tls::None,
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(settings.host.as_str())
            .port(settings.port)
            .timeout(Some(notifier.timeout))
            .tls(tls);
        let mut secrets = Vec::new();
        if let (Some(username), Some(place)) = (&settings.username, &settings.password) {
            let secret = notifier.secret("password", place)?;
            builder = builder.credentials(Credentials::new(username.clone(), secret.clone()));
            secrets.push(secret);
        }
        let to = settings.to.iter().map(|to| mailbox(notifier, "to", to)).collect::<Result<_, _>>()?;
        let from = mailbox(notifier, "from", &settings.from)?;
        Ok(Self {
            transport: builder.build(),
            host: settings.host.clone(),
            from,
            to,
            password: Masks::of(&secrets),
            timeout: notifier.timeout,
        })
    }

    pub(super) async fn send(&self, message: &Message<'_>) -> Tried {
        let mail = match self.mail(message) {
            Ok(mail) => mail,
            Err(error) => {
                let message = format!("the message cannot be written: {error}");
                let outcome = Outcome::failed(FailureClass::Permanent, "email_invalid", message);
                return Tried { outcome, answer: String::new() };
            }
        };
        // The transport limits only the time to connect.
        match timeout(self.timeout, self.transport.send(mail)).await {
            Err(_) => {
                let message = format!("{} did not answer within {} s", self.host, self.timeout.as_secs_f64());
                let outcome = Outcome::failed(FailureClass::Transient, "email_timeout", message);
                Tried { outcome, answer: String::new() }
            }
            Ok(Ok(response)) => {
                let lines: Vec<&str> = response.message().collect();
                let answer = self.shown(&format!("{} {}", response.code(), lines.join(" ")));
                Tried { outcome: Outcome::Done, answer }
            }
            Ok(Err(error)) => self.failed(&error),
        }
    }

    /// The same id in every attempt lets mail programs show a repeated message once.
    fn mail(&self, message: &Message<'_>) -> Result<Mail, lettre::error::Error> {
        let domain = self.from.email.domain();
        let mut builder = Mail::builder()
            .message_id(Some(format!("<{}@{domain}>", message.id)))
            .date(message.created_at.into())
            .from(self.from.clone())
            .subject(format!("[forebay] {}", message.notice.title))
            .header(ContentType::TEXT_PLAIN);
        for to in &self.to {
            builder = builder.to(to.clone());
        }
        builder.body(message.notice.text())
    }

    fn failed(&self, error: &Error) -> Tried {
        let code = error.status().map(|code| code.to_string());
        let (class, reason_code) = match code.as_deref() {
            // The password can be corrected, and nothing should be lost until then.
            Some("530" | "534" | "535" | "538") => (FailureClass::Transient, "email_login_refused"),
            Some(_) if error.is_permanent() => (FailureClass::Permanent, "email_refused"),
            Some(_) => (FailureClass::Transient, "email_deferred"),
            None if error.is_timeout() => (FailureClass::Transient, "email_timeout"),
            None if error.is_tls() => (FailureClass::Transient, "email_tls"),
            None => (FailureClass::Transient, "email_unreachable"),
        };
        let mut text = error.to_string();
        let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
        while let Some(below) = cause {
            let below_text = below.to_string();
            if !text.contains(&below_text) {
                text.push_str(": ");
                text.push_str(&below_text);
            }
            cause = below.source();
        }
        let text = self.shown(&text);
        let message = format!("{} did not accept it: {text}", self.host);
        let answer = if code.is_some() { text } else { String::new() };
        Tried { outcome: Outcome::failed(class, reason_code, message), answer }
    }

    /// An answer on one line, without the password.
    fn shown(&self, text: &str) -> String {
        printable(self.password.apply(text).as_bytes(), MOST_CHARS)
    }
}

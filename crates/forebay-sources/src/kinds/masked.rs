//! Settings as they may be shown and stored: without what may be a secret.
//!
//! Serialising a kind's settings masks by type. Texts that name a place for a secret (`{ env = "NAME" }`) stay; plain
//! values of headers and variables, secret parameters of URLs and secret arguments of programs become `***`.

use serde::Serializer;
use url::Url;

use crate::fetch::redact_url;
use forebay_domain::secret_names::is_secret;

/// What stands in place of a secret.
pub(super) const MASK: &str = "***";

/// The arguments of a program without the value of `--token=…` and without what follows `--token`.
pub(super) fn arguments(arguments: &[String]) -> Vec<String> {
    let mut is_after_secret = false;
    let mut masked = Vec::with_capacity(arguments.len());
    for argument in arguments {
        let option = argument.starts_with('-').then(|| argument.split_once('=').unwrap_or((argument, "")));
        masked.push(match option {
            _ if is_after_secret => MASK.to_owned(),
            Some((name, value)) if !value.is_empty() && is_secret(name) => format!("{name}={MASK}"),
            Some((name, value)) if !value.is_empty() => format!("{name}={}", url(value)),
            _ => url(argument),
        });
        is_after_secret = option.is_some_and(|(name, value)| value.is_empty() && is_secret(name));
    }
    masked
}

/// Serialises [`arguments`].
pub(super) fn serialize_arguments<S: Serializer>(list: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(arguments(list))
}

/// A text that may be a URL, or a template of one, without user, password and secret parameters. One that has none of
/// them stays as it is written.
pub(super) fn url(text: &str) -> String {
    let Some(parsed) = text.contains("://").then(|| Url::parse(text).ok()).flatten() else {
        return text.to_owned();
    };
    let is_secret = !parsed.username().is_empty()
        || parsed.password().is_some()
        || parsed.query_pairs().any(|(name, _)| is_secret(&name));
    if is_secret { redact_url(&parsed) } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::kinds::{Command, UrlTemplate};

    #[test]
    fn no_secret_is_serialised() {
        let command: Command = serde_json::from_value(json!({
            "argv": ["spider", "--token", "hush", "--pwd=hush", "--lang", "en", "--dsn=postgres://me:hush@db/x",
                "https://a.example/?sig=hush"],
            "env": { "PLAIN": "hush", "FILE": { "file": "/run/x" }, "NAME": { "env": "TOKEN" } },
        }))
        .unwrap();
        let shown = serde_json::to_value(&command).unwrap();
        assert!(!shown.to_string().contains("hush"), "{shown}");
        let argv = json!([
            "spider",
            "--token",
            "***",
            "--pwd=***",
            "--lang",
            "en",
            "--dsn=postgres://db/x",
            "https://a.example/?sig=***"
        ]);
        assert_eq!(shown["argv"], argv);
        let env = json!({ "PLAIN": "***", "FILE": { "file": "/run/x" }, "NAME": { "env": "TOKEN" } });
        assert_eq!(shown["env"], env);
    }

    #[test]
    fn a_template_without_secrets_stays_as_it_is_written() {
        let plain = "https://a.example/{term}?page={page}";
        assert_eq!(serde_json::to_value(UrlTemplate::parse(plain).unwrap()).unwrap(), plain);
        let secret = UrlTemplate::parse("https://a.example/{term}?api_key=hush").unwrap();
        assert!(!serde_json::to_string(&secret).unwrap().contains("hush"));
    }
}

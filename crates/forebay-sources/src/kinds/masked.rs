//! Settings in a form that may be printed and stored, with secrets masked.
//!
//! Serialising a kind's settings masks by type. References to secrets (`{ env = "NAME" }`) are kept. Plain values of
//! headers and variables, secret parameters of URLs and secret arguments of programs become `***`.

use serde::Serializer;
use url::Url;

use crate::fetch::redact_url;
use forebay_domain::secret_names::is_secret;

/// Replaces a secret.
pub(super) const MASK: &str = "***";

/// Masks the secrets in a program's arguments: the value of `--token=…`, the argument after `--token`, and secrets
/// inside any other argument.
pub(super) fn arguments(arguments: &[String]) -> Vec<String> {
    let mut is_after_secret = false;
    let mut masked = Vec::with_capacity(arguments.len());
    for argument in arguments {
        let option = argument.starts_with('-').then(|| argument.split_once('=').unwrap_or((argument, "")));
        masked.push(match option {
            _ if is_after_secret => MASK.to_owned(),
            Some((name, value)) if !value.is_empty() && is_secret(name) => format!("{name}={MASK}"),
            Some((name, value)) if !value.is_empty() => format!("{name}={}", text(value)),
            _ => text(argument),
        });
        is_after_secret = option.is_some_and(|(name, value)| value.is_empty() && is_secret(name));
    }
    masked
}

/// Serialises [`arguments`].
pub(super) fn serialize_arguments<S: Serializer>(list: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(arguments(list))
}

/// Masks the secrets in an argument: in a URL, in a header such as `Authorization: Bearer …`, or in a connection string
/// with `password=…`.
fn text(argument: &str) -> String {
    if argument.contains("://") {
        return url(argument);
    }
    if let Some((name, value)) = argument.split_once(':')
        && value.starts_with(' ')
        && is_secret(name)
    {
        return format!("{name}: {MASK}");
    }
    let words = argument.split_inclusive(char::is_whitespace).map(|word| match word.split_once('=') {
        Some((name, value)) if is_secret(name) => {
            let space = &value[value.trim_end().len()..];
            format!("{name}={MASK}{space}")
        }
        _ => word.to_owned(),
    });
    words.collect()
}

/// Masks the user, password and secret parameters of a URL or URL template. Text without them is unchanged.
pub(super) fn url(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let Ok(parsed) = Url::parse(text) else {
        // For example, an unescaped `/` in a password ends the host too early. The last `@` ends the user information.
        return match rest.rsplit_once('@') {
            Some((_, host)) => format!("{scheme}://{MASK}@{host}"),
            None => text.to_owned(),
        };
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
                "https://a.example/?sig=hush", "--url=postgres://me:hu/sh@db/x", "PASSWORD=hush",
                "host=db password=hush user=me", "--db=host=db password=hush", "-H", "Authorization: Bearer hush"],
            "env": { "PLAIN": "hush", "FILE": { "file": "/run/x" }, "NAME": { "env": "TOKEN" } },
        }))
        .unwrap();
        let shown = serde_json::to_value(&command).unwrap();
        assert!(!shown.to_string().contains("hu"), "{shown}");
        let argv = json!([
            "spider",
            "--token",
            "***",
            "--pwd=***",
            "--lang",
            "en",
            "--dsn=postgres://db/x",
            "https://a.example/?sig=***",
            "--url=postgres://***@db/x",
            "PASSWORD=***",
            "host=db password=*** user=me",
            "--db=host=db password=***",
            "-H",
            "Authorization: ***"
        ]);
        assert_eq!(shown["argv"], argv);
        let env = json!({ "PLAIN": "***", "FILE": { "file": "/run/x" }, "NAME": { "env": "TOKEN" } });
        assert_eq!(shown["env"], env);
    }

    #[test]
    fn a_template_without_secrets_is_unchanged() {
        let plain = "https://a.example/{term}?page={page}";
        assert_eq!(serde_json::to_value(UrlTemplate::parse(plain).unwrap()).unwrap(), plain);
        let secret = UrlTemplate::parse("https://a.example/{term}?api_key=hush").unwrap();
        assert!(!serde_json::to_string(&secret).unwrap().contains("hush"));
    }
}

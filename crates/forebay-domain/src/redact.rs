//! The last safeguard against printing a password.
//!
//! Code must not put secrets into messages. Database drivers and users do, so all text for standard error passes
//! through here: the password in `scheme://user:password@host`, and the value of a name such as `password=`, `--pwd=`
//! or `passphrase=` in a connection string, a URL's query or a command line, become `***`.

use crate::secret_names::is_password;

const MASK: &str = "***";

/// The text without passwords.
pub fn redact(text: &str) -> String {
    mask_values(&mask_url_passwords(text))
}

/// Masks between the first `:` and the last `@` of each URL's authority (RFC 3986, section 3.2). The last `@`, because
/// pasted passwords may contain an unescaped one.
fn mask_url_passwords(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (head, tail) = rest.split_at(at + 3);
        let ends = |c: char| c.is_whitespace() || matches!(c, '/' | '?' | '#' | '"' | '`');
        let (authority, tail) = tail.split_at(tail.find(ends).unwrap_or(tail.len()));
        out.push_str(head);
        let secret =
            authority.rsplit_once('@').and_then(|(login, host)| Some((login.split_once(':')?.0, host)));
        match secret {
            Some((user, host)) => out.extend([user, ":", MASK, "@", host]),
            None => out.push_str(authority),
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// Masks the value of every `name=value` whose name means a password, quoted or not.
fn mask_values(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('=') {
        let (head, value) = rest.split_at(at + 1);
        out.push_str(head);
        rest = value;
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        let name = head[..at].rsplit(|c: char| !is_part(c)).next().unwrap_or_default();
        if !is_password(name) || value.is_empty() || value.starts_with(char::is_whitespace) {
            continue;
        }
        out.push_str(MASK);
        // A quote may be escaped, if the text is itself part of a quoted text.
        let quote = ["\\\"", "\"", "'"].into_iter().find(|quote| value.starts_with(quote));
        rest = if let Some(quote) = quote {
            value[quote.len()..].split_once(quote).map_or("", |(_, rest)| rest)
        } else {
            let ends = |c: char| c.is_whitespace() || matches!(c, '&' | '"' | '\\');
            value.find(ends).map_or("", |end| &value[end..])
        };
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_masked_wherever_they_stand() {
        for (text, masked) in [
            ("postgres://me:pw@db:5432/x", "postgres://me:***@db:5432/x"),
            ("two: a://u:p@h and b://u:p@h", "two: a://u:***@h and b://u:***@h"),
            ("postgres://me:p@ss@db/x", "postgres://me:***@db/x"),
            ("host=db password=pw user=me", "host=db password=*** user=me"),
            ("PASSWORD='two words' x", "PASSWORD=*** x"),
            ("run --pwd=pw --key=id passphrase=\"two words\" x", "run --pwd=*** --key=id passphrase=*** x"),
            (r#"error="run --pwd=\"two words\" x" code="y""#, r#"error="run --pwd=*** x" code="y""#),
            (
                r#"{"message":"with password=hunter2","code":"y"}"#,
                r#"{"message":"with password=***","code":"y"}"#,
            ),
            ("db_pass=pw, client_secret=s session=Spring", "db_pass=*** client_secret=*** session=Spring"),
            ("postgres://db/x?password=pw&sslmode=require", "postgres://db/x?password=***&sslmode=require"),
        ] {
            assert_eq!(redact(text), masked);
        }
    }

    #[test]
    fn text_without_passwords_is_unchanged() {
        for text in [
            "",
            "postgres://me@db/x",
            "https://courses.example.edu/a@b",
            "see docs: a@b",
            "ünïcödé=1",
            "password = 1",
        ] {
            assert_eq!(redact(text), text);
        }
    }
}

//! The last line of defence against printing a password.
//!
//! Code should not put secrets into messages to begin with. Database drivers and users do, so all text that reaches
//! standard error passes here: the password in `scheme://user:password@host`, and the value of `password=` in a
//! keyword connection string or a URL's query, become `***`.

const MASK: &str = "***";

/// The text without passwords.
pub(crate) fn redact(text: &str) -> String {
    let without_urls = mask_url_passwords(text);
    mask_keyword(&without_urls, "password=")
}

/// Masks between the first `:` and the last `@` of each URL's authority (RFC 3986, section 3.2). The last `@` counts,
/// because people paste passwords that hold an unescaped one.
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

/// Masks the value after every `keyword`, quoted or not.
fn mask_keyword(text: &str, keyword: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.to_ascii_lowercase().find(keyword) {
        let (head, value) = rest.split_at(at + keyword.len());
        out.push_str(head);
        out.push_str(MASK);
        rest = match value.strip_prefix('\'') {
            Some(quoted) => quoted.find('\'').map_or("", |end| &quoted[end + 1..]),
            None => value.find(|c: char| c.is_whitespace() || c == '&').map_or("", |end| &value[end..]),
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
            ("postgres://db/x?password=pw&sslmode=require", "postgres://db/x?password=***&sslmode=require"),
        ] {
            assert_eq!(redact(text), masked);
        }
    }

    #[test]
    fn what_holds_no_password_stays() {
        for text in ["", "postgres://me@db/x", "https://courses.example.edu/a@b", "see docs: a@b", "ünïcödé"]
        {
            assert_eq!(redact(text), text);
        }
    }
}

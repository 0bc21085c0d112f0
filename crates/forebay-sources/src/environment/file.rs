//! The format of `.env` files.
//!
//! One assignment a line: `NAME=value` or `export NAME=value`. Spaces around `=` are allowed. A line that begins with
//! `#` is a comment. Nothing is interpolated.
//!
//! | value | means |
//! |---|---|
//! | `bare` | the text up to the end of the line or to a `#` after a space, without surrounding spaces |
//! | `'single'` | the text as it is |
//! | `"double"` | the text with the escapes `\n`, `\r`, `\t`, `\\`, `\"`, `\'`, `` \` `` and `\$` |
//!
//! A quoted value may have several lines. As in a shell, the last assignment to a name counts. Other escapes are an
//! error, because programs read them differently and a password would silently be wrong.

use std::collections::BTreeMap;

/// Why a text is not a `.env` file. The problem never quotes the text, which may be a secret.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Invalid {
    /// Counted from 1.
    pub(super) line: usize,
    pub(super) problem: &'static str,
}

/// A line with its number.
type Line<'a> = (usize, &'a str);

/// The variables by name.
pub(super) fn parse(text: &str) -> Result<BTreeMap<String, String>, Invalid> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut variables = BTreeMap::new();
    let mut lines = (1..).zip(text.lines());
    while let Some((number, line)) = lines.next() {
        let invalid = |problem| Invalid { line: number, problem };
        let line = line.trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, value) = line.split_once('=').ok_or(invalid("a line must be NAME=value"))?;
        let name = name.trim_end();
        let name = match name.strip_prefix("export") {
            Some(rest) if rest.starts_with(char::is_whitespace) => rest.trim_start(),
            _ => name,
        };
        if !is_name(name) {
            return Err(invalid("a name has letters, digits and _, and does not begin with a digit"));
        }
        let begin = value.trim_start();
        let value = match begin.chars().next() {
            Some(quote @ ('"' | '\'')) => quoted(quote, (number, &begin[1..]), &mut lines)?,
            _ => bare(value).to_owned(),
        };
        if value.contains('\0') {
            return Err(invalid("the value contains a NUL character"));
        }
        variables.insert(name.to_owned(), value);
    }
    Ok(variables)
}

fn is_name(name: &str) -> bool {
    !name.starts_with(|letter: char| letter.is_ascii_digit())
        && !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// A value without quotes: everything before a comment.
fn bare(text: &str) -> &str {
    let is_comment = |&(at, _): &(usize, &str)| text[..at].ends_with(char::is_whitespace);
    let end = text.match_indices('#').find(is_comment).map_or(text.len(), |(at, _)| at);
    text[..end].trim()
}

/// A quoted value, which begins after the quote in `first` and may continue in `rest`.
fn quoted<'a>(
    quote: char,
    first: Line<'a>,
    rest: &mut impl Iterator<Item = Line<'a>>,
) -> Result<String, Invalid> {
    let mut value = String::new();
    let (mut number, mut line) = first;
    loop {
        let mut letters = line.chars();
        while let Some(letter) = letters.next() {
            let letter = match letter {
                '\\' if quote == '"' => letters.next().and_then(escaped).ok_or(Invalid {
                    line: number,
                    problem: "an unknown escape; write \\\\ for a backslash, or use single quotes",
                })?,
                _ if letter == quote => {
                    let is_end = is_end(letters.as_str());
                    let problem = "text follows the closing quote; quote the whole value";
                    return if is_end { Ok(value) } else { Err(Invalid { line: number, problem }) };
                }
                _ => letter,
            };
            value.push(letter);
        }
        value.push('\n');
        (number, line) = rest
            .next()
            .ok_or(Invalid { line: first.0, problem: "the quote that begins the value is not closed" })?;
    }
}

/// Whether nothing but a comment follows a quoted value.
fn is_end(text: &str) -> bool {
    let rest = text.trim_start();
    rest.is_empty() || (rest.starts_with('#') && rest.len() < text.len())
}

fn escaped(letter: char) -> Option<char> {
    match letter {
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        '\\' | '"' | '\'' | '`' | '$' => Some(letter),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The value of `A`.
    fn value(text: &str) -> String {
        let variables = parse(text).unwrap_or_else(|error| panic!("{text:?}: {error:?}"));
        variables["A"].clone()
    }

    #[test]
    fn values() {
        for (text, expected) in [
            ("A=", ""),
            ("A=b", "b"),
            ("A = b \t", "b"),
            ("  export\tA=b", "b"),
            ("\u{feff}A=b\r\n", "b"),
            ("A=b=c==", "b=c=="),
            ("A=b # comment", "b"),
            ("A= # comment", ""),
            ("A=b#c", "b#c"),
            ("A=#b", "#b"),
            ("A=two words", "two words"),
            (r"A=C:\new$B`", r"C:\new$B`"),
            (r#"A=b"c'd"#, r#"b"c'd"#),
            (r#"A='a "b" \n $B # c'  # comment"#, r#"a "b" \n $B # c"#),
            (r#"A="a 'b' # c" # comment"#, "a 'b' # c"),
            (r#"A="\n\r\t\\\"\'\`\$B""#, "\n\r\t\\\"'`$B"),
            ("A='  b  '", "  b  "),
            ("A=\"one \r\ntwo\n\"\nB=1", "one \ntwo\n"),
            ("A='one\ntwo'", "one\ntwo"),
            ("A=1\nA=2", "2"),
            (
                "A=postgresql://u:p%40ss@h:6543/d?sslmode=require",
                "postgresql://u:p%40ss@h:6543/d?sslmode=require",
            ),
        ] {
            assert_eq!(value(text), expected, "{text:?}");
        }
    }

    #[test]
    fn lines_without_an_assignment() {
        let variables = parse("# A=1\n\n  \t\n  # B=2\nexport=3\n_c9=4\n").unwrap();
        let names: Vec<_> = variables.keys().map(String::as_str).collect();
        assert_eq!(names, ["_c9", "export"]);
    }

    #[test]
    fn what_is_wrong_and_where() {
        for (text, line, problem) in [
            ("A=1\nhunter2", 2, "NAME=value"),
            ("export A", 1, "NAME=value"),
            ("1A=b", 1, "a name has"),
            ("A-B=c", 1, "a name has"),
            ("=b", 1, "a name has"),
            ("export 1=b", 1, "a name has"),
            ("B='x\ny'\nA='b\n\n", 3, "not closed"),
            ("A=\"b\\\"", 1, "not closed"),
            ("A=\"one\ntwo\\x\"", 2, "escape"),
            ("A=\"one\\\ntwo\"", 1, "escape"),
            ("A='b'c", 1, "follows"),
            ("A='b'#c", 1, "follows"),
            ("\nA=b\0c", 2, "NUL"),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(error.line, line, "{text:?}: {error:?}");
            assert!(error.problem.contains(problem), "{text:?}: {error:?}");
        }
    }

    proptest! {
        #[test]
        fn any_value_can_be_written(text in "[^\0\r]*") {
            let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
            prop_assert_eq!(value(&format!("B=0\nexport A=\"{escaped}\" # c\nC=1")), text.clone());
            if !text.contains('\'') {
                prop_assert_eq!(value(&format!("A='{text}'")), text);
            }
        }

        #[test]
        fn no_text_panics(text in "([A-C=#\\\\ \"'\n\r\0]|export |.){0,60}") {
            if let Err(error) = parse(&text) {
                prop_assert!(error.line >= 1 && error.line <= text.lines().count());
            }
        }
    }
}

//! Content lines (RFC 5545, section 3.1): unfolds them, and splits them into name, parameters and value.
//!
//! Lines are folded at bytes, so a fold may split a character: unfold before decoding. Lines that are not UTF-8 are
//! decoded as windows-1252, which old programs write.

use forebay_domain::reject::Place;
use memchr::memchr;

use crate::charset;

/// Maximum length of an unfolded line in bytes.
const MAX_LINE_BYTES: usize = 4 << 20;
/// Maximum number of parameters in a line.
const MAX_PARAMETERS: usize = 50;

/// A property of a component.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Property {
    /// Its name, in upper case.
    pub(super) name: String,
    /// Names in upper case; values without quotes, several values joined with commas.
    parameters: Vec<(String, String)>,
    /// The value as written. How it is escaped depends on its type.
    pub(super) value: String,
}

impl Property {
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// A line and its place.
pub(super) struct Line {
    pub(super) place: Place,
    /// The place of the next line.
    pub(super) end: Place,
    /// The property, or why the line is invalid.
    pub(super) property: Result<Property, &'static str>,
}

/// Iterates over the non-empty lines of a calendar.
pub(super) struct Lines<'a> {
    body: &'a [u8],
    at: usize,
    line: u64,
}

impl<'a> Lines<'a> {
    pub(super) fn of(body: &'a [u8]) -> Self {
        Self { body, at: 0, line: 1 }
    }

    fn place(&self) -> Place {
        Place { line: self.line, offset: self.at as u64 }
    }

    /// The next line of the file, before unfolding.
    fn raw(&mut self) -> &'a [u8] {
        let rest = &self.body[self.at..];
        let length = memchr(b'\n', rest).map_or(rest.len(), |newline| newline + 1);
        self.at += length;
        self.line += 1;
        let line = &rest[..length];
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        line.strip_suffix(b"\r").unwrap_or(line)
    }
}

impl Iterator for Lines<'_> {
    type Item = Line;

    fn next(&mut self) -> Option<Line> {
        loop {
            if self.at >= self.body.len() {
                return None;
            }
            let place = self.place();
            let first = self.raw();
            let mut text = first.to_vec();
            let mut is_too_long = false;
            while matches!(self.body.get(self.at), Some(b' ' | b'\t')) {
                let more = &self.raw()[1..];
                is_too_long |= text.len() + more.len() > MAX_LINE_BYTES;
                if !is_too_long {
                    text.extend_from_slice(more);
                }
            }
            if text.trim_ascii().is_empty() {
                continue;
            }
            let text = charset::line(text);
            let property = if is_too_long { Err("it is longer than 4 MiB") } else { parse(&text) };
            return Some(Line { place, end: self.place(), property });
        }
    }
}

fn parse(text: &str) -> Result<Property, &'static str> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let end = text.find(|c| !is_name(c)).ok_or("it has no colon")?;
    let (name, mut rest) = text.split_at(end);
    if name.is_empty() {
        return Err("it does not begin with a name");
    }
    let mut parameters = Vec::new();
    while let Some(after) = rest.strip_prefix(';') {
        let end = after.find(['=', ':', ';']).ok_or("a parameter is not terminated")?;
        let key = after[..end].trim().to_ascii_uppercase();
        rest = &after[end..];
        let mut values = String::new();
        if let Some(after) = rest.strip_prefix('=') {
            rest = after;
            loop {
                rest = value(rest, &mut values)?;
                match rest.strip_prefix(',') {
                    Some(after) => {
                        values.push(',');
                        rest = after;
                    }
                    None => break,
                }
            }
        }
        if parameters.len() >= MAX_PARAMETERS {
            return Err("it has too many parameters");
        }
        parameters.push((key, values));
    }
    let value = rest.strip_prefix(':').ok_or("it has no colon")?;
    Ok(Property { name: name.to_ascii_uppercase(), parameters, value: value.to_owned() })
}

/// Appends one parameter value, quoted or not, to `out`, and resolves the escapes of RFC 6868. Returns the rest of the
/// line.
fn value<'a>(text: &'a str, out: &mut String) -> Result<&'a str, &'static str> {
    let (value, rest) = match text.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"').ok_or("a quotation mark is not closed")?,
        None => text.split_at(text.find([',', ';', ':']).unwrap_or(text.len())),
    };
    let mut characters = value.chars();
    while let Some(c) = characters.next() {
        if c != '^' {
            out.push(c);
            continue;
        }
        match characters.clone().next() {
            Some('n' | 'N') => out.push('\n'),
            Some('^') => out.push('^'),
            Some('\'') => out.push('"'),
            _ => {
                out.push('^');
                continue;
            }
        }
        characters.next();
    }
    Ok(rest)
}

/// Resolves the escapes of a TEXT value (section 3.3.11).
pub(super) fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match characters.next() {
            Some('n' | 'N') => out.push('\n'),
            Some(escaped) => out.push(escaped),
            None => out.push('\\'),
        }
    }
    out
}

/// Splits a list at commas that are not escaped, and resolves the escapes of its values.
pub(super) fn list(text: &str) -> Vec<String> {
    let mut values = Vec::new();
    let mut from = 0;
    let mut is_escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            '\\' => is_escaped = !is_escaped,
            ',' if !is_escaped => {
                values.push(unescaped(&text[from..at]));
                from = at + 1;
            }
            _ => is_escaped = false,
        }
        if c == ',' {
            is_escaped = false;
        }
    }
    values.push(unescaped(&text[from..]));
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(body: &[u8]) -> Vec<Line> {
        Lines::of(body).collect()
    }

    #[test]
    fn lines_are_unfolded_before_they_are_decoded() {
        // The fold splits the two bytes of é.
        let body = b"SUMMARY:Caf\xc3\r\n \xa9 on\r\n\t a\r\n\r\nX:2\nLATIN:\xe9";
        let found = lines(body);
        let values: Vec<&str> =
            found.iter().map(|line| line.property.as_ref().unwrap().value.as_str()).collect();
        assert_eq!(values, ["Café on a", "2", "é"]);
        assert_eq!(found[1].place, Place { line: 5, offset: 28 });
        assert_eq!(found[2].end, Place { line: 7, offset: body.len() as u64 });
    }

    #[test]
    fn parameters_may_be_quoted_and_escaped() {
        let property =
            parse("attendee;cn=\"Doe; Jane: ^'JD^'^n^^^x\";Member=\"mailto:a\",b;RSVP:mailto:x:y").unwrap();
        assert_eq!(property.name, "ATTENDEE");
        assert_eq!(property.parameter("CN"), Some("Doe; Jane: \"JD\"\n^^x"));
        assert_eq!(property.parameter("MEMBER"), Some("mailto:a,b"));
        assert_eq!(property.parameter("RSVP"), Some(""));
        assert_eq!(property.value, "mailto:x:y");
    }

    #[test]
    fn invalid_lines_are_errors() {
        for text in ["", ":x", "NAME", "NAME;P", "NAME;P=\"x", "NAME;P=x", "NA ME:x", "é:x"] {
            assert!(parse(text).is_err(), "{text}");
        }
        let long = [b"X:".to_vec(), b"y\n ".repeat(MAX_LINE_BYTES + 1)].concat();
        assert!(lines(&long)[0].property.is_err());
    }

    #[test]
    fn texts_and_lists_are_unescaped() {
        assert_eq!(unescaped(r"a\, b\; c\\ d\n\N\x\"), "a, b; c\\ d\n\nx\\");
        assert_eq!(list(r"a\,b,c\\,d,,"), ["a,b", "c\\", "d", "", ""]);
    }
}

//! The header: the names of the columns, and the rows as JSON objects with these names.

use std::collections::HashSet;

use super::{
    options::HeaderPolicy,
    row::{Field, fields},
};
use crate::error::Error;

/// The names, each as JSON text with the colon that follows it: `"name":`.
#[derive(Debug)]
pub(super) struct Header(Vec<Vec<u8>>);

impl Header {
    /// Reads the first row. Error: `csv_header`, if the policy doesn't accept it.
    pub(super) fn read(row: &[u8], delimiter: u8, policy: HeaderPolicy) -> Result<Self, Error> {
        let mut names: Vec<String> = Vec::new();
        for (index, field) in fields(row, delimiter).enumerate() {
            let column = index + 1;
            if policy == HeaderPolicy::None {
                names.push(numbered(column));
                continue;
            }
            let name = String::from_utf8(unescaped(field))
                .map_err(|_| error(&format!("has a name that is not UTF-8 in column {column}")))?;
            if policy == HeaderPolicy::Strict {
                if name.trim().is_empty() {
                    return Err(error(&format!("has no name for column {column}")));
                }
                if let Some(first) = names.iter().position(|other| *other == name) {
                    return Err(error(&format!("names columns {} and {column} both {name:?}", first + 1)));
                }
            }
            names.push(name);
        }
        if policy == HeaderPolicy::Rename {
            rename(&mut names);
        }
        Ok(Self(names.iter().map(|name| member(name)).collect()))
    }

    /// The number of columns.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Writes a row as a JSON object. Returns the number of its fields; the text is only valid if it is that of the
    /// columns.
    pub(super) fn write(&self, row: &[u8], delimiter: u8, out: &mut Vec<u8>) -> usize {
        let mut count = 0;
        out.push(b'{');
        for field in fields(row, delimiter) {
            if let Some(name) = self.0.get(count) {
                if count > 0 {
                    out.push(b',');
                }
                out.extend_from_slice(name);
                write_string(field, out);
            }
            count += 1;
        }
        out.push(b'}');
        count
    }
}

/// The error of a header.
pub(super) fn error(problem: &str) -> Error {
    Error::CsvHeader { problem: problem.to_owned() }
}

/// The name of a column without one.
fn numbered(column: usize) -> String {
    format!("column_{column}")
}

/// Gives empty names their column's number, and repeated ones the number of the repetition. Names that are unique stay.
fn rename(names: &mut [String]) {
    let mut counts = std::collections::HashMap::<String, usize>::new();
    let given: HashSet<String> = names.iter().cloned().collect();
    let mut used = HashSet::new();
    for (index, name) in names.iter_mut().enumerate() {
        let base = if name.trim().is_empty() { numbered(index + 1) } else { name.clone() };
        let mut candidate = base.clone();
        let is_renamed = candidate != *name;
        while used.contains(&candidate) || ((is_renamed || candidate != base) && given.contains(&candidate)) {
            let count = counts.entry(base.clone()).or_insert(1);
            *count += 1;
            candidate = format!("{base}_{count}");
        }
        used.insert(candidate.clone());
        *name = candidate;
    }
}

/// A name as JSON text, with the colon that follows it.
fn member(name: &str) -> Vec<u8> {
    let mut text = Vec::with_capacity(name.len() + 3);
    write_string(Field { text: name.as_bytes(), is_quoted: false }, &mut text);
    text.push(b':');
    text
}

/// The text of a field, with two quotes as one.
fn unescaped(field: Field<'_>) -> Vec<u8> {
    let mut text = Vec::with_capacity(field.text.len());
    let mut is_second = false;
    for &byte in field.text {
        is_second = field.is_quoted && byte == b'"' && !is_second;
        if !is_second {
            text.push(byte);
        }
    }
    text
}

/// Writes a field of UTF-8 text as a JSON string.
fn write_string(field: Field<'_>, out: &mut Vec<u8>) {
    let text = field.text;
    out.push(b'"');
    let mut written = 0;
    let mut is_second = false;
    for (at, &byte) in text.iter().enumerate() {
        let short = match byte {
            b'"' | b'\\' => byte,
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0..0x20 => b'u',
            _ => continue,
        };
        out.extend_from_slice(&text[written..at]);
        written = at + 1;
        // All quotes of a quoted field are in pairs, and only the second of each is written.
        if byte == b'"' && field.is_quoted {
            is_second = !is_second;
            if is_second {
                continue;
            }
        }
        out.extend_from_slice(&[b'\\', short]);
        if short == b'u' {
            let digit = |nibble: u8| if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 };
            out.extend_from_slice(&[b'0', b'0', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    out.extend_from_slice(&text[written..]);
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(row: &str, policy: HeaderPolicy) -> Vec<String> {
        let header = Header::read(row.as_bytes(), b',', policy).unwrap();
        let name = |text: &Vec<u8>| serde_json::from_slice(text.strip_suffix(b":").unwrap()).unwrap();
        header.0.iter().map(name).collect()
    }

    #[test]
    fn the_policy_decides_about_names() {
        use HeaderPolicy::{None, Rename, Strict};
        assert_eq!(names("a,\"b \"\"c\"\"\"", Strict), ["a", "b \"c\""]);
        assert_eq!(names("a,,a", None), ["column_1", "column_2", "column_3"]);
        assert_eq!(names("a,b", Rename), ["a", "b"]);
        assert_eq!(names("a,a,,a, ", Rename), ["a", "a_2", "column_3", "a_3", "column_5"]);
        // A name that is in the header stays with its column.
        assert_eq!(names("a,a,a_2,column_5,", Rename), ["a", "a_3", "a_2", "column_5", "column_5_2"]);
    }

    #[test]
    fn quotes_in_pairs_are_one() {
        let header = Header::read(b"a,b", b',', HeaderPolicy::Strict).unwrap();
        let mut text = Vec::new();
        assert_eq!(header.write(b"\"\"\"x\"\"\",y\"\"z", b',', &mut text), 2);
        assert_eq!(String::from_utf8(text).unwrap(), r#"{"a":"\"x\"","b":"y\"\"z"}"#);
        assert_eq!(header.write(b"1,2,3", b',', &mut Vec::new()), 3);
    }
}

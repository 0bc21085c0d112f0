//! The first pass over a selector's text: refuses unclosed brackets and strings, and rewrites common forms that CSS
//! does not accept.
//!
//! CSS closes everything at the end of the text, so `a:not(.b` is a valid selector. In a configuration it is a mistake.
//! Two forms are invalid CSS but common: `[data-id=4]`, whose value is quoted here, and `> h2`, which is prefixed with
//! `:scope`.

/// Maximum nesting of `:not()` and other functions.
const MAX_DEPTH: usize = 4;

/// The text of a selector, ready to be parsed.
pub(super) struct Balanced {
    pub(super) text: String,
    /// The inserted pieces, with their positions in the original text.
    inserted: Vec<(usize, &'static str)>,
}

impl Balanced {
    /// Converts a position in the parsed text to a position in the original text.
    pub(super) fn written(&self, position: usize) -> usize {
        let mut added = 0;
        for (at, piece) in &self.inserted {
            if position <= at + added {
                break;
            }
            if position < at + added + piece.len() {
                return *at;
            }
            added += piece.len();
        }
        position - added
    }
}

/// Checks the brackets and strings of a selector. The error says what is wrong and where.
pub(super) fn balance(text: &str) -> Result<Balanced, String> {
    let bytes = text.as_bytes();
    let mut open: Vec<(u8, usize)> = Vec::new();
    let mut inserted = Vec::new();
    let mut is_at_start = true;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if is_at_start && matches!(byte, b'>' | b'+' | b'~') {
            inserted.push((at, ":scope "));
        }
        is_at_start = (is_at_start && byte.is_ascii_whitespace()) || (byte == b',' && open.is_empty());
        match byte {
            b'\\' if at + 1 == bytes.len() => return Err("it ends with a backslash".to_owned()),
            b'\\' => at += 1,
            b'"' | b'\'' => {
                at = end_of_string(bytes, at)
                    .ok_or_else(|| format!("the string at byte {at} is not closed"))?;
            }
            b'/' if bytes.get(at + 1) == Some(&b'*') => {
                return Err(format!("the comment at byte {at} is not supported"));
            }
            b'(' | b'[' => {
                open.push((byte, at));
                if open.iter().filter(|(bracket, _)| *bracket == b'(').count() > MAX_DEPTH {
                    return Err(format!(
                        "its brackets are nested deeper than {MAX_DEPTH} levels at byte {at}"
                    ));
                }
            }
            b')' | b']' => {
                let opening = if byte == b')' { b'(' } else { b'[' };
                if open.pop().is_none_or(|(bracket, _)| bracket != opening) {
                    return Err(format!("{:?} at byte {at} is unmatched", char::from(byte)));
                }
            }
            b'=' if open.last().is_some_and(|(bracket, _)| *bracket == b'[') => {
                let start = at + 1 + count(&bytes[at + 1..], u8::is_ascii_whitespace);
                let length = count(&bytes[start..], |byte| {
                    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
                });
                if bytes.get(start).is_some_and(u8::is_ascii_digit) {
                    inserted.extend([(start, "\""), (start + length, "\"")]);
                }
            }
            _ => {}
        }
        at += 1;
    }
    if let Some((bracket, at)) = open.pop() {
        return Err(format!("{:?} at byte {at} is not closed", char::from(bracket)));
    }
    let mut completed = String::with_capacity(text.len() + 16);
    let mut copied = 0;
    for (at, piece) in &inserted {
        completed.push_str(&text[copied..*at]);
        completed.push_str(piece);
        copied = *at;
    }
    completed.push_str(&text[copied..]);
    Ok(Balanced { text: completed, inserted })
}

/// The position of the closing quote.
fn end_of_string(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        match *bytes.get(at)? {
            b'\\' => at += 1,
            byte if byte == bytes[start] => return Some(at),
            _ => {}
        }
        at += 1;
    }
}

fn count(bytes: &[u8], is_wanted: impl Fn(&u8) -> bool) -> usize {
    bytes.iter().take_while(|byte| is_wanted(byte)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_refer_to_the_original_text() {
        let balanced = balance("[a=4][b = 5x] c['=6']").unwrap();
        assert_eq!(balanced.text, "[a=\"4\"][b = \"5x\"] c['=6']");
        for (position, written) in [(0, 0), (3, 3), (6, 4), (7, 5), (12, 10), (16, 12), (17, 13), (18, 14)] {
            assert_eq!(balanced.written(position), written, "{position}");
        }
        let relative = balance(" > a, + b, c > d").unwrap();
        assert_eq!(relative.text, " :scope > a, :scope + b, c > d");
        for (position, written) in [(0, 0), (1, 1), (4, 1), (8, 1), (10, 3), (13, 6), (20, 6), (22, 8)] {
            assert_eq!(relative.written(position), written, "{position}");
        }
    }
}

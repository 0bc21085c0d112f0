//! Lines of bounded length.

use std::io::{self, BufRead};

/// A line of the input.
#[derive(Debug, PartialEq, Eq)]
pub enum Line {
    /// Its bytes, without the line ending.
    Text(Vec<u8>),
    /// It had too many bytes and was skipped.
    TooLong,
    /// There is no further line.
    End,
}

/// Reads a line of at most `max_bytes`. A longer one is skipped without being kept in memory.
pub fn next_line(input: &mut impl BufRead, max_bytes: usize) -> io::Result<Line> {
    let mut line = Vec::new();
    let mut is_too_long = false;
    let mut is_empty = true;
    loop {
        let chunk = input.fill_buf()?;
        if chunk.is_empty() {
            return Ok(match (is_too_long, is_empty) {
                (true, _) => Line::TooLong,
                (false, true) => Line::End,
                (false, false) => Line::Text(line),
            });
        }
        is_empty = false;
        let end = chunk.iter().position(|&byte| byte == b'\n');
        let part = &chunk[..end.unwrap_or(chunk.len())];
        is_too_long |= line.len() + part.len() > max_bytes;
        if is_too_long {
            line = Vec::new();
        } else {
            line.extend_from_slice(part);
        }
        let count = end.map_or(chunk.len(), |end| end + 1);
        input.consume(count);
        if end.is_some() {
            return Ok(if is_too_long { Line::TooLong } else { Line::Text(line) });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Read};

    use super::*;

    #[test]
    fn lines_are_read_and_long_ones_are_skipped() {
        // A buffer of 4 bytes: lines go over its border.
        let mut input = BufReader::with_capacity(4, b"one\n\n123456\n1234567\nlast".as_slice());
        let text = |text: &str| Line::Text(text.as_bytes().to_vec());
        for expected in [text("one"), text(""), text("123456"), Line::TooLong, text("last"), Line::End] {
            assert_eq!(next_line(&mut input, 6).unwrap(), expected);
        }
    }

    #[test]
    fn an_endless_line_ends_with_the_input() {
        let mut input = BufReader::with_capacity(16, io::repeat(b'x').take(1000));
        assert_eq!(next_line(&mut input, 10).unwrap(), Line::TooLong);
        assert_eq!(next_line(&mut input, 10).unwrap(), Line::End);
    }
}

//! Line numbers of byte offsets.

/// The line starts of a text. A line ends with LF, CRLF or a lone CR.
#[derive(Clone, Debug, Default)]
pub(super) struct Lines {
    /// The offset of each line after the first.
    starts: Vec<u32>,
}

impl Lines {
    /// Finds the lines of a text. Text beyond 4 GiB belongs to the last line.
    pub(super) fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        let starts = memchr::memchr2_iter(b'\n', b'\r', bytes)
            .filter(|at| bytes[*at] == b'\n' || bytes.get(at + 1) != Some(&b'\n'))
            .map_while(|at| u32::try_from(at + 1).ok())
            .collect();
        Self { starts }
    }

    /// The 1-based line of a byte offset.
    pub(super) fn line(&self, offset: usize) -> u32 {
        let before = self.starts.partition_point(|start| *start as usize <= offset);
        u32::try_from(before).map_or(u32::MAX, |before| before.saturating_add(1))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_kind_of_line_ending_counts_once() {
        let text = "a\nb\r\nc\rd\n";
        let lines = Lines::new(text);
        let of = |piece: &str| lines.line(text.find(piece).unwrap());
        assert_eq!([of("a"), of("b"), of("c"), of("d")], [1, 2, 3, 4]);
        assert_eq!(lines.line(text.find("\r\n").unwrap()), 2, "a line ending belongs to its line");
        assert_eq!(lines.line(text.find("\r\n").unwrap() + 1), 2);
        assert_eq!(lines.line(text.len()), 5);
        assert_eq!(lines.line(usize::MAX), 5);
        assert_eq!(Lines::new("").line(0), 1);
    }

    proptest! {
        #[test]
        fn the_line_is_one_more_than_the_line_endings_before(text in "[ab\n]{0,40}", at in 0usize..40) {
            let at = at.min(text.len());
            let expected = text[..at].matches('\n').count() + 1;
            prop_assert_eq!(Lines::new(&text).line(at) as usize, expected);
        }
    }
}

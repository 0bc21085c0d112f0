//! The commas of an array of records: missing and extra ones lose nothing, but they show that something wrote the text
//! by hand or twice, so they are counted.

use crate::scan::skip_space;

/// The commas between the elements of an array.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Commas {
    /// Commas since the last element.
    since: u64,
    /// Whether the array has had an element.
    has_element: bool,
    num_missing: u64,
    num_extra: u64,
    /// The line of the first fault.
    line: u64,
}

impl Commas {
    /// An array begins.
    pub(super) fn begin(&mut self) {
        (self.since, self.has_element) = (0, false);
    }

    pub(super) fn add(&mut self, num: u64) {
        self.since += num;
    }

    /// Whether the commas before the next element, or before the end of the array, are too many or too few.
    pub(super) fn are_wrong_before(&self, is_end: bool) -> bool {
        self.since != u64::from(self.has_element && !is_end)
    }

    /// Counts them.
    pub(super) fn note(&mut self, is_end: bool, line: u64) {
        if self.num_missing + self.num_extra == 0 {
            self.line = line;
        }
        let expected = u64::from(self.has_element && !is_end);
        self.num_missing += expected.saturating_sub(self.since);
        self.num_extra += self.since.saturating_sub(expected);
    }

    /// The next element has begun, or the array has ended.
    pub(super) fn pass(&mut self) {
        (self.since, self.has_element) = (0, true);
    }

    /// A sentence about them, if some were wrong.
    pub(super) fn sentence(&self) -> Option<String> {
        let Self { num_missing, num_extra, line, .. } = self;
        let counted = match (num_missing, num_extra) {
            (0, 0) => return None,
            (missing, 0) => commas(*missing, "missing"),
            (0, extra) => commas(*extra, "extra"),
            (missing, extra) => format!("{} and {}", commas(*missing, "missing"), commas(*extra, "extra")),
        };
        Some(format!(
            "the array of records is not valid JSON: it has {counted}, the first of them near line {line}"
        ))
    }
}

fn commas(number: u64, kind: &str) -> String {
    format!("{number} {kind} comma{}", if number == 1 { "" } else { "s" })
}

/// The index of the first byte that is neither whitespace nor a comma.
pub(super) fn skip_separators(bytes: &[u8], from: usize) -> Option<usize> {
    separators(bytes, from).0
}

/// The same, with the number of commas before it.
pub(super) fn separators(bytes: &[u8], from: usize) -> (Option<usize>, u64) {
    let mut num_commas = 0;
    let mut next = skip_space(bytes, from);
    while let Some(at) = next.filter(|&at| bytes[at] == b',') {
        num_commas += 1;
        next = skip_space(bytes, at + 1);
    }
    (next, num_commas)
}

//! Finds a record that is many times longer than its neighbours: a quote that was not closed, and that another quote
//! closed by accident, swallows whole rows without breaking the syntax.

use memchr::memchr_iter;

/// Fewer other records don't show how long a record usually is.
const MIN_OTHERS: u64 = 4;
/// A record with so many times the usual length is reported if the lines in it look like rows.
const TIMES_IF_ROWS: u64 = 3;
/// Otherwise it is reported with this many times the usual length.
const TIMES: u64 = 20;

/// The lengths of the records so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lengths {
    num: u64,
    total: u64,
    longest: Option<Longest>,
}

/// The longest record that spans several lines.
#[derive(Clone, Copy, Debug)]
struct Longest {
    line: u64,
    length: u64,
    num_lines: u64,
    looks_like_rows: bool,
}

impl Lengths {
    /// Adds a record, which starts at this line.
    pub(super) fn add(&mut self, line: u64, row: &[u8], delimiter: u8, num_columns: usize) {
        let length = row.len() as u64;
        self.num += 1;
        self.total += length;
        if self.longest.is_some_and(|longest| longest.length >= length) {
            return;
        }
        let num_lines = memchr_iter(b'\n', row).count() as u64 + 1;
        if num_lines > 2 {
            let looks_like_rows = has_rows(row, delimiter, num_columns);
            self.longest = Some(Longest { line, length, num_lines, looks_like_rows });
        }
    }

    /// A sentence about the longest record, if it is suspiciously long.
    pub(super) fn sentence(&self) -> Option<String> {
        let Longest { line, length, num_lines, looks_like_rows } = self.longest?;
        let num_others = self.num - 1;
        let usual = (self.total - length) / num_others.max(1);
        let times = length / usual.max(1);
        let enough = if looks_like_rows { TIMES_IF_ROWS } else { TIMES };
        (num_others >= MIN_OTHERS && times >= enough).then(|| {
            format!(
                "The record at line {line} has {num_lines} lines and is {times} times as long as the others: if a closing \
                 quote is missing there, the rows in it were not read."
            )
        })
    }
}

/// Whether most inner lines of a row have the delimiters of a row.
fn has_rows(row: &[u8], delimiter: u8, num_columns: usize) -> bool {
    let lines: Vec<&[u8]> = row.split(|byte| *byte == b'\n').collect();
    let inner = lines.get(1..lines.len() - 1).unwrap_or_default();
    let num_like_rows =
        inner.iter().filter(|line| memchr_iter(delimiter, line).count() + 1 == num_columns).count();
    num_columns > 1 && num_like_rows * 2 > inner.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(rows: &[&str]) -> Option<String> {
        let mut lengths = Lengths::default();
        for (index, row) in rows.iter().enumerate() {
            lengths.add(index as u64 + 2, row.as_bytes(), b',', 2);
        }
        lengths.sentence()
    }

    #[test]
    fn swallowed_rows_are_reported() {
        let rows = ["1,a", "2,b", "3,\"c\n4,d\n5,e\n6,f\"", "7,g", "8,h"];
        assert!(sentence(&rows).unwrap().starts_with("The record at line 4 has 4 lines and is 5 times"));
        assert_eq!(sentence(&rows[..4]), None, "too few to compare with");
    }

    #[test]
    fn prose_of_several_lines_is_not() {
        let prose = format!("1,\"{}\"", "One line of prose.\n".repeat(10));
        let short = ["2,Short text", "3,Short text", "4,Short text", "5,Short text"];
        assert_eq!(sentence(&[&[prose.as_str()], short.as_slice()].concat()), None);
        let long = format!("1,\"{}\"", "One line of prose.\n".repeat(100));
        assert!(sentence(&[&[long.as_str()], short.as_slice()].concat()).is_some());
        let everywhere: Vec<&str> = vec!["1,\"a\nb,c\nd,e\nf\""; 9];
        assert_eq!(sentence(&everywhere), None);
    }
}

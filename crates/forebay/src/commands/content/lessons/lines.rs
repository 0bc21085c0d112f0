//! Lessons as JSON Lines, in batches.

use std::io::{self, BufRead};

use forebay_engine::content::LessonInput;
use forebay_views::LessonParams;

use super::super::lines::{Line, next_line};

/// A batch ends after so many lessons, so a generator that stops has lost little.
const MAX_LESSONS: usize = 100;
/// A batch ends after so many bytes, whatever its number of lessons.
const MAX_BATCH_BYTES: usize = 16 << 20;
/// A longer line is refused.
const MAX_LINE_BYTES: usize = 32 << 20;

/// Reads lessons.
pub(super) struct Lines<R> {
    input: R,
    /// The number of the last line.
    number: u64,
}

/// Some lines.
#[derive(Default)]
pub(super) struct Batch {
    /// Lessons with their line numbers.
    pub(super) lessons: Vec<(u64, LessonInput)>,
    /// Lines that are no lesson, and why.
    pub(super) refused: Vec<(u64, String)>,
    /// Whether the input has ended.
    pub(super) is_last: bool,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, number: 0 }
    }

    /// The next lines, until the batch is full or the input ends.
    pub(super) fn next_batch(&mut self) -> io::Result<Batch> {
        let mut batch = Batch::default();
        let mut num_bytes = 0;
        while batch.lessons.len() < MAX_LESSONS && num_bytes < MAX_BATCH_BYTES {
            let line = match next_line(&mut self.input, MAX_LINE_BYTES)? {
                Line::Text(line) => line,
                Line::TooLong => {
                    self.number += 1;
                    let message = format!("the line has more than {MAX_LINE_BYTES} bytes");
                    batch.refused.push((self.number, message));
                    continue;
                }
                Line::End => {
                    batch.is_last = true;
                    break;
                }
            };
            self.number += 1;
            num_bytes += line.len();
            if line.trim_ascii().is_empty() {
                continue;
            }
            let read = serde_json::from_slice::<LessonParams>(&line).map_err(|error| sentence(&error));
            match read.and_then(LessonParams::input) {
                Ok(lesson) => batch.lessons.push((self.number, lesson)),
                Err(message) => batch.refused.push((self.number, message)),
            }
        }
        Ok(batch)
    }
}

/// Why a line is no lesson, without the line number of serde, which is always 1.
fn sentence(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let message = text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message);
    format!("{message}, at column {}", error.column())
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn bad_lines_are_named_and_the_others_are_read() {
        let text = "{\"text\": \"# A\", \"module\": 1, \"lesson\": 1}\n\n{\"text\": 1}\nnot json\n{\"text\": \"# B\"}\r\n\
                    {\"text\": \"# C\", \"path\": \"lessons/1.3-c.md\"}";
        let mut lines = Lines::new(Cursor::new(text));
        let batch = lines.next_batch().unwrap();
        let numbers: Vec<u64> = batch.lessons.iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, [1, 6]);
        let refused: Vec<u64> = batch.refused.iter().map(|(number, _)| *number).collect();
        assert_eq!(refused, [3, 4, 5]);
        assert!(batch.is_last);
    }

    #[test]
    fn batches_are_limited() {
        let line = "{\"text\": \"# A\", \"module\": 1, \"lesson\": 1}\n";
        let mut lines = Lines::new(Cursor::new(line.repeat(250)));
        let batches: Vec<_> = (0..3).map(|_| lines.next_batch().unwrap()).collect();
        assert_eq!(batches.iter().map(|batch| batch.lessons.len()).collect::<Vec<_>>(), [100, 100, 50]);
        assert_eq!(batches.iter().map(|batch| batch.is_last).collect::<Vec<_>>(), [false, false, true]);
    }

    #[test]
    fn a_line_without_end_is_refused_and_the_next_one_is_read() {
        let mut text = vec![b'x'; MAX_LINE_BYTES + 10];
        text.extend(b"\n{\"text\": \"# A\", \"module\": 1, \"lesson\": 1}\n");
        let mut lines = Lines::new(Cursor::new(text));
        let mut batches = vec![lines.next_batch().unwrap()];
        while !batches.last().unwrap().is_last {
            batches.push(lines.next_batch().unwrap());
        }
        assert_eq!(
            batches.iter().flat_map(|batch| &batch.refused).map(|(number, _)| *number).collect::<Vec<_>>(),
            [1]
        );
        assert_eq!(
            batches.iter().flat_map(|batch| &batch.lessons).map(|(number, _)| *number).collect::<Vec<_>>(),
            [2]
        );
    }
}

//! The stage of lessons that a generator hands over: JSON Lines, written in batches as they arrive.

use std::io::{self, BufRead};

use super::super::{
    disk::on_disk,
    error::ContentError,
    lines::{Line, next_line},
    persister::{CoursePersister, LessonInput, Persisted},
};
use crate::error::Result;

/// A batch ends after so many lessons, so a generator that stops has lost little.
const MAX_LESSONS: usize = 100;
/// A batch ends after so many bytes, whatever its number of lessons.
const MAX_BATCH_BYTES: usize = 16 << 20;
/// A longer line is refused.
const MAX_LINE_BYTES: usize = 32 << 20;

/// Reads a line as a lesson. The error is a sentence.
type ReadLesson = fn(&[u8]) -> std::result::Result<LessonInput, String>;

/// What became of lessons that were handed over.
#[derive(Debug, Default)]
pub struct LessonLines {
    /// Lessons that could be used.
    pub num_lessons: u64,
    /// Files that were written; the others were equal already.
    pub num_written: u64,
    /// Lines that could not be used, in their order.
    pub refused: Vec<RefusedLine>,
    /// What became of the last batch in the database; `None`: there was none.
    pub persisted: Option<Persisted>,
}

/// A line that could not be used. The others were.
#[derive(Debug)]
pub struct RefusedLine {
    /// Its number, from 1.
    pub line: u64,
    /// Why.
    pub error: ContentError,
}

/// Writes lessons in batches. `read` makes a lesson of a line. Errors: the input cannot be read; a file could not be
/// written.
pub async fn persist_lines(
    writer: &mut CoursePersister,
    input: Box<dyn BufRead + Send>,
    read: ReadLesson,
) -> Result<LessonLines> {
    let mut report = LessonLines::default();
    let mut lines = Some(Lines::new(input, read));
    while let Some(mut reader) = lines.take() {
        // A generator may take minutes for a line.
        let next = on_disk(move || match reader.next_batch() {
            Ok(batch) => Ok((reader, batch)),
            Err(source) => Err(ContentError::Input { source }),
        });
        let (reader, Batch { lessons, refused, is_last }) = next.await?;
        let invalid = |(line, problem)| RefusedLine { line, error: ContentError::LineInvalid { problem } };
        report.refused.extend(refused.into_iter().map(invalid));
        if !lessons.is_empty() {
            let (numbers, lessons): (Vec<u64>, Vec<LessonInput>) = lessons.into_iter().unzip();
            let written = writer.persist_lessons_batch(lessons).await?;
            report.num_lessons += written.paths.len() as u64;
            report.num_written += written.num_written;
            report.persisted = Some(written.persisted);
            let refused = written.refused.into_iter();
            report
                .refused
                .extend(refused.map(|one| RefusedLine { line: numbers[one.index], error: one.error }));
        }
        if !is_last {
            lines = Some(reader);
        }
    }
    report.refused.sort_by_key(|refused| refused.line);
    Ok(report)
}

/// Reads lessons.
struct Lines<R> {
    input: R,
    read: ReadLesson,
    /// The number of the last line.
    number: u64,
}

/// Some lines.
#[derive(Default)]
struct Batch {
    /// Lessons with their line numbers.
    lessons: Vec<(u64, LessonInput)>,
    /// Lines that are no lesson, and why.
    refused: Vec<(u64, String)>,
    /// Whether the input has ended.
    is_last: bool,
}

impl<R: BufRead> Lines<R> {
    fn new(input: R, read: ReadLesson) -> Self {
        Self { input, read, number: 0 }
    }

    /// The next lines, until the batch is full or the input ends.
    fn next_batch(&mut self) -> io::Result<Batch> {
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
            match (self.read)(&line) {
                Ok(lesson) => batch.lessons.push((self.number, lesson)),
                Err(message) => batch.refused.push((self.number, message)),
            }
        }
        Ok(batch)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use forebay_domain::content::lesson::LessonFacts;
    use forebay_store::content::LessonMeasures;

    use super::{super::super::persister::LessonPlace, *};

    /// A lesson for each line that begins with `{"text": "`.
    fn read(line: &[u8]) -> std::result::Result<LessonInput, String> {
        let text = std::str::from_utf8(line).unwrap();
        let text = text.strip_prefix("{\"text\": \"").ok_or("no lesson")?;
        Ok(LessonInput {
            place: LessonPlace::Number { module: 1, lesson: 1, slug: None },
            text: text.to_owned(),
            facts: LessonFacts::default(),
            measures: LessonMeasures::default(),
        })
    }

    #[test]
    fn bad_lines_are_named_and_the_others_are_read() {
        let text = "{\"text\": \"# A\"}\n\n{\"text\": 1}\nnot json\n{}\r\n{\"text\": \"# C\"}";
        let mut lines = Lines::new(Cursor::new(text), read);
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
        let mut lines = Lines::new(Cursor::new(line.repeat(250)), read);
        let batches: Vec<_> = (0..3).map(|_| lines.next_batch().unwrap()).collect();
        assert_eq!(batches.iter().map(|batch| batch.lessons.len()).collect::<Vec<_>>(), [100, 100, 50]);
        assert_eq!(batches.iter().map(|batch| batch.is_last).collect::<Vec<_>>(), [false, false, true]);
    }

    #[test]
    fn a_line_without_end_is_refused_and_the_next_one_is_read() {
        let mut text = vec![b'x'; MAX_LINE_BYTES + 10];
        text.extend(b"\n{\"text\": \"# A\", \"module\": 1, \"lesson\": 1}\n");
        let mut lines = Lines::new(Cursor::new(text), read);
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

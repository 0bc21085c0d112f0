//! The stage of lessons that a generator hands over: JSON Lines, written in batches as they arrive.

use std::{
    io::{self, BufRead},
    thread,
    time::Duration,
};

use tokio::{sync::mpsc, time::timeout};

use super::super::{
    error::ContentError,
    keep::FolderChange,
    lines::{Line, next_line},
    persister::{CoursePersister, LessonInput, Persisted},
};
use crate::error::Result;

/// A batch ends after so many lessons, so a generator that stops has lost little.
const MAX_LESSONS: usize = 100;
/// A batch ends after so many bytes, whatever its number of lessons.
const MAX_BATCH_BYTES: usize = 16 << 20;
/// A batch ends if no line comes for so long: lessons that a generator hands over slowly are written one by one.
const LONGEST_PAUSE: Duration = Duration::from_millis(250);
/// A longer line is refused.
const MAX_LINE_BYTES: usize = 32 << 20;

/// Reads a line as a lesson. The error is a sentence.
type ReadLesson = fn(&[u8]) -> std::result::Result<LessonInput, String>;

/// The result of lessons that were handed over.
#[derive(Debug, Default)]
pub struct LessonLines {
    /// Lessons that could be used.
    pub num_lessons: u64,
    /// Files that were written; the others were equal already.
    pub num_written: u64,
    /// Files that somebody else had changed. Their former bytes, which no sync has stored, are kept.
    pub kept: Vec<FolderChange>,
    /// Lines that could not be used, in their order.
    pub refused: Vec<RefusedLine>,
    /// The result of the last batch in the database; `None`: there was none.
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
    let mut lines = Lines::of(input, read).map_err(|source| ContentError::Input { source })?;
    let mut is_over = false;
    while !is_over {
        let batch = lines.next_batch().await.map_err(|source| ContentError::Input { source })?;
        let Batch { lessons, refused, is_last } = batch;
        is_over = is_last;
        let invalid = |(line, problem)| RefusedLine { line, error: ContentError::LineInvalid { problem } };
        report.refused.extend(refused.into_iter().map(invalid));
        if !lessons.is_empty() {
            let (numbers, lessons): (Vec<u64>, Vec<LessonInput>) = lessons.into_iter().unzip();
            let written = writer.persist_lessons_batch(lessons).await?;
            report.num_lessons += written.paths.len() as u64;
            report.num_written += written.num_written;
            report.kept.extend(written.kept);
            report.persisted = Some(written.persisted);
            let refused = written.refused.into_iter();
            report
                .refused
                .extend(refused.map(|one| RefusedLine { line: numbers[one.index], error: one.error }));
        }
    }
    report.refused.sort_by_key(|refused| refused.line);
    Ok(report)
}

/// A line that is not blank.
struct ReadLine {
    /// Its number, from 1.
    number: u64,
    num_bytes: usize,
    lesson: std::result::Result<LessonInput, String>,
}

/// Lines that a thread of their own reads: a generator may take minutes for one.
struct Lines {
    lines: mpsc::Receiver<io::Result<ReadLine>>,
    /// Why nothing more can be read.
    failed: Option<io::Error>,
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

impl Lines {
    /// Begins to read. The thread is not waited for: nothing can end its wait for a line.
    fn of(input: impl BufRead + Send + 'static, read: ReadLesson) -> io::Result<Self> {
        // Lines may be large, so only one is read ahead.
        let (sender, lines) = mpsc::channel(1);
        thread::Builder::new().name("lesson-lines".to_owned()).spawn(move || send(input, read, &sender))?;
        Ok(Self { lines, failed: None })
    }

    /// The next lines, until the batch is full, no further line is ready, or the input ends.
    async fn next_batch(&mut self) -> io::Result<Batch> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let mut batch = Batch::default();
        let mut num_bytes = 0;
        while batch.lessons.len() < MAX_LESSONS && num_bytes < MAX_BATCH_BYTES {
            let next = if batch.lessons.is_empty() {
                self.lines.recv().await
            } else {
                match timeout(LONGEST_PAUSE, self.lines.recv()).await {
                    Ok(next) => next,
                    Err(_) => break,
                }
            };
            let Some(line) = next else {
                batch.is_last = true;
                break;
            };
            let line = match line {
                Ok(line) => line,
                // What was read before is written first; the next call gets the error.
                Err(error) if batch.lessons.is_empty() => return Err(error),
                Err(error) => {
                    self.failed = Some(error);
                    break;
                }
            };
            num_bytes += line.num_bytes;
            match line.lesson {
                Ok(lesson) => batch.lessons.push((line.number, lesson)),
                Err(message) => batch.refused.push((line.number, message)),
            }
        }
        Ok(batch)
    }
}

/// Sends the lines of an input until it ends or the receiver is dropped.
fn send(mut input: impl BufRead, read: ReadLesson, sender: &mpsc::Sender<io::Result<ReadLine>>) {
    let mut number = 0;
    loop {
        let line = match next_line(&mut input, MAX_LINE_BYTES) {
            Ok(Line::End) => return,
            Ok(line) => line,
            Err(error) => {
                // The receiver may be gone.
                let _ = sender.blocking_send(Err(error));
                return;
            }
        };
        number += 1;
        let (num_bytes, lesson) = match line {
            Line::Text(line) if line.trim_ascii().is_empty() => continue,
            Line::Text(line) => (line.len(), read(&line)),
            _ => (0, Err(format!("the line has more than {MAX_LINE_BYTES} bytes"))),
        };
        if sender.blocking_send(Ok(ReadLine { number, num_bytes, lesson })).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

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

    #[tokio::test]
    async fn bad_lines_are_named_and_the_others_are_read() {
        let text = "{\"text\": \"# A\"}\n\n{\"text\": 1}\nnot json\n{}\r\n{\"text\": \"# C\"}";
        let mut lines = Lines::of(Cursor::new(text), read).unwrap();
        let batch = lines.next_batch().await.unwrap();
        let numbers: Vec<u64> = batch.lessons.iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, [1, 6]);
        let refused: Vec<u64> = batch.refused.iter().map(|(number, _)| *number).collect();
        assert_eq!(refused, [3, 4, 5]);
        assert!(batch.is_last);
    }

    #[tokio::test]
    async fn batches_are_limited() {
        let line = "{\"text\": \"# A\", \"module\": 1, \"lesson\": 1}\n";
        let mut lines = Lines::of(Cursor::new(line.repeat(250)), read).unwrap();
        let mut batches = Vec::new();
        for _ in 0..3 {
            batches.push(lines.next_batch().await.unwrap());
        }
        assert_eq!(batches.iter().map(|batch| batch.lessons.len()).collect::<Vec<_>>(), [100, 100, 50]);
        assert_eq!(batches.iter().map(|batch| batch.is_last).collect::<Vec<_>>(), [false, false, true]);
    }

    #[tokio::test]
    async fn a_line_without_end_is_refused_and_the_next_one_is_read() {
        let mut text = vec![b'x'; MAX_LINE_BYTES + 10];
        text.extend(b"\n{\"text\": \"# A\", \"module\": 1, \"lesson\": 1}\n");
        let mut lines = Lines::of(Cursor::new(text), read).unwrap();
        let mut batches = vec![lines.next_batch().await.unwrap()];
        while !batches.last().unwrap().is_last {
            batches.push(lines.next_batch().await.unwrap());
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

    #[tokio::test]
    async fn lessons_are_not_held_until_a_slow_generator_ends() {
        let (reader, mut writer) = io::pipe().unwrap();
        let mut lines = Lines::of(io::BufReader::new(reader), read).unwrap();
        for number in 1..=3 {
            writeln!(writer, "{{\"text\": \"# A\"}}").unwrap();
            // The generator is still at work, so the pipe is open.
            let batch = timeout(Duration::from_secs(10), lines.next_batch()).await.unwrap().unwrap();
            assert_eq!((batch.lessons[0].0, batch.lessons.len(), batch.is_last), (number, 1, false));
        }
        drop(writer);
        assert!(lines.next_batch().await.unwrap().is_last);
    }
}

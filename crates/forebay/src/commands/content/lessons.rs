//! `forebay content lessons`: stores the lessons of a folder, or writes and stores lessons from JSON Lines.

mod lines;

use std::{
    fs::File,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
};

use forebay_engine::content::{self, CoursePersister, LessonInput};
use forebay_views::{ContentLessons, ContentRefusedLine};
use tokio::task;

use self::lines::Lines;
use super::{
    outcome::{database_error, written},
    writing::WritingArgs,
};
use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// Store the lessons of a course folder, or write and store lessons from JSON Lines
///
/// Each line is an object with the lesson's `text`, and its `path` or its `module` and `lesson`. `slug`,
/// `lesson_id`, `title`, `bloom_level`, `objectives` and `key_concepts` are optional and become front matter,
/// unless the text has one; front matter without an id gets the id. `measures` are stored with the lesson. A
/// line that cannot be used costs only itself: the others are written, and the command exits with 1.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay content lessons outputs/courses/rust-basics
  forebay content lessons outputs/courses/rust-basics --from lessons.jsonl
  python3 generate.py | forebay content lessons outputs/courses/rust-basics --from -")]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) writing: WritingArgs,

    /// File with JSON Lines; - is standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) from: Option<PathBuf>,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let view = match &args.from {
        None => {
            let stored =
                args.writing.run(context, async |writer| content::persist_lessons(writer).await).await?;
            ContentLessons::of_folder(stored, database_error)
        }
        Some(from) => {
            let input = open(from)?;
            let written =
                args.writing.run(context, async |writer| write(writer, input, &name(from)).await).await?;
            written.map_err(|error| {
                Failure::new("input_failed", format!("cannot read {}", name(from))).because(&error)
            })?
        }
    };
    args.writing.finish(context, &view, view.database.as_ref(), view.is_complete)
}

fn open(from: &Path) -> Result<Box<dyn BufRead + Send>, Failure> {
    if from.as_os_str() == "-" {
        return Ok(Box::new(BufReader::new(io::stdin())));
    }
    match File::open(from) {
        Ok(file) => Ok(Box::new(BufReader::new(file))),
        Err(error) => {
            Err(Failure::usage("input_missing", format!("cannot open {}", from.display())).because(&error))
        }
    }
}

/// The input in messages.
fn name(from: &Path) -> String {
    if from.as_os_str() == "-" { "stdin".to_owned() } else { from.display().to_string() }
}

/// Writes the lessons in batches, as their lines arrive. The inner error is that of reading.
async fn write(
    writer: &mut CoursePersister,
    input: Box<dyn BufRead + Send>,
    name: &str,
) -> forebay_engine::Result<io::Result<ContentLessons>> {
    let mut view = ContentLessons::default();
    let mut refused: Vec<(u64, forebay_views::Error)> = Vec::new();
    let mut lines = Some(Lines::new(input));
    while let Some(mut reader) = lines.take() {
        // A generator may take minutes for a line.
        let read = task::spawn_blocking(move || reader.next_batch().map(|batch| (reader, batch)));
        let (reader, batch) = match read.await.map_err(|_| forebay_engine::Error::Reader)? {
            Ok(read) => read,
            Err(error) => return Ok(Err(error)),
        };
        refused.extend(
            batch
                .refused
                .into_iter()
                .map(|(line, message)| (line, Failure::new("lesson_invalid", message).view())),
        );
        if !batch.lessons.is_empty() {
            let (numbers, lessons): (Vec<u64>, Vec<LessonInput>) = batch.lessons.into_iter().unzip();
            let written = written(writer.persist_lessons_batch(lessons).await?);
            view.num_lessons += written.paths.len() as u64;
            view.num_written += written.num_written;
            view.database = Some(written.database);
            refused
                .extend(written.refused.into_iter().map(|refused| (numbers[refused.index], refused.error)));
        }
        if !batch.is_last {
            lines = Some(reader);
        }
    }
    refused.sort_by_key(|(line, _)| *line);
    view.is_complete = refused.is_empty();
    view.refused = refused
        .into_iter()
        .map(|(line, error)| ContentRefusedLine { place: format!("{name}:{line}"), error })
        .collect();
    Ok(Ok(view))
}

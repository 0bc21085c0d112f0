//! `forebay content lessons`: stores the lessons of a folder, or writes and stores lessons from JSON Lines.

use std::{
    fs::File,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
};

use forebay_engine::content;
use forebay_views::{ContentLessons, LessonParams};

use super::{
    outcome::{database_error, refused_error},
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
            let persist =
                async |writer: &mut _| content::persist_lines(writer, input, LessonParams::read_line).await;
            let written = args.writing.run(context, persist).await?;
            ContentLessons::of_lines(written, &name(from), refused_error, database_error)
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

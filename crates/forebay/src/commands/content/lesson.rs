//! `forebay content lesson`: writes and stores one lesson.

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use forebay_domain::content::lesson::LessonFacts;
use forebay_engine::content::{LessonInput, LessonPlace};
use forebay_store::content::LessonMeasures;

use super::{outcome::written, writing::WritingArgs};
use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// Write one lesson to the course folder and store it
///
/// FILE is a lesson in the course folder, or any file, or - for standard input, with --module and
/// --lesson. If the folder has a lesson with this number, it is replaced.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay content lesson outputs/courses/rust-basics lessons/1.2-moves.md
  python3 lesson.py | forebay content lesson outputs/courses/rust-basics - --module 1 --lesson 2
  forebay content lesson outputs/courses/rust-basics draft.md --module 1 --lesson 2 --slug moves")]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) writing: WritingArgs,

    /// The lesson's Markdown; - is standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// Number of its module
    #[arg(long, value_name = "N", requires = "lesson")]
    pub(crate) module: Option<u32>,

    /// Its number in the module
    #[arg(long, value_name = "N", requires = "module")]
    pub(crate) lesson: Option<u32>,

    /// Short name for the file of a new lesson [default: from its title]
    #[arg(long, value_name = "SLUG", requires = "lesson")]
    pub(crate) slug: Option<String>,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let (place, text) = input(args)?;
    let (facts, measures) = (LessonFacts::default(), LessonMeasures::default());
    let lesson = LessonInput { place, text, facts, measures };
    let lesson = args.writing.run(context, async |writer| writer.persist_lesson(lesson).await).await?;
    let view = written(lesson);
    args.writing.finish(context, &view, Some(&view.database), view.kept.is_empty())
}

/// Where the lesson belongs, and its text.
fn input(args: &Args) -> Result<(LessonPlace, String), Failure> {
    let is_stdin = args.file.as_os_str() == "-";
    let folder = &args.writing.folder.folder;
    let path = if is_stdin || args.file.exists() { args.file.clone() } else { folder.join(&args.file) };
    let place = match args.module.zip(args.lesson) {
        Some((module, lesson)) => LessonPlace::Number { module, lesson, slug: args.slug.clone() },
        None if is_stdin => {
            let failure = Failure::usage("lesson_place_missing", "standard input has no place in the course");
            return Err(failure.hint("add --module and --lesson"));
        }
        None => LessonPlace::Path(below(folder, &path).ok_or_else(|| {
            let message = format!("{} is not in the course folder", args.file.display());
            Failure::usage("lesson_place_missing", message).hint("add --module and --lesson")
        })?),
    };
    let bytes = if is_stdin {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        fs::read(&path)
    };
    let failed = |error: &io::Error| {
        Failure::usage("lesson_unreadable", format!("cannot read {}", args.file.display())).because(error)
    };
    let bytes = bytes.map_err(|error| failed(&error))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let line = error.as_bytes()[..error.utf8_error().valid_up_to()].split(|byte| *byte == b'\n').count();
        Failure::usage("not_utf8", format!("{} is not valid UTF-8", args.file.display()))
            .place(format!("{}:{line}", args.file.display()))
            .hint("save the file as UTF-8")
    })?;
    Ok((place, text))
}

/// The path of a file below a folder, with `/` between its parts.
fn below(folder: &Path, path: &Path) -> Option<String> {
    // The file itself may be a link, which is refused later; the folders above it may be.
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let path = parent.canonicalize().ok()?.join(path.file_name()?);
    let below = path.strip_prefix(folder.canonicalize().ok()?).ok()?;
    below.to_str().map(str::to_owned)
}

//! `forebay content generate`: makes the lessons that a curriculum plans.

mod report;

use std::sync::{
    OnceLock,
    atomic::{AtomicU64, Ordering},
};

use clap::value_parser;
use forebay_domain::content::PersistMode;
use forebay_engine::content::{
    self, GenerateOptions, GenerateProgress, GenerateReport, LessonSpec, Retries, Selection,
};
use forebay_store::connect::OpenOptions;
use forebay_views::{ContentGenerated, LessonSpecification};

use super::{
    super::signals::stoppable_by,
    outcome::database_error,
    persistence::{connection, target},
    writing::WritingArgs,
};
use crate::{
    cli::values,
    context::Context,
    failure::{Exit, Failure},
    ui::Progress,
};

/// Generate the lessons of a curriculum with a program of your own
///
/// Starts the program once for each lesson of curriculum.yaml whose file is missing or empty. The program reads the
/// lesson's specification as JSON and prints its Markdown, or JSON such as {"markdown": "…", "cost": 0.03}. Each lesson
/// is written as soon as it is there; the database follows in the background and never fails a lesson.
///
/// Run the command again after an interruption: it continues with what is missing.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay content generate outputs/courses/rust-basics --command python3 lesson.py
  forebay content generate outputs/courses/rust-basics --lesson 1.2 --command ./lesson.sh --model small
  forebay content generate outputs/courses/rust-basics --jobs 8 --persist off --command ./lesson.sh")]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) writing: WritingArgs,

    /// Generate every lesson, also those that exist
    #[arg(long, conflicts_with = "lesson")]
    pub(crate) all: bool,

    /// Only this lesson, even if it exists: its id, its number such as 1.2, or its file; repeatable
    #[arg(long, value_name = "LESSON")]
    pub(crate) lesson: Vec<String>,

    /// Maximum number of programs in parallel
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = value_parser!(u8).range(1..=64))]
    pub(crate) jobs: u8,

    /// Maximum run time of the program for one lesson
    #[arg(long, value_name = "DURATION", default_value = "10m")]
    pub(crate) timeout: values::Duration,

    /// Maximum output of the program for one lesson, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = content::DEFAULT_MAX_FILE_BYTES)]
    pub(crate) max_output: u64,

    /// Maximum number of retries for one lesson
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = value_parser!(u32).range(0..=100))]
    pub(crate) retries: u32,

    /// Longest wait before the first retry; it doubles with each further one, up to a minute
    #[arg(long, value_name = "DURATION", default_value = "1s")]
    pub(crate) retry_delay: values::Duration,

    /// Program and its arguments, run without a shell; everything after it belongs to the program
    #[arg(long, value_name = "CMD", required = true, num_args = 1.., allow_hyphen_values = true)]
    pub(crate) command: Vec<String>,
}

impl Args {
    fn options(&self, mode: PersistMode, connection: OpenOptions) -> GenerateOptions {
        GenerateOptions {
            selection: match (self.all, self.lesson.is_empty()) {
                (true, _) => Selection::All,
                (false, true) => Selection::Missing,
                (false, false) => Selection::Named(self.lesson.clone()),
            },
            num_jobs: self.jobs.into(),
            timeout: self.timeout.get(),
            max_output_bytes: self.max_output,
            retries: Retries {
                max_retries: self.retries,
                delay: self.retry_delay.get(),
                ..Retries::default()
            },
            mode,
            connection,
            ..GenerateOptions::new(self.command.clone())
        }
    }
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let report = stoppable_by(|stop| generate(args, context, stop)).await?;
    let (is_complete, is_stopped) = (report.is_complete(), report.is_stopped);
    let view = ContentGenerated::new(report, database_error);
    let exit = args.writing.finish(context, &view, Some(&view.database), is_complete)?;
    Ok(if is_stopped { Exit::Interrupted } else { exit })
}

async fn generate(
    args: &Args,
    context: &Context,
    stop: impl Future<Output = ()> + Send,
) -> Result<GenerateReport, Failure> {
    let (settings, folder) = args.writing.folder.open(context)?;
    let (bar, num_done) = (OnceLock::<Progress>::new(), AtomicU64::new(0));
    let progress = |progress: GenerateProgress<'_>| match progress {
        GenerateProgress::Planned { num_lessons } => {
            bar.get_or_init(|| context.ui.progress("generating lessons", Some(num_lessons as u64)));
        }
        GenerateProgress::Ended(_) => {
            let num_done = num_done.fetch_add(1, Ordering::Relaxed) + 1;
            bar.get().into_iter().for_each(|bar| bar.set(num_done));
        }
        _ => {}
    };
    let mode = args.writing.persistence.mode(context)?;
    let (target, options) = (target(mode, context)?, args.options(mode, connection(context)?));
    Ok(content::generate(settings, folder, target, options, encode, &progress, stop).await?)
}

/// The specification as the program reads it: one line of JSON.
fn encode(spec: &LessonSpec) -> Vec<u8> {
    // A view is a plain tree with text keys, so it is always JSON.
    let mut text = serde_json::to_vec(&LessonSpecification::from(spec)).unwrap_or_default();
    text.push(b'\n');
    text
}

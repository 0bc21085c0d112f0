//! `generate`: runs the user's program for each lesson of the curriculum that is missing.
//!
//! The model stays the user's: the program reads the specification of one lesson and prints its Markdown. Each lesson
//! is a file as soon as it is there, written as a whole, so a killed process continues where it was: with the lessons
//! that have no file. The database is written in the background and never delays or fails a lesson.

mod command;
mod keeper;
mod lesson;
mod plan;
mod report;
mod spec;

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use forebay_domain::content::{PersistMode, Problem};
use forebay_store::connect::{OpenOptions, Target};
use futures_util::{StreamExt, stream};
use tokio::{sync::mpsc, task};

use self::{
    command::{Limits, Program},
    keeper::{Kept, keep},
    lesson::{Made, Maker},
    plan::{Plan, plan},
};
use super::{
    course::{CourseSettings, DEFAULT_MAX_FILE_BYTES},
    disk::{on_disk, snapshot},
    folder::{CourseFolder, FolderLock},
    persister::CoursePersister,
};
use crate::{
    clock,
    error::{Error, Result},
};

pub use self::{
    lesson::Retries,
    plan::Selection,
    report::{Effort, GenerateReport, LessonEnd, LessonReport},
    spec::{CourseSpec, LessonSpec, Neighbour},
};

/// How to generate.
#[derive(Clone, Debug)]
pub struct GenerateOptions {
    /// The program and its arguments. It is started without a shell, with the environment of this process.
    pub command: Vec<String>,
    /// Which lessons.
    pub selection: Selection,
    /// How many programs run at the same time. Default: 4.
    pub num_jobs: usize,
    /// How long a program may run. Default: 10 minutes.
    pub timeout: Duration,
    /// How much a program may print, in bytes. Default: the largest file that is stored by default. A lesson larger
    /// than the course's largest file is a failed attempt, whatever this says.
    pub max_output_bytes: u64,
    /// How failed attempts are retried.
    pub retries: Retries,
    /// Whether the course is written to the database as well. Default: on.
    pub mode: PersistMode,
    /// How to connect to the database.
    pub connection: OpenOptions,
}

impl GenerateOptions {
    /// The default options for a program.
    pub fn new(command: Vec<String>) -> Self {
        Self {
            command,
            selection: Selection::default(),
            num_jobs: 4,
            timeout: Duration::from_mins(10),
            max_output_bytes: DEFAULT_MAX_FILE_BYTES,
            retries: Retries::default(),
            mode: PersistMode::On,
            connection: OpenOptions::default(),
        }
    }
}

/// What happens while lessons are generated.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum GenerateProgress<'a> {
    /// It begins with so many lessons to generate.
    Planned {
        /// The number of lessons.
        num_lessons: usize,
    },
    /// A lesson was generated, or failed for good.
    Ended(&'a LessonReport),
}

/// Generates the lessons of a course. `encode` turns a specification into the text that the program reads; when `stop`
/// is ready, the programs that run are killed and what is there is persisted.
///
/// Lessons that fail are part of the report. Errors: the program, the curriculum, the folder or the schema of the
/// database cannot be used.
pub async fn generate(
    settings: CourseSettings,
    folder: Arc<CourseFolder>,
    target: Target,
    options: GenerateOptions,
    encode: impl Fn(&LessonSpec) -> Vec<u8> + Send + Sync,
    progress: &(dyn Fn(GenerateProgress<'_>) + Send + Sync),
    stop: impl Future<Output = ()> + Send,
) -> Result<GenerateReport> {
    let started = Instant::now();
    let limits = Limits { output: options.max_output_bytes, lesson: settings.max_file_bytes };
    let program = Program::find(&options.command, options.timeout, limits)?;
    let is_stored = options.mode != PersistMode::Off;
    let (lock, plan) = look(&settings, &folder, options.selection, is_stored).await?;
    let Plan { mut lessons, wanted, problems } = plan;
    progress(GenerateProgress::Planned { num_lessons: wanted.len() });

    let (sender, written) = mpsc::unbounded_channel();
    let opening = CoursePersister::open_locked(
        settings.clone(),
        Arc::clone(&folder),
        lock,
        options.mode,
        target,
        options.connection,
    );
    let mut keeping = task::spawn(keep(opening, options.mode, written));
    let maker = Maker {
        program,
        folder: Arc::clone(&folder),
        retries: options.retries,
        random: Mutex::new(fastrand::Rng::with_seed(clock::random_seed())),
        throttled: Mutex::default(),
        written: sender,
    };
    let making = async {
        let (maker, encode) = (&maker, &encode);
        let made = wanted
            .iter()
            .map(|wanted| async move { (wanted.index, maker.make(encode(&wanted.spec), wanted).await) });
        let mut made = stream::iter(made).buffer_unordered(options.num_jobs.max(1));
        while let Some((index, ended)) = made.next().await {
            let (lesson, Made { end, kept_as }) = (&mut lessons[index], ended?);
            (lesson.end, lesson.kept_as) = (end, kept_as);
            progress(GenerateProgress::Ended(lesson));
        }
        Ok::<_, Error>(())
    };
    let (made, is_stopped) = tokio::select! {
        made = making => (made, false),
        () = stop => (Ok(()), true),
        // It ends first only with an error: the sender is alive.
        kept = &mut keeping => return Err(joined(kept).err().unwrap_or(Error::Reader)),
    };
    // What is there is persisted, whatever ended the work.
    drop(maker);
    let Kept { closed, persisted } = joined(keeping.await)?;
    made?;
    let (problems, skipped) = look_again(&settings, &folder, problems).await?;
    Ok(GenerateReport {
        mode: options.mode,
        lessons,
        problems,
        skipped,
        counts: closed.counts,
        unstored: closed.unstored,
        persisted,
        is_stopped,
        elapsed: started.elapsed(),
    })
}

/// Locks the folder, and compares it with its curriculum.
async fn look(
    settings: &CourseSettings,
    folder: &Arc<CourseFolder>,
    selection: Selection,
    is_stored: bool,
) -> Result<(FolderLock, Plan)> {
    let (settings, folder) = (settings.clone(), Arc::clone(folder));
    on_disk(move || {
        let lock = folder.lock()?;
        let plan = plan(&settings, &folder, &lock, &selection, is_stored)?;
        Ok((lock, plan))
    })
    .await
}

/// Adds what is wrong with the files that are there now.
async fn look_again(
    settings: &CourseSettings,
    folder: &Arc<CourseFolder>,
    mut problems: Vec<Problem>,
) -> Result<(Vec<Problem>, Vec<super::Skipped>)> {
    let snapshot = snapshot(settings, folder).await?;
    for problem in snapshot.problems {
        // The snapshot calls the problems of a curriculum warnings: its text is stored.
        let is_known = |known: &Problem| (known.code, known.place()) == (problem.code, problem.place());
        if !problems.iter().any(is_known) {
            problems.push(problem);
        }
    }
    Ok((problems, snapshot.skipped))
}

fn joined<T>(ended: std::result::Result<Result<T>, task::JoinError>) -> Result<T> {
    ended.map_err(|_| Error::Reader)?
}

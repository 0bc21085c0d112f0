//! `forebay-bench content`: what persistence costs a generator, a batch of lessons, and the sync of a large course.

mod course;
mod generating;

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    sync::Arc,
    time::{Duration, Instant},
};

use forebay_domain::content::{PersistMode, lesson::LessonFacts, paths::RelativePath};
use forebay_engine::content::{
    CourseFolder, CoursePersister, CourseSettings, LessonInput, LessonPlace, Persisted, SyncOptions, sync,
};
use forebay_store::{
    connect::{Database, OpenOptions, Target},
    content::LessonMeasures,
    migrations,
};

use self::course::{MadeUp, lesson_text, settings};
use crate::{
    context::Context,
    failure::Failure,
    report::{Measure, Ratio, Report},
    scratch::{expect, median, settle},
};

pub(crate) use self::generating::{LessonArgs, print_lesson};

/// Measure writing generated courses to the database
///
/// Generates a course with persistence off and on in pairs, writes lessons in batches, and syncs a large course twice.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay-bench content
  forebay-bench content --lessons 1000 --pairs 3 --output json")]
pub(crate) struct Args {
    /// How many lessons the large course has
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(20..=99_999))]
    pub(crate) lessons: u32,

    /// How often a course is generated, with persistence off and on
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=50))]
    pub(crate) pairs: u32,
}

/// How many lessons a batch has.
const BATCH: u32 = 20;
/// How many batches to measure each way; the median counts.
const NUM_BATCHES: u32 = 11;
/// The most that the run of a batch may take.
const BATCH_LIMIT: Duration = Duration::from_millis(20);

/// Runs the benchmark, on a server of its own.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Report, Failure> {
    // Socket paths must be short. If root runs this, the server's user needs access to the folder.
    let own = tempfile::Builder::new().prefix("forebay-content-").tempdir_in("/tmp")?;
    fs::set_permissions(own.path(), Permissions::from_mode(0o755))?;
    let target = Target::Embedded { data_dir: own.path().join("data") };
    // It keeps the server running for all others.
    let database = Database::open(target.clone(), OpenOptions::default()).await?;
    let report = measure(args, &database, target, context).await;
    database.close().await?;
    report
}

async fn measure(
    args: &Args,
    database: &Database,
    target: Target,
    context: &Context,
) -> Result<Report, Failure> {
    migrations::ensure(&mut *database.client().await?, true).await?;
    context.output.note(&format!("generating a course {} times, with persistence off and on", args.pairs));
    let pairs = generating::pairs(args.pairs, &target).await?;
    context
        .output
        .note(&format!("writing {NUM_BATCHES} batches of {BATCH} lessons, then new texts of the first"));
    let batches = batches(database, target).await?;
    context.output.note(&format!("syncing {} lessons, twice", args.lessons));
    let synced = large(args.lessons, database).await?;

    let milliseconds = |duration: Duration| duration.as_secs_f64() * 1000.0;
    let seconds = |name, duration: Duration| Measure::new(name, duration.as_secs_f64(), "s");
    let measures = vec![
        seconds("generate_off", pairs.off),
        seconds("generate_on", pairs.on),
        Measure::new("batch_of_20", milliseconds(batches.added), "ms"),
        Measure::new("batch_of_20_again", milliseconds(batches.replaced), "ms"),
        Measure::new("batch_of_20_files_written", milliseconds(batches.compared), "ms"),
        Measure::new("batch_of_20_run", milliseconds(batches.run), "ms"),
        Measure::count("lessons", u64::from(args.lessons), "lessons"),
        seconds("sync", synced.first),
        seconds("sync_again", synced.again),
        seconds("read_and_hash", synced.hashed),
    ];
    let ratios = vec![
        Ratio::at_most("generate_on / generate_off", pairs.ratio, 1.01),
        Ratio::at_most("batch_of_20_run / 20 ms", batches.run.as_secs_f64() / BATCH_LIMIT.as_secs_f64(), 1.0),
        Ratio::at_most(
            "sync_again / read_and_hash",
            synced.again.as_secs_f64() / synced.hashed.as_secs_f64(),
            4.0,
        ),
    ];
    Ok(Report::new("content", measures, ratios))
}

/// The median times of writing a batch.
struct Batches {
    /// New lessons of a course that grows: files, then the database.
    added: Duration,
    /// New texts of the same lessons: files, then the database.
    replaced: Duration,
    /// New lessons whose files are there: the folder is compared, then the run writes what is missing.
    compared: Duration,
    /// That run: its lock, the transaction with references, hand-offs and rows, and its end.
    run: Duration,
}

async fn batches(database: &Database, target: Target) -> Result<Batches, Failure> {
    let course = MadeUp::empty()?;
    let folder = course.open()?;
    let mut persister =
        CoursePersister::open(settings("bench-batch")?, Arc::clone(&folder), PersistMode::On, target).await?;
    settle(&**database.client().await?).await?;
    let (mut added, mut compared, mut runs, mut replaced) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for round in 0..NUM_BATCHES {
        added.push(batch(&mut persister, 2 * round + 1, 0).await?);
        let (whole, run) = batch_of_files(&mut persister, &folder, 2 * round + 2).await?;
        compared.push(whole);
        runs.push(run);
    }
    for draft in 1..=NUM_BATCHES {
        replaced.push(batch(&mut persister, 1, draft).await?);
    }
    let counts = persister.close().await?.counts;
    expect("num_persisted", counts.num_persisted, u64::from(3 * NUM_BATCHES))?;
    Ok(Batches {
        added: median(added),
        replaced: median(replaced),
        compared: median(compared),
        run: median(runs),
    })
}

/// The time of persisting the lessons of a module whose files are there, and of its run.
async fn batch_of_files(
    persister: &mut CoursePersister,
    folder: &CourseFolder,
    module: u32,
) -> Result<(Duration, Duration), Failure> {
    for number in 1..=BATCH {
        let path = RelativePath::parse(&course::lesson_path(module, number))
            .map_err(|problem| Failure::bench(problem.message))?;
        folder
            .write(&path, lesson_text(module, number, 0).as_bytes())
            .map_err(forebay_engine::Error::from)?;
    }
    let started = Instant::now();
    let outcome = persister.persist_folder().await;
    let duration = started.elapsed();
    let run = match outcome {
        Persisted::Done(Some(report)) => report.run,
        other => return Err(Failure::bench(format!("a batch was not persisted: {other:?}"))),
    };
    let run = run.ok_or_else(|| Failure::bench("a batch was persisted without a run".to_owned()))?;
    expect("num_added of a batch", run.counts.num_added, u64::from(BATCH))?;
    Ok((duration, run.duration))
}

/// The time of writing the lessons of a module.
async fn batch(persister: &mut CoursePersister, module: u32, draft: u32) -> Result<Duration, Failure> {
    let lessons = (1..=BATCH).map(|number| LessonInput {
        place: LessonPlace::Number { module, lesson: number, slug: Some(format!("part-{number}")) },
        text: lesson_text(module, number, draft),
        facts: LessonFacts::default(),
        measures: LessonMeasures::default(),
    });
    let lessons = lessons.collect();
    let started = Instant::now();
    let written = persister.persist_lessons_batch(lessons).await?;
    let duration = started.elapsed();
    expect("num_written of a batch", written.num_written, u64::from(BATCH))?;
    Ok(duration)
}

struct Synced {
    first: Duration,
    again: Duration,
    /// Reading and hashing every file once, which no comparison can do without.
    hashed: Duration,
}

async fn large(num_lessons: u32, database: &Database) -> Result<Synced, Failure> {
    let course = MadeUp::with_lessons(num_lessons)?;
    let settings = settings("bench-large")?;
    let folder = course.open()?;
    // The files are in the page cache from here on.
    let hashed = course.hash_all()?.min(course.hash_all()?);
    settle(&**database.client().await?).await?;
    let first = timed(database, &settings, &folder).await?;
    expect("num_added of the first sync", first.1, u64::from(num_lessons) + 1)?;
    settle(&**database.client().await?).await?;
    let again = timed(database, &settings, &folder).await?;
    expect("records written by the second sync", again.1, 0)?;
    Ok(Synced { first: first.0, again: again.0, hashed })
}

/// The time of a sync, and how many records it added.
async fn timed(
    database: &Database,
    settings: &CourseSettings,
    folder: &Arc<CourseFolder>,
) -> Result<(Duration, u64), Failure> {
    let started = Instant::now();
    let report = sync(database, settings, Arc::clone(folder), SyncOptions::default()).await?;
    Ok((started.elapsed(), report.run.map_or(0, |run| run.counts.num_added)))
}

//! `watch`: the database follows a folder that others write. Nothing here hopes for speed: each test waits for what it
//! expects.

use std::{
    fs::{self, File},
    io::Write,
    sync::{Arc, Mutex},
    time::Duration,
};

use forebay_domain::content::PersistMode;
use forebay_engine::{
    Result,
    content::{self, CourseFolder, WatchEnd, WatchEvent, WatchOptions},
};
use forebay_store::{connect::Target, testing};
use tokio::{sync::oneshot, task::JoinHandle, time::timeout};

use super::{Stage, lesson, settings};

/// The longest wait.
const PATIENCE: Duration = Duration::from_mins(2);

/// A watch that runs.
struct Watch {
    events: Arc<Mutex<Vec<String>>>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<WatchEnd>>,
}

impl Watch {
    fn start(stage: &Stage, rescan_every: Duration) -> Self {
        Self::start_with(stage, stage.test.target(), rescan_every)
    }

    fn start_with(stage: &Stage, target: Target, rescan_every: Duration) -> Self {
        Self::start_as(stage, target, WatchOptions { rescan_every, ..WatchOptions::default() })
    }

    fn start_as(stage: &Stage, target: Target, options: WatchOptions) -> Self {
        let events = Arc::new(Mutex::new(Vec::new()));
        let (stop, stopped) = oneshot::channel();
        let (told, folder) = (Arc::clone(&events), stage.path().to_owned());
        let task = tokio::spawn(async move {
            let tell = |event: WatchEvent<'_>| told.lock().unwrap().push(shown(event));
            let stop = async {
                let _ = stopped.await;
            };
            content::watch(settings(), folder, target, options, &tell, stop).await
        });
        Self { events, stop, task }
    }

    /// Starts it, and waits for the first comparison.
    async fn ready(stage: &Stage) -> Self {
        let watch = Self::start(stage, Duration::from_mins(10));
        watch.event("ready").await;
        watch
    }

    fn events(&self) -> Vec<String> {
        self.events.lock().unwrap().clone()
    }

    /// Waits for an event that contains a text.
    async fn event(&self, text: &str) {
        let wait = async {
            while !self.events().iter().any(|event| event.contains(text)) {
                assert!(!self.task.is_finished(), "it ended before {text:?}: {:?}", self.events());
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        assert!(timeout(PATIENCE, wait).await.is_ok(), "no {text:?}: {:?}", self.events());
    }

    async fn stop(self) -> Vec<String> {
        let _ = self.stop.send(());
        assert_eq!(timeout(PATIENCE, self.task).await.unwrap().unwrap().unwrap(), WatchEnd::Stopped);
        self.events.lock().unwrap().clone()
    }

    /// The code of the error that ends it.
    async fn error(self) -> &'static str {
        timeout(PATIENCE, self.task).await.unwrap().unwrap().unwrap_err().code()
    }
}

fn shown(event: WatchEvent<'_>) -> String {
    match event {
        WatchEvent::Ready { has_hints } => format!("ready {has_hints}"),
        WatchEvent::Synced(report) => format!(
            "synced {:?} {:?} {:?} {:?}",
            report.changes.actions, report.problems, report.changes.conflicts, report.changes.remote
        ),
        WatchEvent::Locked => "locked".to_owned(),
        WatchEvent::Unreachable(error) => format!("unreachable {}", error.code()),
        WatchEvent::Reachable => "reachable".to_owned(),
        WatchEvent::Failed(error) => format!("failed {error}"),
        _ => "other".to_owned(),
    }
}

impl Stage {
    /// Waits until a query answers with a text.
    async fn until(&self, statement: &str, expected: &str) {
        let wait = async {
            while self.texts(statement).await != [expected] {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let is_so = timeout(PATIENCE, wait).await.is_ok();
        assert!(is_so, "{statement}: {:?} instead of {expected}", self.texts(statement).await);
    }
}

const LESSONS: &str = "select count(*)::text from forebay.course_lessons";
const RUNS: &str = "select count(*)::text from forebay.scrape_runs";
const VERSION: &str =
    "select r.version::text from forebay.\"references\" as r where r.record_key = 'lesson/L11'";

#[tokio::test(flavor = "multi_thread")]
async fn the_database_follows_the_folder() {
    let stage = Stage::course().await;
    let watch = Watch::ready(&stage).await;
    assert!(watch.events().contains(&"ready true".to_owned()), "{:?}", watch.events());
    assert_eq!(stage.texts(LESSONS).await, ["6"]);
    stage.write("lessons/1.4-new.md", b"---\nlesson_id: N\n---\n# New\n");
    stage.until(LESSONS, "7").await;
    stage.rename("lessons/1.4-new.md", "lessons/1.5-moved.md");
    let path = "select file_path from forebay.course_lessons where lesson_id = 'N'";
    stage.until(path, "lessons/1.5-moved.md").await;
    // In a folder that is new.
    stage.write("lessons/extra/2.9-deep.md", b"# Deep\n");
    stage.until(LESSONS, "8").await;
    stage.remove("lessons/extra/2.9-deep.md");
    stage.until(LESSONS, "7").await;
    let events = watch.stop().await;
    assert!(!events.iter().any(|event| event.starts_with("failed")), "{events:?}");
    assert!(stage.verify().await.is_clean());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_nothing_writes_nothing() {
    let stage = Stage::course().await;
    stage.sync().await;
    let watch = Watch::start(&stage, Duration::from_millis(300));
    watch.event("ready").await;
    let runs = stage.texts(RUNS).await;
    for _ in 0..5 {
        // The same bytes again, with another time.
        stage.write("lessons/1.1-part-1.md", lesson(1, 1).as_bytes());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(stage.texts(RUNS).await, runs);
    let events = watch.stop().await;
    assert_eq!(events, ["ready true"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_atomic_save_is_one_change() {
    let stage = Stage::course().await;
    let watch = Watch::ready(&stage).await;
    let path = stage.path().join("lessons/1.1-part-1.md");
    let text = lesson(1, 1).replace("lends", "moves");
    // Editors write beside the file and rename, or rename it away and create it again, or unlink and create it.
    let beside = stage.path().join("lessons/1.1-part-1.md~");
    fs::write(&beside, &text).unwrap();
    fs::rename(&beside, &path).unwrap();
    stage.until(VERSION, "2").await;
    let text = text.replace("moves", "copies");
    fs::rename(&path, &beside).unwrap();
    fs::write(&path, &text).unwrap();
    fs::remove_file(&beside).unwrap();
    stage.until(VERSION, "3").await;
    fs::remove_file(&path).unwrap();
    fs::write(&path, text.replace("copies", "drops")).unwrap();
    stage.until(VERSION, "4").await;
    watch.stop().await;
    let gone =
        "select count(*)::text from forebay.reference_revisions where change in ('removed', 'restored')";
    assert_eq!(stage.texts(gone).await, ["0"]);
    assert!(stage.verify().await.is_clean());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_being_written_is_stored_when_it_is_complete() {
    let stage = Stage::course().await;
    let watch = Watch::ready(&stage).await;
    let mut file = File::create(stage.path().join("lessons/1.4-slow.md")).unwrap();
    writeln!(file, "---\nlesson_id: SLOW\n---\n# Slow").unwrap();
    for word in 0..200 {
        write!(file, "word{word} ").unwrap();
        file.flush().unwrap();
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop(file);
    // Another file is not kept waiting by it for good, and what was stored at any time is a text that was there.
    let words = "select word_count::text from forebay.course_lessons where lesson_id = 'SLOW'";
    stage.until(words, "201").await;
    watch.stop().await;
    assert!(stage.verify().await.is_clean());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_lost_its_files_or_is_gone_ends_it_and_removes_nothing() {
    let stage = Stage::course().await;
    let watch = Watch::ready(&stage).await;
    fs::rename(stage.path().join("lessons"), stage.path().join(".hidden")).unwrap();
    assert_eq!(watch.error().await, "too_many_gone");
    assert_eq!(stage.texts(LESSONS).await, ["6"]);
    fs::rename(stage.path().join(".hidden"), stage.path().join("lessons")).unwrap();

    // An unmounted disk leaves an empty folder, or none.
    let watch = Watch::ready(&stage).await;
    let elsewhere = tempfile::TempDir::new().unwrap();
    let aside = elsewhere.path().join("aside");
    fs::rename(stage.path(), &aside).unwrap();
    assert_eq!(watch.error().await, "content_folder_missing");
    fs::create_dir(stage.path()).unwrap();
    let watch = Watch::start(&stage, Duration::from_mins(10));
    assert_eq!(watch.error().await, "folder_empty");
    assert_eq!(stage.texts(LESSONS).await, ["6"]);
    fs::remove_dir_all(stage.path()).unwrap();
    fs::rename(&aside, stage.path()).unwrap();
    assert!(stage.verify().await.is_clean());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_may_lock_the_folder() {
    let stage = Stage::course().await;
    let watch = Watch::ready(&stage).await;
    // Nothing is locked between two looks.
    let folder = CourseFolder::open(stage.path()).unwrap();
    let lock = loop {
        match folder.lock() {
            Ok(lock) => break lock,
            Err(error) => assert_eq!(error.code(), "content_folder_locked"),
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    stage.write("lessons/1.4-new.md", b"# New\n");
    watch.event("locked").await;
    assert_eq!(stage.texts(LESSONS).await, ["6"]);
    drop(lock);
    stage.until(LESSONS, "7").await;
    watch.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_stored_is_told_once_and_stops_nothing() {
    let stage = Stage::course().await;
    let watch = Watch::start(&stage, Duration::from_millis(300));
    watch.event("ready").await;
    stage.write("lessons/1.4-bad.md", b"# Caf\xe9\n");
    watch.event("NotUtf8").await;
    stage.write("lessons/1.5-good.md", b"# Good\n");
    stage.until(LESSONS, "7").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    stage.write("lessons/1.4-bad.md", "# Café\n".as_bytes());
    stage.until(LESSONS, "8").await;
    let events = watch.stop().await;
    let told = events.iter().filter(|event| event.contains("NotUtf8")).count();
    // Once when it came, and once with the other lesson.
    assert_eq!(told, 2, "{events:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_away_is_awaited_and_one_without_our_schema_is_not() {
    let stage = Stage::course().await;
    let nowhere = Target::Url("postgresql://nobody@127.0.0.1:1/none".to_owned());
    let watch = Watch::start_with(&stage, nowhere, Duration::from_mins(10));
    watch.event("unreachable database_unreachable").await;
    let events = watch.stop().await;
    assert_eq!(events.len(), 1, "{events:?}");
    let empty = testing::empty_database().await;
    let watch = Watch::start_with(&stage, empty.target(), Duration::from_mins(10));
    assert_eq!(watch.error().await, "schema_missing");
}

/// The reports about an unreachable database, and whether the watch goes on.
async fn told_of_an_outage(mode: PersistMode) -> Vec<String> {
    let stage = Stage::course().await;
    let nowhere = Target::Url("postgresql://forebay@127.0.0.1:1/none?sslmode=disable".to_owned());
    let watch = Watch::start_as(&stage, nowhere, WatchOptions { mode, ..WatchOptions::default() });
    if mode == PersistMode::Off {
        watch.event("ready").await;
    } else {
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    let events = watch.events();
    watch.stop.send(()).unwrap();
    assert_eq!(watch.task.await.unwrap().unwrap(), WatchEnd::Stopped);
    events
}

#[tokio::test]
async fn an_outage_is_told_only_if_the_database_counts() {
    assert_eq!(told_of_an_outage(PersistMode::On).await.len(), 1);
    assert_eq!(told_of_an_outage(PersistMode::Shadow).await, [""; 0]);
    // No connection is opened at all.
    assert_eq!(told_of_an_outage(PersistMode::Off).await.len(), 1);
}

#[tokio::test]
async fn a_watch_in_shadow_mode_writes() {
    let stage = Stage::course().await;
    let options = WatchOptions { mode: PersistMode::Shadow, ..WatchOptions::default() };
    let watch = Watch::start_as(&stage, stage.test.target(), options);
    watch.event("ready").await;
    watch.stop.send(()).unwrap();
    watch.task.await.unwrap().unwrap();
    assert!(stage.verify().await.is_clean());
}

#[tokio::test]
async fn what_only_the_database_changed_is_told_once() {
    let stage = Stage::course().await;
    let watch = Watch::start(&stage, Duration::from_millis(200));
    watch.event("ready").await;
    let other = stage.copy().await;
    other.write("lessons/1.4-theirs.md", lesson(1, 4).as_bytes());
    other.sync().await;
    watch.event("1.4-theirs.md").await;
    tokio::time::sleep(Duration::from_millis(600)).await;
    let num_told = watch.events().iter().filter(|event| event.contains("1.4-theirs.md")).count();
    watch.stop.send(()).unwrap();
    assert_eq!((watch.task.await.unwrap().unwrap(), num_told), (WatchEnd::Stopped, 1));
}

//! `sync` with a decision: which side wins where it leaves both alone.

use std::{collections::BTreeSet, fs, sync::Arc, thread, time::Instant};

use forebay_domain::content::{
    paths::RelativePath,
    plan::{ConflictKind, Keep, RemoteKind, Side},
};
use forebay_engine::content::{
    self, Attention, CourseFolder, CourseSettings, FolderChange, FolderChangeKind, RestoreOptions,
    SyncOptions, SyncReport,
};

use super::{Stage, course, files, lesson, settings};

impl Stage {
    /// Another copy of the folder with the same database, as it is stored.
    pub(super) async fn copy(&self) -> Self {
        let folder = tempfile::TempDir::new().unwrap();
        let opened = Arc::new(CourseFolder::open(folder.path()).unwrap());
        content::restore(&self.database, &settings(), opened, RestoreOptions::default(), &crate::operator())
            .await
            .unwrap();
        let test = forebay_store::testing::database().await;
        Self { folder, database: self.database.clone(), test }
    }

    async fn keep(&self, side: Side, paths: &[&str]) -> SyncReport {
        self.try_keep(side, paths, false).await.unwrap()
    }

    async fn try_keep(
        &self,
        side: Side,
        paths: &[&str],
        dry_run: bool,
    ) -> forebay_engine::Result<SyncReport> {
        let paths: BTreeSet<_> = paths.iter().map(|path| RelativePath::parse(path).unwrap()).collect();
        let keep = Some(Keep { side, paths, seen: None });
        self.try_sync(SyncOptions { keep, dry_run, ..SyncOptions::default() }).await
    }

    pub(super) fn text(&self, path: &str) -> String {
        fs::read_to_string(self.path().join(path)).unwrap()
    }

    /// The stored text of a lesson.
    async fn stored(&self, id: &str) -> Vec<String> {
        self.texts(&format!("select content from forebay.course_lessons where lesson_id = '{id}'")).await
    }

    /// A course with one conflict of each kind, and one change of each kind that only the database made.
    async fn divided() -> Self {
        let stage = Self::course().await;
        stage.sync().await;
        let other = stage.copy().await;
        other.write("lessons/1.1-part-1.md", theirs(1, 1).as_bytes());
        other.write("lessons/1.2-part-2.md", theirs(1, 2).as_bytes());
        other.remove("lessons/1.3-part-3.md");
        other.write("lessons/2.1-part-1.md", theirs(2, 1).as_bytes());
        other.rename("lessons/2.2-part-2.md", "lessons/2.2-moved.md");
        other.remove("lessons/2.3-part-3.md");
        other.write("lessons/2.4-theirs.md", lesson(2, 4).as_bytes());
        other.sync().await;
        stage.write("lessons/1.1-part-1.md", ours(1, 1).as_bytes());
        stage.remove("lessons/1.2-part-2.md");
        stage.write("lessons/1.3-part-3.md", ours(1, 3).as_bytes());
        stage
    }
}

fn ours(module: u32, number: u32) -> String {
    lesson(module, number).replace("Borrowing", "Ours")
}

fn theirs(module: u32, number: u32) -> String {
    lesson(module, number).replace("Borrowing", "Theirs")
}

/// What a sync leaves alone.
fn left_alone(report: &SyncReport) -> Vec<String> {
    let conflicts = report.changes.conflicts.iter().map(|one| format!("{} {}", one.path, one.kind));
    conflicts.chain(report.changes.remote.iter().map(|one| format!("{} {}", one.path, one.kind))).collect()
}

const DIVIDED: [&str; 7] = [
    "lessons/1.1-part-1.md both_changed",
    "lessons/1.2-part-2.md removed_and_changed",
    "lessons/1.3-part-3.md changed_and_removed",
    "lessons/2.1-part-1.md changed",
    "lessons/2.2-moved.md changed",
    "lessons/2.3-part-3.md removed",
    "lessons/2.4-theirs.md added",
];

#[tokio::test]
async fn the_folder_wins_and_the_other_version_stays_in_the_history() {
    let stage = Stage::divided().await;
    assert_eq!(left_alone(&stage.sync().await), DIVIDED);
    let report = stage.keep(Side::Folder, &[]).await;
    // What only the database did is undone only by name, unless it is a removal.
    assert_eq!(left_alone(&report), [DIVIDED[3], DIVIDED[4], DIVIDED[6]]);
    assert_eq!(report.folder_changes, []);
    assert_eq!(stage.stored("L11").await, [ours(1, 1)]);
    assert_eq!(stage.stored("L12").await, [""; 0]);
    assert_eq!(stage.stored("L13").await, [ours(1, 3)]);
    assert_eq!(stage.stored("L23").await, [lesson(2, 3)]);
    let history = "select count(*)::text from forebay.reference_revisions where field_name = 'content' \
                   and new_value::text like '%Ours%' and old_value::text like '%Theirs%'";
    assert_eq!(stage.texts(history).await, ["1"]);
    let report = stage
        .keep(Side::Folder, &["lessons/2.1-part-1.md", "lessons/2.2-part-2.md", "lessons/2.4-theirs.md"]);
    let report = report.await;
    assert_eq!(report.attention(), Attention::None, "{report:?}");
    assert!(stage.verify().await.is_clean());
    assert_eq!(stage.stored("L24").await, [""; 0]);
}

#[tokio::test]
async fn the_database_wins_and_the_other_version_is_kept_in_the_folder() {
    let stage = Stage::divided().await;
    let before = files(stage.path());
    let preview = stage.try_keep(Side::Database, &[], true).await.unwrap();
    assert_eq!(files(stage.path()), before);
    assert_eq!(left_alone(&preview), [DIVIDED[5]]);
    let rows = stage.texts("select xmin::text from forebay.references order by 1").await;
    let report = stage.keep(Side::Database, &[]).await;
    // A file that only the database lost is removed by name only.
    assert_eq!(left_alone(&report), [DIVIDED[5]]);
    let changes: Vec<_> =
        report.folder_changes.iter().map(|one| format!("{} {}", one.kind, one.path)).collect();
    assert_eq!(
        changes,
        [
            "written lessons/1.1-part-1.md",
            "written lessons/1.2-part-2.md",
            "removed lessons/1.3-part-3.md",
            "written lessons/2.1-part-1.md",
            "written lessons/2.2-moved.md",
            "removed lessons/2.2-part-2.md",
            "written lessons/2.4-theirs.md",
        ]
    );
    let planned = |report: &SyncReport| -> Vec<_> {
        report.folder_changes.iter().map(|one| (one.path.clone(), one.kind)).collect()
    };
    assert_eq!(planned(&preview), planned(&report));
    assert_eq!(stage.text("lessons/1.1-part-1.md"), theirs(1, 1));
    let kept = |report: &SyncReport, path: &str| {
        let change: &FolderChange =
            report.folder_changes.iter().find(|change| change.path.as_str() == path).unwrap();
        change.kept_as.clone().map(|path| path.to_string())
    };
    assert_eq!(stage.text(&kept(&report, "lessons/1.1-part-1.md").unwrap()), ours(1, 1));
    assert_eq!(stage.text(&kept(&report, "lessons/1.3-part-3.md").unwrap()), ours(1, 3));
    assert_eq!(kept(&report, "lessons/2.1-part-1.md"), None, "it was stored, so the history has it");
    assert_eq!(stage.texts("select xmin::text from forebay.references order by 1").await, rows);
    let report = stage.keep(Side::Database, &["lessons/2.3-part-3.md"]).await;
    assert_eq!(report.folder_changes[0].kind, FolderChangeKind::Removed);
    assert_eq!(report.attention(), Attention::None, "{report:?}");
    assert!(stage.verify().await.is_clean());
    let copy = stage.copy().await;
    assert_eq!(files(stage.path()), files(copy.path()));
}

#[tokio::test]
async fn only_named_files_are_decided() {
    let stage = Stage::divided().await;
    let report = stage.keep(Side::Database, &["lessons/1.1-part-1.md"]).await;
    assert_eq!(left_alone(&report), DIVIDED[1..]);
    let report = stage.keep(Side::Folder, &["lessons/1.3-part-3.md"]).await;
    assert_eq!(left_alone(&report), [DIVIDED[1], DIVIDED[3], DIVIDED[4], DIVIDED[5], DIVIDED[6]]);
    let error = stage.try_keep(Side::Folder, &["lessons/1.1-part-1.md"], false).await.unwrap_err();
    assert_eq!((error.code(), error.is_usage()), ("not_in_conflict", true));
}

#[tokio::test]
async fn a_file_in_the_way_is_kept_beside() {
    let stage = Stage::course().await;
    stage.sync().await;
    let other = stage.copy().await;
    other.write("lessons/1.4-new.md", lesson(1, 4).as_bytes());
    other.sync().await;
    // Another lesson with the same path.
    let mine = lesson(1, 4).replace("L14", "mine");
    stage.write("lessons/1.4-new.md", mine.as_bytes());
    let report = stage.sync().await;
    assert_eq!(report.changes.conflicts[0].kind, ConflictKind::Taken);
    let report = stage.keep(Side::Database, &[]).await;
    assert_eq!(report.attention(), Attention::None, "{report:?}");
    assert_eq!(stage.text("lessons/1.4-new.md"), lesson(1, 4));
    let kept = report.folder_changes[0].kept_as.clone().unwrap();
    assert_eq!(stage.text(kept.as_str()), mine);
    // The other way round, the lesson of the database has to be named: it would be removed.
    stage.write("lessons/1.4-new.md", mine.as_bytes());
    let report = stage.sync().await;
    assert_eq!(report.attention(), Attention::None, "the folder replaced it: {report:?}");
}

#[tokio::test]
async fn what_only_the_database_moved_stays_one_record() {
    let stage = Stage::course().await;
    stage.sync().await;
    let other = stage.copy().await;
    other.rename("lessons/2.2-part-2.md", "lessons/2.2-moved.md");
    other.sync().await;
    // A removal makes a complete run, which sees every file.
    stage.remove("assessments/quiz-1.md");
    let report = stage.sync().await;
    assert_eq!(report.changes.remote[0].kind, RemoteKind::Changed);
    let paths = "select payload ->> 'path' from forebay.references where removed_at is null and record_key like '%L22%' \
                 or payload ->> 'path' like '%part-2.md' and payload ->> 'path' like '%2.2%'";
    assert_eq!(stage.texts(paths).await, ["lessons/2.2-moved.md"]);
}

#[tokio::test]
async fn an_edit_during_the_sync_is_not_overwritten() {
    let stage = Stage::empty().await;
    for (path, text) in course(4, 100) {
        stage.write(&path, text.as_bytes());
    }
    stage.sync().await;
    let other = stage.copy().await;
    for module in 1..=4 {
        for number in 1..=100 {
            other.write(
                &format!("lessons/{module}.{number}-part-{number}.md"),
                theirs(module, number).as_bytes(),
            );
        }
    }
    other.sync().await;
    // Files are written in the order of their keys, so by id.
    let (first, last) = ("lessons/1.1-part-1.md", "lessons/4.99-part-99.md");
    let (first, last) = (stage.path().join(first), stage.path().join(last));
    let edited = last.clone();
    let editor = thread::spawn(move || {
        let started = Instant::now();
        while !fs::read_to_string(&first).unwrap().contains("Theirs") {
            assert!(started.elapsed().as_secs() < 60);
        }
        assert!(!fs::read_to_string(&last).unwrap().contains("Theirs"), "the edit came too late");
        fs::write(&last, ours(4, 99)).unwrap();
    });
    let report = stage.keep(Side::Database, &[]).await;
    editor.join().unwrap();
    assert_eq!(fs::read_to_string(&edited).unwrap(), ours(4, 99));
    assert_eq!(left_alone(&report), ["lessons/4.99-part-99.md both_changed"]);
    assert_eq!(report.folder_changes.len(), 399);
}

#[tokio::test]
async fn a_file_too_large_to_be_stored_is_copied_before_it_is_removed() {
    let stage = Stage::course().await;
    let settings = CourseSettings { max_file_bytes: 4096, ..settings() };
    let large = vec![7; 5000];
    stage.write("resources/film.bin", &large);
    let sync = async |stage: &Stage, options| {
        let folder = Arc::new(CourseFolder::open(stage.path()).unwrap());
        content::sync(&stage.database, &settings, folder, options).await.unwrap()
    };
    assert!(sync(&stage, SyncOptions::default()).await.is_clean());
    let other = stage.copy().await;
    other.write("resources/film.bin", &large);
    sync(&other, SyncOptions::default()).await;
    other.remove("resources/film.bin");
    sync(&other, SyncOptions::default()).await;
    let paths = BTreeSet::from([RelativePath::parse("resources/film.bin").unwrap()]);
    let keep = Some(Keep { side: Side::Database, paths, seen: None });
    let report = sync(&stage, SyncOptions { keep, ..SyncOptions::default() }).await;
    let change = &report.folder_changes[0];
    assert_eq!((change.kind, change.path.as_str()), (FolderChangeKind::Removed, "resources/film.bin"));
    assert_eq!(fs::read(stage.path().join(change.kept_as.as_ref().unwrap().as_str())).unwrap(), large);
    assert!(!stage.path().join("resources/film.bin").exists());
}

#[tokio::test]
async fn what_a_killed_copy_left_is_removed() {
    let stage = Stage::course().await;
    let leftover = ".forebay/kept/0123/lessons/.forebay-0000000000000000-1.tmp";
    stage.write(leftover, b"half");
    stage.write(".forebay/kept/0123/lessons/1.1-part-1.md", b"kept");
    stage.sync().await;
    assert!(!stage.path().join(leftover).exists());
    assert_eq!(stage.text(".forebay/kept/0123/lessons/1.1-part-1.md"), "kept");
}

#[tokio::test]
async fn the_folder_wins_only_over_versions_that_were_reported() {
    let path = "lessons/1.1-part-1.md";
    let stage = Stage::course().await;
    stage.sync().await;
    let other = stage.copy().await;
    other.write(path, theirs(1, 1).as_bytes());
    other.sync().await;
    stage.write(path, ours(1, 1).as_bytes());
    assert_eq!(left_alone(&stage.sync().await), ["lessons/1.1-part-1.md both_changed"]);
    // After the report, the other side writes once more.
    let newer = theirs(1, 1).replace("Theirs", "Newer");
    other.write(path, newer.as_bytes());
    other.sync().await;
    let preview = stage.try_keep(Side::Folder, &[], true).await.unwrap();
    for report in [preview, stage.keep(Side::Folder, &[path]).await] {
        assert_eq!(left_alone(&report), ["lessons/1.1-part-1.md both_changed"]);
        assert_eq!(report.problems[0].code.to_string(), "version_unseen", "{report:?}");
    }
    assert_eq!(stage.stored("L11").await, [newer]);
    // Now it was reported.
    let report = stage.keep(Side::Folder, &[path]).await;
    assert_eq!((report.attention(), report.problems.len()), (Attention::None, 0), "{report:?}");
    assert_eq!(stage.stored("L11").await, [ours(1, 1)]);
}

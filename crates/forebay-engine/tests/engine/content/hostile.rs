//! Folders that are broken, or that somebody prepared.

use std::{fs, os::unix::fs::symlink, sync::Arc};

use forebay_domain::content::{ProblemCode, paths::RelativePath};
use forebay_engine::content::{CourseFolder, SkipReason};

use super::{Stage, lesson};

#[tokio::test]
async fn a_file_that_cannot_be_stored_costs_only_itself() {
    let stage = Stage::course().await;
    stage.sync().await;
    stage.write("lessons/1.1-part-1.md", b"# Caf\xe9\n");
    stage.write("lessons/1.2-part-2.md", b"# A\0B\n");
    stage.write("lessons/1.3-part-3.md", lesson(1, 3).replace("lends", "moves").as_bytes());
    stage.write("lessons/2.1-other.md", b"---\nlesson_id: X\n---\n# Same number\n");
    let report = stage.sync().await;
    let codes: Vec<_> = report.problems.iter().map(|problem| (problem.code, problem.path.as_str())).collect();
    assert!(codes.contains(&(ProblemCode::NotUtf8, "lessons/1.1-part-1.md")), "{codes:?}");
    assert!(codes.contains(&(ProblemCode::NulCharacter, "lessons/1.2-part-2.md")));
    assert!(codes.contains(&(ProblemCode::DuplicateNumber, "lessons/2.1-other.md")));
    assert_eq!(report.run.as_ref().unwrap().counts.num_updated, 1, "{report:?}");
    // What was stored of the others stays.
    assert_eq!(stage.texts("select count(*)::text from forebay.course_lessons").await, ["6"]);
    assert!(!report.is_clean() && !stage.verify().await.is_clean());
}

#[tokio::test]
async fn links_are_listed_and_never_followed() {
    let stage = Stage::course().await;
    let outside = tempfile::TempDir::new().unwrap();
    fs::write(outside.path().join("secret.md"), "secret").unwrap();
    symlink(outside.path().join("secret.md"), stage.path().join("lessons/9.1-secret.md")).unwrap();
    symlink(outside.path(), stage.path().join("resources")).unwrap();
    let report = stage.sync().await;
    let links: Vec<_> = report
        .skipped
        .iter()
        .filter(|one| one.reason == SkipReason::Symlink)
        .map(|one| one.path.as_str())
        .collect();
    assert_eq!(links, ["lessons/9.1-secret.md", "resources"]);
    let folder = CourseFolder::open(stage.path()).unwrap();
    let path = RelativePath::parse("resources/new.md").unwrap();
    assert!(folder.write(&path, b"x").is_err());
    assert!(folder.read(&RelativePath::parse("lessons/9.1-secret.md").unwrap(), 100).is_err());
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_missing_folder_and_a_locked_one_are_errors() {
    let stage = Stage::course().await;
    let missing = CourseFolder::open(&stage.path().join("nowhere")).unwrap_err();
    assert_eq!(missing.code(), "content_folder_missing");
    let folder = Arc::new(CourseFolder::open(stage.path()).unwrap());
    let _lock = folder.lock().unwrap();
    let locked = stage.try_sync(forebay_engine::content::SyncOptions::default()).await.unwrap_err();
    assert_eq!(locked.code(), "content_folder_locked");
}

#[tokio::test]
async fn what_a_dead_writer_left_is_removed() {
    let stage = Stage::course().await;
    stage.write("lessons/.forebay-1-0.tmp", b"half a les");
    stage.sync().await;
    assert!(!stage.path().join("lessons/.forebay-1-0.tmp").exists());
}

//! `restore`.

use std::sync::Arc;

use forebay_engine::{
    clock,
    content::{self, CourseFolder, CourseSettings, RestoreOptions, Restored, SyncOptions},
};
use tempfile::TempDir;

use super::{Stage, files, lesson, settings};

async fn restore(stage: &Stage, folder: &TempDir, options: RestoreOptions) -> Restored {
    let folder = Arc::new(CourseFolder::create(folder.path()).unwrap());
    content::restore(&stage.database, &settings(), folder, options, &crate::operator()).await.unwrap()
}

#[tokio::test]
async fn a_folder_comes_back_byte_for_byte() {
    let stage = Stage::course().await;
    // A byte order mark, CRLF, comments, `1.10`, a binary file, an empty one.
    stage.write(
        "lessons/1.10-odd.md",
        "\u{feff}---\r\ntitle: 1.10 # not 1.1\r\nflag: yes\r\n---\r\nOl\u{e1}\r\n".as_bytes(),
    );
    stage.write("resources/logo.png", &[0x89, b'P', 0, 255, 13, 10]);
    stage.write("resources/empty.txt", b"");
    assert!(stage.sync().await.is_clean());
    let copy = TempDir::new().unwrap();
    let restored = restore(&stage, &copy, RestoreOptions::default()).await;
    assert!(restored.is_complete(), "{restored:?}");
    assert_eq!(files(copy.path()), files(stage.path()));
    let again = restore(&stage, &copy, RestoreOptions::default()).await;
    assert_eq!((again.written.len(), again.num_equal), (0, 15));
}

#[tokio::test]
async fn a_folder_comes_back_as_it_was() {
    let stage = Stage::course().await;
    stage.sync().await;
    let before = files(stage.path());
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    let at = clock::now();
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    stage.write("lessons/1.1-part-1.md", lesson(1, 1).replace("lends", "moves").as_bytes());
    stage.rename("lessons/1.2-part-2.md", "lessons/1.2-other.md");
    stage.remove("assessments/quiz-1.md");
    assert!(stage.sync().await.is_clean());
    let copy = TempDir::new().unwrap();
    restore(&stage, &copy, RestoreOptions { at: Some(at), ..RestoreOptions::default() }).await;
    assert_eq!(files(copy.path()), before);
    let now = TempDir::new().unwrap();
    restore(&stage, &now, RestoreOptions::default()).await;
    assert_eq!(files(now.path()), files(stage.path()));
}

#[tokio::test]
async fn what_somebody_changed_is_kept_unless_forced() {
    let stage = Stage::course().await;
    stage.sync().await;
    stage.write("lessons/1.1-part-1.md", b"# Not synced yet\n");
    stage.write("notes.txt", b"unknown to Forebay");
    stage.remove("lessons/1.2-part-2.md");
    let folder = Arc::new(CourseFolder::open(stage.path()).unwrap());
    let options = RestoreOptions::default();
    let restored =
        content::restore(&stage.database, &settings(), folder, options, &crate::operator()).await.unwrap();
    assert_eq!(restored.kept, ["lessons/1.1-part-1.md"]);
    assert_eq!(restored.written, ["lessons/1.2-part-2.md"]);
    let folder = Arc::new(CourseFolder::open(stage.path()).unwrap());
    let options = RestoreOptions { force: true, ..RestoreOptions::default() };
    content::restore(&stage.database, &settings(), folder, options, &crate::operator()).await.unwrap();
    let found = files(stage.path());
    assert_eq!(found[std::path::Path::new("lessons/1.1-part-1.md")], lesson(1, 1).as_bytes());
    assert_eq!(found[std::path::Path::new("notes.txt")], b"unknown to Forebay");
}

async fn restore_here(stage: &Stage, options: RestoreOptions) -> Restored {
    let folder = Arc::new(CourseFolder::open(stage.path()).unwrap());
    content::restore(&stage.database, &settings(), folder, options, &crate::operator()).await.unwrap()
}

#[tokio::test]
async fn a_lesson_that_was_moved_is_not_left_at_both_paths() {
    let stage = Stage::course().await;
    stage.sync().await;
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    let (at, before) = (clock::now(), files(stage.path()));
    let other = stage.copy().await;
    other.rename("lessons/1.2-part-2.md", "lessons/1.2-other.md");
    other.remove("assessments/quiz-1.md");
    assert!(other.sync().await.is_clean());
    let restored = restore_here(&stage, RestoreOptions::default()).await;
    assert!(restored.is_complete(), "{restored:?}");
    assert_eq!(restored.removed, ["assessments/quiz-1.md", "lessons/1.2-part-2.md"]);
    assert_eq!(files(stage.path()), files(other.path()));
    assert!(stage.sync().await.is_clean());
    // In place, as it was.
    let options = RestoreOptions { at: Some(at), ..RestoreOptions::default() };
    let restored = restore_here(&stage, options).await;
    assert_eq!((restored.is_complete(), restored.removed), (true, vec!["lessons/1.2-other.md".to_owned()]));
    assert_eq!(files(stage.path()), before);
    assert!(stage.sync().await.is_clean());
    assert!(stage.verify().await.is_clean());
}

#[tokio::test]
async fn what_the_last_sync_did_not_see_is_never_removed() {
    let stage = Stage::course().await;
    let settings = CourseSettings { max_file_bytes: 4096, ..settings() };
    let film = vec![7; 5000];
    stage.write("resources/film.bin", &film);
    let folder = |stage: &Stage| Arc::new(CourseFolder::open(stage.path()).unwrap());
    content::sync(&stage.database, &settings, folder(&stage), SyncOptions::default()).await.unwrap();
    let other = stage.copy().await;
    for path in ["lessons/1.2-part-2.md", "lessons/1.3-part-3.md"] {
        other.remove(path);
    }
    content::sync(&other.database, &settings, folder(&other), SyncOptions::default()).await.unwrap();
    other.write("resources/film.bin", &film);
    content::sync(&other.database, &settings, folder(&other), SyncOptions::default()).await.unwrap();
    other.remove("resources/film.bin");
    content::sync(&other.database, &settings, folder(&other), SyncOptions::default()).await.unwrap();
    // One was changed, one is new, and of one the database has no bytes.
    stage.write("lessons/1.2-part-2.md", lesson(1, 2).replace("lends", "moves").as_bytes());
    stage.write("resources/new.txt", b"new");
    let before = files(stage.path());
    let options = RestoreOptions { force: true, ..RestoreOptions::default() };
    let restored = content::restore(&stage.database, &settings, folder(&stage), options, &crate::operator())
        .await
        .unwrap();
    assert_eq!(restored.removed, ["lessons/1.3-part-3.md"]);
    assert_eq!(restored.extra, ["lessons/1.2-part-2.md", "resources/film.bin", "resources/new.txt"]);
    assert!(!restored.is_complete());
    let kept: Vec<_> = files(stage.path()).into_iter().collect();
    let expected: Vec<_> = before.into_iter().filter(|(path, _)| !path.ends_with("1.3-part-3.md")).collect();
    assert_eq!(kept, expected);
}

#[tokio::test]
async fn a_time_before_the_first_version_has_no_files() {
    let stage = Stage::course().await;
    let before = clock::now();
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    stage.sync().await;
    let copy = TempDir::new().unwrap();
    let folder = Arc::new(CourseFolder::open(copy.path()).unwrap());
    let options = RestoreOptions { at: Some(before), ..RestoreOptions::default() };
    let error = content::restore(&stage.database, &settings(), folder, options, &crate::operator())
        .await
        .unwrap_err();
    assert_eq!((error.code(), error.is_usage()), ("no_files_at_time", true));
    assert!(error.to_string().contains("its first version is of 20"), "{error}");
    assert_eq!(std::fs::read_dir(copy.path()).unwrap().count(), 0);
}

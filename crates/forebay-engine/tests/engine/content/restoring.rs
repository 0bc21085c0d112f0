//! `restore`.

use std::sync::Arc;

use forebay_engine::{
    clock,
    content::{self, CourseFolder, RestoreOptions, Restored},
};
use tempfile::TempDir;

use super::{Stage, files, lesson, settings};

async fn restore(stage: &Stage, folder: &TempDir, options: RestoreOptions) -> Restored {
    let folder = Arc::new(CourseFolder::create(folder.path()).unwrap());
    content::restore(&stage.database, &settings(), folder, options).await.unwrap()
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
    let restored = content::restore(&stage.database, &settings(), folder, options).await.unwrap();
    assert_eq!(restored.kept, ["lessons/1.1-part-1.md"]);
    assert_eq!(restored.written, ["lessons/1.2-part-2.md"]);
    let folder = Arc::new(CourseFolder::open(stage.path()).unwrap());
    let options = RestoreOptions { force: true, ..RestoreOptions::default() };
    content::restore(&stage.database, &settings(), folder, options).await.unwrap();
    let found = files(stage.path());
    assert_eq!(found[std::path::Path::new("lessons/1.1-part-1.md")], lesson(1, 1).as_bytes());
    assert_eq!(found[std::path::Path::new("notes.txt")], b"unknown to Forebay");
}

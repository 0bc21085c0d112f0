//! Folders that are broken, or that somebody prepared.

use std::{fs, os::unix::fs::symlink, sync::Arc};

use forebay_domain::content::{ProblemCode, paths::RelativePath};
use forebay_engine::content::{self, CourseFolder, RestoreOptions, SkipReason};

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
async fn a_lesson_behind_a_link_stays_as_it_is_stored() {
    let stage = Stage::course().await;
    stage.sync().await;
    let outside = tempfile::TempDir::new().unwrap();
    fs::rename(stage.path().join("lessons/1.1-part-1.md"), outside.path().join("1.1-part-1.md")).unwrap();
    symlink(outside.path().join("1.1-part-1.md"), stage.path().join("lessons/1.1-part-1.md")).unwrap();
    fs::rename(stage.path().join("research"), outside.path().join("research")).unwrap();
    symlink(outside.path().join("research"), stage.path().join("research")).unwrap();
    assert!(stage.sync().await.run.is_none());
    let stored = "select count(*)::text from forebay.\"references\" where removed_at is null";
    assert_eq!(stage.texts(stored).await, ["12"]);
    assert_eq!(stage.verify().await.differences.len(), 3);
}

#[tokio::test]
async fn a_hidden_path_in_the_database_is_not_restored() {
    let stage = Stage::course().await;
    stage.sync().await;
    stage
        .execute(
            "update forebay.\"references\" set payload = jsonb_set(payload, '{path}', '\".git/config\"') \
             where record_key = 'outline'",
        )
        .await;
    let copy = tempfile::TempDir::new().unwrap();
    let folder = Arc::new(CourseFolder::open(copy.path()).unwrap());
    let restored = content::restore(
        &stage.database,
        &super::settings(),
        folder,
        RestoreOptions::default(),
        &crate::operator(),
    )
    .await;
    assert_eq!(restored.unwrap_err().code(), "unsafe_path");
    assert!(!copy.path().join(".git").exists());
}

#[tokio::test]
async fn a_number_that_no_column_can_hold_is_refused_alone() {
    let stage = Stage::course().await;
    stage.write("lessons/huge.md", b"---\nmodule: 3000000000\nlesson: 1\n---\n# Huge\n");
    let report = stage.sync().await;
    let problems: Vec<_> =
        report.problems.iter().map(|problem| (problem.code, problem.path.as_str())).collect();
    assert_eq!(problems, [(ProblemCode::InvalidValue, "lessons/huge.md")]);
    assert_eq!(stage.texts("select count(*)::text from forebay.course_lessons").await, ["6"]);
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

#[tokio::test]
async fn a_file_that_was_broken_for_a_while_is_no_conflict_when_it_is_repaired() {
    let stage = Stage::course().await;
    stage.sync().await;
    stage.write("lessons/1.1-part-1.md", b"# Caf\xe9\n");
    assert!(!stage.sync().await.is_clean());
    stage.write("lessons/1.1-part-1.md", lesson(1, 1).replace("lends", "moves").as_bytes());
    let report = stage.sync().await;
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(report.run.unwrap().counts.num_updated, 1);
    assert!(stage.verify().await.is_clean());
}

#[tokio::test]
async fn hostile_front_matter_is_named_by_line_and_every_byte_is_kept() {
    let stage = Stage::course().await;
    let bomb = "---\na: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n---\n# Bomb\n";
    let types = "---\nlesson_id: [1, 2]\ntitle: {a: b}\nobjectives: 7\nbloom_level: 1.10\n---\n# Types\n";
    let endings = "\u{feff}---\r\nlesson_id: CRLF\r\ntitle: yes\r\n---\r\n# Ends\r\n";
    let open = "---\nlesson_id: OPEN\n# Never closed\n";
    for (path, text) in [
        ("lessons/3.1-bomb.md", bomb),
        ("lessons/3.2-types.md", types),
        ("lessons/3.3-endings.md", endings),
        ("lessons/3.4-open.md", open),
    ] {
        stage.write(path, text.as_bytes());
    }
    let report = stage.sync().await;
    let places: Vec<String> =
        report.problems.iter().map(|problem| format!("{} {}", problem.place(), problem.code)).collect();
    for expected in [
        "lessons/3.1-bomb.md:2 yaml_bounds",
        "lessons/3.2-types.md:2 wrong_type",
        "lessons/3.2-types.md:3 wrong_type",
        "lessons/3.2-types.md:5 invalid_value",
        "lessons/3.4-open.md:1 front_matter_unclosed",
    ] {
        assert!(places.contains(&expected.to_owned()), "{expected}: {places:?}");
    }
    // Bytes are the truth, so all of them are stored as they are.
    let stored = stage.texts("select file_path || '=' || content from forebay.course_lessons where module_number = 3 order by 1").await;
    assert_eq!(
        stored,
        [
            format!("lessons/3.1-bomb.md={bomb}"),
            format!("lessons/3.2-types.md={types}"),
            format!("lessons/3.3-endings.md={endings}"),
            format!("lessons/3.4-open.md={open}"),
        ]
    );
    assert_eq!(
        stage.texts("select title from forebay.course_lessons where lesson_id = 'CRLF'").await,
        ["yes"]
    );
    assert!(stage.verify().await.differences.is_empty());
}

#[tokio::test]
async fn names_that_differ_only_by_case_or_form_are_refused_together() {
    let stage = Stage::course().await;
    stage.write("resources/Logo.svg", b"<svg/>");
    stage.write("resources/logo.svg", b"<svg></svg>");
    stage.write("lessons/3.1-caf\u{e9}.md", b"# One\n");
    stage.write("lessons/3.2-cafe\u{301}.md", b"# Another number, so no collision\n");
    stage.write("resources/caf\u{e9}.txt", b"one");
    stage.write("resources/cafe\u{301}.txt", b"two");
    stage.write("resources/plain.txt", b"fine");
    let report = stage.sync().await;
    let collisions: Vec<&str> = report
        .changes
        .problems
        .iter()
        .filter(|problem| problem.code == ProblemCode::PathCollision)
        .map(|problem| problem.path.as_str())
        .collect();
    assert_eq!(
        collisions,
        ["resources/Logo.svg", "resources/cafe\u{301}.txt", "resources/caf\u{e9}.txt", "resources/logo.svg"]
    );
    let stored = "select record_key from forebay.\"references\" where record_key like 'file/resources%'";
    assert_eq!(stage.texts(stored).await, ["file/resources/plain.txt"]);
    assert_eq!(stage.texts("select count(*)::text from forebay.course_lessons").await, ["8"]);
    assert!(!report.is_clean());
}

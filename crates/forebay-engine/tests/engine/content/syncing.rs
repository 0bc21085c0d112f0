//! `sync` and `verify`.

use std::sync::Arc;

use forebay_domain::{
    content::{
        ProblemCode,
        layout::{Layout, LayoutSettings, Preset},
        plan::{Action, ConflictKind, MatchedBy},
    },
    run::RunStatus,
};
use forebay_engine::content::{self, CourseFolder, CourseSettings, DifferenceKind, SyncOptions};

use super::{Stage, lesson, settings};

#[tokio::test]
async fn a_course_is_stored_with_all_its_tables() {
    let stage = Stage::course().await;
    let report = stage.sync().await;
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(report.changes.actions.len(), 12);
    let lessons = stage
        .texts(
            "select format('%s.%s %s %s %s %s %s', module_number, lesson_number, lesson_id, title, bloom_level, \
             objectives, word_count) from forebay.course_lessons order by module_number, lesson_number",
        )
        .await;
    assert_eq!(lessons.len(), 6);
    assert_eq!(lessons[0], "1.1 L11 Lesson 1.1 apply {\"Read code 1\"} 6");
    let metadata = stage
        .texts(
            "select format('%s|%s|%s|%s|%s|%s|%s|%s', p.title, p.keywords, m.total_modules, m.total_lessons, m.icp, \
             m.voice_profile, m.course_type, m.framework) \
             from forebay.course_metadata as m join forebay.content_pieces as p using (piece_id)",
        )
        .await;
    assert_eq!(metadata, ["Rust from the start|{rust,borrowing}|2|6|Python developers.|Calm.|technical|GPS"]);
    let research = stage
        .texts(
            "select format('%s|%s|%s', summary, num_competitors, content_gaps) from forebay.market_research",
        )
        .await;
    assert_eq!(research, ["Many want to learn.|2|"]);
    assert!(stage.verify().await.is_clean());
}

#[tokio::test]
async fn a_second_sync_writes_nothing() {
    let stage = Stage::course().await;
    stage.sync().await;
    let transactions = "select xmin::text from forebay.course_lessons union all select xmin::text from forebay.sources \
                        union all select xmin::text from forebay.content_pieces order by 1";
    let before = stage.texts(transactions).await;
    let runs = stage.texts("select count(*)::text from forebay.scrape_runs").await;
    let report = stage.sync().await;
    assert!(report.is_clean() && report.run.is_none() && report.changes.actions.is_empty(), "{report:?}");
    assert_eq!(stage.texts(transactions).await, before);
    assert_eq!(stage.texts("select count(*)::text from forebay.scrape_runs").await, runs);
}

#[tokio::test]
async fn a_lesson_that_moves_keeps_its_history() {
    let stage = Stage::course().await;
    stage.sync().await;
    let ids = "select reference_id::text from forebay.course_lessons where lesson_id = 'L13'";
    let before = stage.texts(ids).await;
    // The number in the name changes too, so two lessons exchange their numbers.
    stage.rename("lessons/1.3-part-3.md", "lessons/1.9-x.md");
    stage.rename("lessons/1.2-part-2.md", "lessons/1.3-part-2.md");
    stage.rename("lessons/1.9-x.md", "lessons/1.2-part-3.md");
    let report = stage.sync().await;
    let moves: Vec<_> = report.changes.actions.iter().filter(|a| matches!(a, Action::Move { .. })).collect();
    assert_eq!(moves.len(), 2, "{report:?}");
    assert!(matches!(moves[0], Action::Move { matched_by: MatchedBy::Id, .. }));
    assert_eq!(report.run.as_ref().unwrap().counts.num_updated, 2);
    assert_eq!(stage.texts(ids).await, before);
    let numbers = "select format('%s %s.%s', lesson_id, module_number, lesson_number) from forebay.course_lessons \
                   where lesson_id in ('L12', 'L13') order by 1";
    assert_eq!(stage.texts(numbers).await, ["L12 1.3", "L13 1.2"]);
    assert!(stage.verify().await.is_clean());
}

#[tokio::test]
async fn one_lesson_may_go_and_half_of_them_may_not() {
    let stage = Stage::course().await;
    for number in 4..=12 {
        stage.write(&format!("lessons/2.{number}-part-{number}.md"), lesson(2, number).as_bytes());
    }
    stage.sync().await;
    stage.remove("lessons/2.12-part-12.md");
    let report = stage.sync().await;
    assert_eq!(report.run.as_ref().unwrap().status, RunStatus::Complete, "{report:?}");
    assert_eq!(report.run.unwrap().counts.num_removed, 1);
    assert_eq!(stage.texts("select count(*)::text from forebay.course_lessons").await, ["14"]);
    for number in 1..=11 {
        stage.remove(&format!("lessons/2.{number}-part-{number}.md"));
    }
    let refused = stage.try_sync(SyncOptions::default()).await.unwrap_err();
    assert_eq!(refused.code(), "too_many_gone");
    assert_eq!(stage.texts("select count(*)::text from forebay.course_lessons").await, ["14"]);
    let allowed = SyncOptions { allow_removals: true, ..SyncOptions::default() };
    let report = stage.try_sync(allowed).await.unwrap();
    assert_eq!(report.run.unwrap().counts.num_removed, 11);
    assert_eq!(stage.texts("select count(*)::text from forebay.course_lessons").await, ["3"]);
}

#[tokio::test]
async fn both_sides_are_kept_if_both_changed() {
    let stage = Stage::course().await;
    stage.sync().await;
    // Another copy of the folder syncs its own change.
    let other = Stage { folder: tempfile::TempDir::new().unwrap(), ..Stage::empty().await };
    for (path, bytes) in super::files(stage.path()) {
        other.write(path.to_str().unwrap(), &bytes);
    }
    other.write("lessons/1.1-part-1.md", b"---\nlesson_id: L11\n---\n# From the other copy\n");
    let folder = std::sync::Arc::new(CourseFolder::open(other.path()).unwrap());
    let settings = super::settings();
    let report = forebay_engine::content::sync(&stage.database, &settings, folder, SyncOptions::default());
    assert_eq!(report.await.unwrap().changes.conflicts.len(), 1, "a copy without a state has no base");
}

#[tokio::test]
async fn a_row_that_somebody_edited_is_found_and_repaired() {
    let stage = Stage::course().await;
    stage.sync().await;
    stage.execute("update forebay.course_lessons set content_hash = decode(repeat('00', 32), 'hex') where lesson_id = 'L11'").await;
    stage.execute("delete from forebay.course_lessons where lesson_id = 'L12'").await;
    let verified = stage.verify().await;
    let kinds: Vec<_> = verified.differences.iter().map(|d| (d.path.as_deref().unwrap(), d.kind)).collect();
    assert_eq!(
        kinds,
        [
            ("lessons/1.1-part-1.md", DifferenceKind::Row),
            ("lessons/1.2-part-2.md", DifferenceKind::RowMissing)
        ]
    );
    assert_eq!(stage.sync().await.num_repaired, 2);
    assert!(stage.verify().await.is_clean());
}

#[tokio::test]
async fn line_endings_are_named_and_a_doubled_id_is_left_alone() {
    let stage = Stage::course().await;
    stage.sync().await;
    let crlf = lesson(1, 1).replace('\n', "\r\n");
    stage.write("lessons/1.1-part-1.md", crlf.as_bytes());
    let verified = stage.verify().await;
    assert_eq!(verified.differences[0].kind, DifferenceKind::LineEndings);
    let report = stage.sync().await;
    assert!(matches!(report.changes.actions[..], [Action::Update { is_line_endings_only: true, .. }]));
    stage.write("lessons/2.9-copy.md", crlf.as_bytes());
    let report = stage.sync().await;
    assert!(report.changes.problems.iter().any(|problem| problem.code == ProblemCode::DuplicateId));
    assert!(report.changes.actions.is_empty() && !report.is_clean());
    assert!(report.changes.conflicts.iter().all(|conflict| conflict.kind != ConflictKind::BothChanged));
}

#[tokio::test]
async fn a_file_that_cannot_be_stored_for_a_while_is_still_known() {
    let stage = Stage::course().await;
    stage.sync().await;
    stage.write("lessons/1.1-part-1.md", b"# Caf\xe9\n");
    assert_eq!(stage.sync().await.problems.len(), 1);
    // Otherwise its removal would look like an addition to the database.
    stage.remove("lessons/1.1-part-1.md");
    let report = stage.sync().await;
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(report.run.unwrap().counts.num_removed, 1);
}

#[tokio::test]
async fn a_file_that_becomes_something_else_gets_a_reference_of_its_own() {
    let stage = Stage::course().await;
    stage.write("notes/draft.md", lesson(2, 4).as_bytes());
    stage.write("resources/links.md", b"# Links\n");
    stage.sync().await;
    // A lesson leaves the course, a draft becomes a lesson, and the brief is written anew.
    stage.rename("lessons/1.3-part-3.md", "resources/old.md");
    stage.rename("notes/draft.md", "lessons/2.4-part-4.md");
    stage.rename("COURSE-BRIEF.md", "resources/old-brief.md");
    stage.sync().await;
    stage.write("COURSE-BRIEF.md", b"# Rust basics\n\n## 2. ICP\n\nEverybody.\n");
    let report = stage.sync().await;
    assert!(report.is_clean() && stage.verify().await.is_clean(), "{report:?}");
    let lessons = "select file_path from forebay.course_lessons order by file_path";
    assert_eq!(
        stage.texts(lessons).await,
        [
            "lessons/1.1-part-1.md",
            "lessons/1.2-part-2.md",
            "lessons/2.1-part-1.md",
            "lessons/2.2-part-2.md",
            "lessons/2.3-part-3.md",
            "lessons/2.4-part-4.md",
        ]
    );
    assert_eq!(stage.texts("select right(brief, 11) from forebay.course_metadata").await, ["Everybody.\n"]);
}

#[tokio::test]
async fn a_number_of_a_lesson_that_stays_in_the_database_is_not_given_away() {
    let stage = Stage::course().await;
    stage.sync().await;
    // Another copy of the folder has added a lesson.
    let other = Stage { folder: tempfile::TempDir::new().unwrap(), ..Stage::empty().await };
    for (path, bytes) in super::files(stage.path()) {
        other.write(path.to_str().unwrap(), &bytes);
    }
    other.write("lessons/1.4-theirs.md", lesson(1, 4).as_bytes());
    let folder = std::sync::Arc::new(CourseFolder::open(other.path()).unwrap());
    let settings = super::settings();
    forebay_engine::content::sync(&stage.database, &settings, folder, SyncOptions::default()).await.unwrap();
    stage.write("lessons/1.4-ours.md", lesson(1, 4).replace("L14", "L14-ours").as_bytes());
    stage.write("lessons/1.5-next.md", lesson(1, 5).as_bytes());
    let report = stage.sync().await;
    let problems: Vec<_> =
        report.problems.iter().map(|problem| (problem.code.as_str(), problem.path.as_str())).collect();
    assert_eq!(problems, [("duplicate_number", "lessons/1.4-ours.md")]);
    assert_eq!(report.changes.remote.len(), 1);
    let lessons = "select file_path from forebay.course_lessons where module_number = 1 and lesson_number > 3 \
                   order by lesson_number";
    assert_eq!(stage.texts(lessons).await, ["lessons/1.4-theirs.md", "lessons/1.5-next.md"]);
}

#[tokio::test]
async fn a_layout_that_nobody_chose_replaces_none() {
    let stage = Stage::course().await;
    let layout = |preset| Layout::new(&LayoutSettings { preset, ..LayoutSettings::default() }).unwrap();
    let sync = async |settings: &CourseSettings| {
        let folder = Arc::new(CourseFolder::open(stage.path()).unwrap());
        content::sync(&stage.database, settings, folder, SyncOptions::default()).await
    };
    let chosen = CourseSettings { layout: layout(Some(Preset::Markdown)), ..settings() };
    sync(&chosen).await.unwrap();
    let num_lessons = stage.texts("select count(*)::text from forebay.course_lessons").await;
    let forgotten = CourseSettings { is_layout_chosen: false, ..settings() };
    let error = sync(&forgotten).await.unwrap_err();
    assert_eq!(error.code(), "layout_differs");
    assert!(error.to_string().contains("\"markdown\""), "{error}");
    let folder = Arc::new(CourseFolder::open(stage.path()).unwrap());
    let error = content::verify(&stage.database, &forgotten, folder).await.unwrap_err();
    assert_eq!(error.code(), "layout_differs");
    assert_eq!(stage.texts("select count(*)::text from forebay.course_lessons").await, num_lessons);
    // Somebody who chooses another one means it.
    sync(&settings()).await.unwrap();
    assert_eq!(stage.texts("select layout from forebay.content_pieces").await, ["creator-os"]);
    sync(&forgotten).await.unwrap();
}

#[tokio::test]
async fn a_layout_that_finds_no_lesson_is_reported_with_those_that_do() {
    let stage = Stage::empty().await;
    stage.write("content/_index.md", b"# Course\n");
    stage.write("content/basics/one.md", b"---\ntitle: One\nweight: 1\n---\n\n# One\n");
    let report = stage.sync().await;
    let problem = &report.problems[0];
    assert_eq!((problem.code.to_string().as_str(), report.is_clean()), ("no_lessons", true), "{report:?}");
    assert!(problem.hint.as_ref().unwrap().contains("--layout; these find lessons: hugo (1)"), "{problem:?}");
}

//! The persister: files first, then the database, and a database that fails costs nothing but a warning.

mod blocked;
mod edited;
mod outage;
mod together;

use std::{fs, sync::Arc};

use forebay_domain::content::{PersistMode, ResearchKind, lesson::LessonFacts, paths::RelativePath};
use forebay_engine::content::{
    CourseFolder, CourseInput, CoursePersister, Fetched, LessonInput, LessonPlace, Persisted, Written,
};
use forebay_store::{
    connect::Target,
    content::{CourseDetails, LessonMeasures},
};

use super::{Stage, files, settings};

impl Stage {
    async fn opened(&self, mode: PersistMode) -> CoursePersister {
        self.opened_to(mode, self.test.target()).await
    }

    async fn opened_to(&self, mode: PersistMode, target: Target) -> CoursePersister {
        let folder = Arc::new(CourseFolder::open(self.path()).unwrap());
        CoursePersister::open(settings(), folder, mode, target).await.unwrap()
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path().join(path)).unwrap()
    }
}

/// A lesson with facts and measures.
fn lesson(module: u32, number: u32) -> LessonInput {
    LessonInput {
        place: LessonPlace::Number { module, lesson: number, slug: None },
        text: format!("# Lesson {module}.{number}\n\nBorrowing lends a value.\n"),
        facts: LessonFacts {
            lesson_id: Some(format!("L{module}{number}")),
            title: Some(format!("Borrowing: part {number}")),
            objectives: vec!["Read code".to_owned()],
            ..LessonFacts::default()
        },
        measures: LessonMeasures {
            generation_seconds: Some(1.5),
            generation_cost: Some(0.25),
            num_retries: Some(1),
            ..LessonMeasures::default()
        },
    }
}

fn course(num_modules: u32, num_lessons: u32) -> CourseInput {
    let lessons =
        (1..=num_modules).flat_map(|module| (1..=num_lessons).map(move |number| lesson(module, number)));
    CourseInput {
        brief: Some(
            "# Rust\n\n## 1. Basic information\n\nShort.\n\n## 2. ICP\n\nPython developers.\n".to_owned(),
        ),
        outline: Some("# Outline\n".to_owned()),
        curriculum: Some("course:\n  title: Rust from the start\nmodules: []\n".to_owned()),
        research: vec![(ResearchKind::MarketAnalysis, "# Market\n\nMany want to learn.\n".to_owned())],
        lessons: lessons.collect(),
    }
}

fn details(fetched: Fetched<Option<Box<CourseDetails>>>) -> CourseDetails {
    match fetched {
        Fetched::Done(Some(details)) => *details,
        other => panic!("{other:?}"),
    }
}

fn is_done(written: &Written) -> bool {
    matches!(written.persisted, Persisted::Done(_)) && written.refused.is_empty()
}

#[tokio::test]
async fn a_course_is_written_in_one_go_and_read_back() {
    let stage = Stage::empty().await;
    let mut persister = stage.opened(PersistMode::On).await;
    let written = persister.persist_course(course(2, 3)).await.unwrap();
    assert!(is_done(&written), "{written:?}");
    assert_eq!((written.paths.len(), written.num_written), (10, 10));
    assert_eq!(written.paths[4].as_str(), "lessons/1.1-borrowing-part-1.md");
    assert!(stage.read("lessons/2.3-borrowing-part-3.md").starts_with(
        "---\nlesson_id: L23\ntitle: \"Borrowing: part 3\"\nobjectives:\n  - Read code\n---\n\n# Lesson 2.3\n"
    ));
    assert_eq!(stage.texts("select count(*)::text from forebay.scrape_runs").await, ["1"], "one transaction");
    persister.update_voice_fidelity(0.9).await.unwrap();
    let at = "2026-11-28T00:00:00Z".parse().unwrap();
    for _ in 0..2 {
        let recorded = persister.record_performance("completion_rate", 0.5, at).await.unwrap();
        assert!(matches!(recorded, Persisted::Done(_)), "{recorded:?}");
    }

    let stored = details(persister.get_course(true).await);
    assert_eq!(
        (stored.piece.title.as_str(), stored.piece.voice_fidelity_score),
        ("Rust from the start", Some(0.9))
    );
    assert_eq!(stored.metadata.unwrap().icp.as_deref(), Some("Python developers."));
    assert_eq!(stored.research.unwrap().summary.as_deref(), Some("Many want to learn."));
    assert_eq!((stored.performance[0].metric.as_str(), stored.performance.len()), ("completion_rate", 1));
    assert_eq!(stored.lessons.len(), 6);
    let last = &stored.lessons[5];
    assert_eq!((last.module, last.number, last.lesson_id.as_str()), (2, 3, "L23"));
    assert_eq!(last.content.as_deref(), Some(stage.read("lessons/2.3-borrowing-part-3.md").as_str()));
    assert_eq!(
        (last.generation_seconds, last.generation_cost, last.num_retries),
        (Some(1.5), Some(0.25), Some(1))
    );
    assert!(details(persister.get_course(false).await).lessons.iter().all(|lesson| lesson.content.is_none()));
    let Fetched::Done(verification) = persister.verify().await else { panic!("it cannot be verified") };
    assert!(verification.is_clean() && verification.num_equal == 10, "{verification:?}");
    let counts = persister.close().await.unwrap().counts;
    assert_eq!((counts.num_failed, counts.num_retries), (0, 0));
}

#[tokio::test]
async fn a_second_call_writes_nothing() {
    let stage = Stage::empty().await;
    let mut persister = stage.opened(PersistMode::On).await;
    persister.persist_course(course(1, 3)).await.unwrap();
    let rows = "select xmin::text from forebay.course_lessons union all select xmin::text from forebay.content_pieces \
                union all select xmin::text from forebay.market_research order by 1";
    let before = stage.texts(rows).await;
    let modified = |path: &str| fs::metadata(stage.path().join(path)).unwrap().modified().unwrap();
    let written_at = modified("curriculum.yaml");
    let written = persister.persist_course(course(1, 3)).await.unwrap();
    assert!(is_done(&written), "{written:?}");
    assert_eq!((written.paths.len(), written.num_written), (7, 0));
    assert_eq!(modified("curriculum.yaml"), written_at);
    assert_eq!(stage.texts(rows).await, before);
    assert_eq!(stage.texts("select count(*)::text from forebay.scrape_runs").await, ["1"]);
}

#[tokio::test]
async fn each_part_is_written_by_its_own_call() {
    let stage = Stage::empty().await;
    let mut persister = stage.opened(PersistMode::On).await;
    let whole = course(1, 2);
    assert!(is_done(&persister.persist_metadata(whole.brief, None).await.unwrap()));
    assert!(!stage.path().join("course-outline.md").exists(), "an absent part is not written");
    assert!(is_done(&persister.persist_metadata(None, whole.outline).await.unwrap()));
    assert!(is_done(&persister.persist_research(whole.research).await.unwrap()));
    assert!(is_done(&persister.update_curriculum(whole.curriculum.unwrap()).await.unwrap()));
    for lesson in whole.lessons {
        assert!(is_done(&persister.persist_lesson(lesson).await.unwrap()));
    }
    let place = LessonPlace::Number { module: 1, lesson: 2, slug: None };
    let path = persister.lesson_file(place).await.unwrap();
    let measures = LessonMeasures {
        gps_score: Some(1.0),
        validation_status: Some("passed".to_owned()),
        ..LessonMeasures::default()
    };
    let updated = persister.update_lesson_validation(&path, &measures).await.unwrap();
    assert!(matches!(updated, Persisted::Done(_)), "{updated:?}");
    let stored = details(persister.get_course(true).await);
    assert_eq!(stored.lessons[1].gps_score, Some(1.0));
    assert_eq!(stored.lessons[1].validation_status.as_str(), "passed");
    assert_eq!(stored.lessons[1].generation_cost, Some(0.25), "the other measures stay");
    let nowhere = LessonPlace::Number { module: 9, lesson: 9, slug: None };
    assert_eq!(persister.lesson_file(nowhere).await.unwrap_err().code(), "lesson_missing");
}

#[tokio::test]
async fn a_lesson_keeps_its_file_when_its_title_changes() {
    let stage = Stage::empty().await;
    let mut persister = stage.opened(PersistMode::On).await;
    persister.persist_lesson(lesson(1, 1)).await.unwrap();
    let mut changed = lesson(1, 1);
    changed.facts.title = Some("Lending".to_owned());
    let written = persister.persist_lesson(changed).await.unwrap();
    assert_eq!(written.paths[0].as_str(), "lessons/1.1-borrowing-part-1.md");
    let stored = details(persister.get_course(false).await);
    assert_eq!((stored.lessons.len(), stored.lessons[0].title.as_str()), (1, "Lending"));
}

#[tokio::test]
async fn hostile_lessons_stay_in_the_folder_and_the_others_land() {
    let stage = Stage::empty().await;
    let mut persister = stage.opened(PersistMode::On).await;
    let numbered = |number, slug: &str| LessonInput {
        place: LessonPlace::Number { module: 1, lesson: number, slug: Some(slug.to_owned()) },
        ..lesson(1, number)
    };
    let placed = |path: &str| LessonInput { place: LessonPlace::Path(path.to_owned()), ..lesson(9, 9) };
    let mut unnamed = numbered(4, "数学");
    unnamed.facts.title = None;
    unnamed.text = "数学\n".to_owned();
    let mut impossible = numbered(6, "six");
    impossible.measures.gps_score = Some(f64::NAN);
    let lessons = vec![
        numbered(1, "../../../etc/passwd"),
        numbered(2, "CON"),
        numbered(3, "a\0b/c\u{202e}"),
        unnamed,
        placed("../outside.md"),
        placed("/etc/passwd"),
        placed("notes.txt"),
        placed("lessons/1.1-ETC-passwd.md"),
        numbered(1, "twice"),
        impossible,
        numbered(5, "five"),
    ];
    let written = persister.persist_lessons_batch(lessons).await.unwrap();
    let refused: Vec<_> = written.refused.iter().map(|one| (one.index, one.error.code())).collect();
    assert_eq!(
        refused,
        [
            (4, "unsafe_path"),
            (5, "unsafe_path"),
            (6, "no_lesson_path"),
            (7, "same_path"),
            (8, "same_path"),
            (9, "value_out_of_range"),
        ]
    );
    let paths: Vec<_> = written.paths.iter().map(RelativePath::as_str).collect();
    assert_eq!(
        paths,
        [
            "lessons/1.1-etc-passwd.md",
            "lessons/1.2-con-1.md",
            "lessons/1.3-a-b-c.md",
            "lessons/1.4-lesson.md",
            "lessons/1.5-five.md",
        ]
    );
    let found: Vec<_> = files(stage.path()).into_keys().collect();
    assert_eq!(found.len(), 5, "{found:?}");
    assert!(!stage.path().parent().unwrap().join("outside.md").exists());
    let outside = persister.persist_lesson(placed("../outside.md")).await.unwrap_err();
    assert_eq!((outside.code(), outside.is_usage()), ("unsafe_path", true));
    let Fetched::Done(verification) = persister.verify().await else { panic!("it cannot be verified") };
    assert!(verification.is_clean() && verification.num_equal == 5, "{verification:?}");
}

#[tokio::test]
async fn a_link_out_of_the_folder_is_not_followed() {
    let stage = Stage::empty().await;
    let outside = tempfile::TempDir::new().unwrap();
    std::os::unix::fs::symlink(outside.path(), stage.path().join("lessons")).unwrap();
    let mut persister = stage.opened(PersistMode::On).await;
    let error = persister.persist_lesson(lesson(1, 1)).await.unwrap_err();
    assert_eq!(error.code(), "content_file_failed", "{error}");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
    assert_eq!(persister.counts().num_persisted, 0, "the database is not ahead of the folder");
}

#[tokio::test]
async fn scores_out_of_range_are_refused_without_touching_the_database() {
    let stage = Stage::empty().await;
    let mut persister = stage.opened(PersistMode::On).await;
    persister.persist_lesson(lesson(1, 1)).await.unwrap();
    for score in [-0.1, 1.1, f64::NAN] {
        let refused = persister.update_voice_fidelity(score).await.unwrap_err();
        assert_eq!((refused.code(), refused.is_usage()), ("value_out_of_range", true));
    }
    for (metric, value) in [("", 1.0), (" ", 1.0), ("views", f64::NAN), ("views", f64::INFINITY)] {
        let refused =
            persister.record_performance(metric, value, forebay_engine::clock::now()).await.unwrap_err();
        assert_eq!((refused.code(), refused.is_usage()), ("measurement_invalid", true));
    }
    assert_eq!(persister.counts().num_failed, 0);
}

#[tokio::test]
async fn text_that_cannot_be_stored_replaces_no_file() {
    let stage = Stage::empty().await;
    let mut persister = stage.opened(PersistMode::On).await;
    persister.persist_course(course(1, 2)).await.unwrap();
    let before = files(stage.path());
    let mut lessons = course(1, 2).lessons;
    lessons[0].text = "# A\0B\n".to_owned();
    lessons[1].text = "# Changed\n".to_owned();
    let written = persister.persist_lessons_batch(lessons).await.unwrap();
    let refused: Vec<_> = written.refused.iter().map(|one| (one.index, one.error.code())).collect();
    assert_eq!((refused, written.num_written), (vec![(0, "nul_character")], 1));
    let error = persister.persist_metadata(Some("\0".to_owned()), None).await.unwrap_err();
    assert_eq!(error.code(), "nul_character");
    let after = files(stage.path());
    let changed: Vec<_> = before.keys().filter(|path| before[*path] != after[*path]).collect();
    assert_eq!(changed, [std::path::Path::new("lessons/1.2-borrowing-part-2.md")]);
}

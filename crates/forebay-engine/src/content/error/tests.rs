//! Every error of a course: its stable code, whether the request was wrong, its place and its hint.

use std::collections::BTreeSet;

use forebay_domain::content::{
    ResearchKind,
    own_tables::{OwnTableError, OwnTableKind},
    plan::RefusalReason,
};

use super::*;

fn file(kind: io::ErrorKind) -> ContentError {
    ContentError::file("write", Path::new("course/a.md"), kind.into())
}

/// One of each, with its code, its place and a part of its hint.
#[expect(clippy::too_many_lines, reason = "a list of all errors")]
fn all() -> Vec<(ContentError, &'static str, Option<&'static str>, Option<&'static str>)> {
    let (path, text) = (|| PathBuf::from("course"), str::to_owned);
    let at: Timestamp = "2026-11-28T10:00:00Z".parse().unwrap();
    let problem = Problem::error(ProblemCode::NotUtf8, "a.md", "not UTF-8").at(4).hint("save it as UTF-8");
    let own = OwnTableError { table: OwnTableKind::Lessons, key: text("key"), problem: text("wrong") };
    let refusal = Refusal { reason: RefusalReason::TooManyGone, num_known: 9, gone: Vec::new() };
    let document = |document| ContentError::DocumentWithoutPath { document };
    vec![
        (
            ContentError::FolderMissing { path: path() },
            "content_folder_missing",
            Some("course"),
            Some("mounted"),
        ),
        (ContentError::FolderLocked { path: path() }, "content_folder_locked", Some("course"), Some("wait")),
        (file(io::ErrorKind::StorageFull), "disk_full", Some("course/a.md"), Some("free some space")),
        (
            file(io::ErrorKind::ReadOnlyFilesystem),
            "permission_denied",
            Some("course/a.md"),
            Some("check who owns"),
        ),
        (file(io::ErrorKind::InvalidData), "content_file_failed", Some("course/a.md"), None),
        (
            ContentError::TooLarge { path: text("a.md"), size: 9, max_bytes: 8 },
            "too_large",
            Some("a.md"),
            Some("split the file"),
        ),
        (ContentError::Refused(refusal), "too_many_gone", None, Some("--allow-removals")),
        (ContentError::Problem(problem), "not_utf8", Some("a.md:4"), Some("save it as UTF-8")),
        (
            ContentError::SlugTooLong { slug: text("x"), max_bytes: 3 },
            "slug_too_long",
            None,
            Some("shorter slug"),
        ),
        (ContentError::LayoutDiffers { stored: text("hugo") }, "layout_differs", None, Some("--layout")),
        (
            ContentError::CourseUnknown { slug: text("x"), project: text("p") },
            "course_unknown",
            None,
            Some("content list"),
        ),
        (ContentError::OwnTables(own), "content_tables_invalid", None, Some("forebay.toml")),
        (
            ContentError::FileMissing { path: text("a.md") },
            "content_file_missing",
            Some("a.md"),
            Some("relative"),
        ),
        (
            ContentError::LessonMissing { module: 1, lesson: 2 },
            "lesson_missing",
            None,
            Some("the path of its"),
        ),
        (
            ContentError::LessonNotStored { path: text("a.md") },
            "lesson_not_stored",
            Some("a.md"),
            Some("sync the folder"),
        ),
        (document(Document::Brief), "document_without_path", None, Some("[content.layout]")),
        (
            ContentError::NumberWithoutPath { module: 1, lesson: 2 },
            "lesson_without_path",
            None,
            Some("{module} and {lesson}"),
        ),
        (
            ContentError::NoLessonPath { path: text("a.txt") },
            "no_lesson_path",
            Some("a.txt"),
            Some("`lessons` of"),
        ),
        (ContentError::LineInvalid { problem: text("no JSON") }, "lesson_invalid", None, None),
        (ContentError::Input { source: io::ErrorKind::BrokenPipe.into() }, "input_failed", None, None),
        (
            ContentError::SamePath { path: text("a.md"), other: text("A.md") },
            "same_path",
            Some("a.md"),
            Some("own number or path"),
        ),
        (
            ContentError::ValueOutOfRange { name: "gps_score", value: 7.0, max: 1.0 },
            "value_out_of_range",
            None,
            None,
        ),
        (ContentError::Measurement { problem: "it has no name" }, "measurement_invalid", None, None),
        (ContentError::LessonUnknown { lesson: text("9.9") }, "lesson_unknown", None, Some("such as 1.2")),
        (
            ContentError::Generator { program: text("x"), problem: text("missing") },
            "generator_unusable",
            None,
            Some("PATH"),
        ),
        (ContentError::CurriculumNotStored, "curriculum_not_stored", None, Some("sync the folder")),
        (ContentError::NoSuchLesson { name: text("x") }, "no_such_lesson", None, Some("its slug")),
        (ContentError::TagTaken { tag: text("v1"), at }, "tag_taken", None, Some("another name")),
        (
            ContentError::NoFilesAt { slug: text("x"), at, first_version: Some(at) },
            "no_files_at_time",
            None,
            Some("later time"),
        ),
        (ContentError::TagInFuture { at }, "tag_in_future", None, Some("leave out --at")),
        (ContentError::TagUnknown { tag: text("v1") }, "tag_unknown", None, Some("lists the tags")),
        (ContentError::Untagged { slug: text("x") }, "course_untagged", None, Some("content tag")),
        (
            ContentError::NotInConflict { path: text("a.md") },
            "not_in_conflict",
            Some("a.md"),
            Some("--dry-run"),
        ),
        (
            ContentError::State { path: path(), problem: text("no JSON") },
            "content_state_unreadable",
            Some("course"),
            Some("delete it"),
        ),
    ]
}

#[test]
fn every_error_has_a_code_of_its_own_and_says_where_and_what_to_do() {
    let mut codes = BTreeSet::new();
    for (error, code, place, hint) in all() {
        assert_eq!(error.code(), code, "{error}");
        assert_eq!(error.place().as_deref(), place, "{error}");
        let given = error.hint();
        assert!(given.is_some() == hint.is_some(), "{code}: {given:?}");
        assert!(hint.is_none_or(|part| given.unwrap().contains(part)), "{code}");
        assert!(codes.insert(code), "{code} twice");
        assert!(!error.to_string().is_empty());
    }
}

#[test]
fn a_wrong_request_is_told_from_one_that_failed() {
    let failures = [
        "content_folder_locked",
        "disk_full",
        "permission_denied",
        "content_file_failed",
        "too_large",
        "too_many_gone",
        "lesson_not_stored",
        "lesson_invalid",
        "input_failed",
        "curriculum_not_stored",
    ];
    for (error, code, ..) in all() {
        assert_eq!(error.is_usage(), !failures.contains(&code), "{code}");
    }
}

#[test]
fn only_what_is_wrong_with_a_single_file_is_a_problem_of_it() {
    let path = RelativePath::parse("lessons/a.md").unwrap();
    let problem = |error: ContentError| error.into_problem(&path).map(|problem| problem.code);
    let too_large = ContentError::TooLarge { path: "lessons/a.md".to_owned(), size: 9, max_bytes: 8 };
    assert_eq!(problem(too_large).unwrap(), ProblemCode::TooLarge);
    assert_eq!(problem(file(io::ErrorKind::PermissionDenied)).unwrap(), ProblemCode::PermissionDenied);
    let other = Problem::error(ProblemCode::NotUtf8, "lessons/a.md", "not UTF-8");
    assert_eq!(problem(ContentError::Problem(other)).unwrap(), ProblemCode::NotUtf8);
    // The disk would fail for every other file as well.
    assert_eq!(problem(file(io::ErrorKind::StorageFull)).unwrap_err().code(), "disk_full");
}

#[test]
fn messages_name_what_they_are_about() {
    let at: Timestamp = "2026-11-28T10:00:00Z".parse().unwrap();
    let no_files =
        |first_version| ContentError::NoFilesAt { slug: "x".to_owned(), at, first_version }.to_string();
    assert!(no_files(Some(at)).ends_with("; its first version is of 2026-11-28T10:00:00Z"));
    assert!(no_files(None).ends_with("had no files at 2026-11-28T10:00:00Z"));
    let range = |max| ContentError::ValueOutOfRange { name: "gps_score", value: 7.0, max }.to_string();
    assert_eq!(range(1.0), "gps_score is 7; it must be from 0 to 1");
    assert_eq!(range(f64::MAX), "gps_score is 7; it must be at least 0");
    for (document, name) in [
        (Document::Brief, "brief"),
        (Document::Outline, "outline"),
        (Document::Curriculum, "curriculum"),
        (Document::Research(ResearchKind::ContentGaps), "research report content_gaps"),
    ] {
        let message = ContentError::DocumentWithoutPath { document }.to_string();
        assert_eq!(message, format!("the layout has no path for the {name}"));
    }
}

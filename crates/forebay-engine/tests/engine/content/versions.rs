//! Tags, and the difference between two versions.

use std::time::Duration;

use forebay_domain::content::version::{FileChangeKind, Tag, Version};
use forebay_engine::{clock, content};

use super::{Stage, lesson, settings};

fn tag(text: &str) -> Tag {
    Tag::parse(text).unwrap()
}

async fn tagged(stage: &Stage, name: &str) {
    tokio::time::sleep(Duration::from_millis(20)).await;
    content::tag(&stage.database, &settings(), &tag(name), None).await.unwrap();
    tokio::time::sleep(Duration::from_millis(20)).await;
}

#[tokio::test]
async fn two_versions_are_compared_by_tag_and_by_time() {
    let stage = Stage::course().await;
    stage.sync().await;
    tagged(&stage, "v1").await;
    stage.write("lessons/1.1-part-1.md", lesson(1, 1).replace("lends", "moves").as_bytes());
    stage.write("lessons/1.2-part-2.md", lesson(1, 2).replace('\n', "\r\n").as_bytes());
    stage.rename("lessons/1.3-part-3.md", "lessons/1.3-other.md");
    stage.write("resources/logo.png", &[0x89, b'P', 0, 255]);
    stage.remove("assessments/quiz-1.md");
    assert!(stage.sync().await.is_clean());
    tagged(&stage, "v2").await;
    stage.write("lessons/1.1-part-1.md", lesson(1, 1).as_bytes());
    assert!(stage.sync().await.is_clean());

    let (v1, v2) = (Version::Tagged(tag("v1")), Version::Tagged(tag("v2")));
    let diff = content::diff(&stage.database, &settings(), Some(&v1), Some(&v2)).await.unwrap();
    let shown: Vec<_> = diff
        .changes
        .iter()
        .map(|change| {
            let lines = change.lines.as_ref().map(|lines| (lines.num_added, lines.num_removed));
            (change.kind, change.path.as_str(), change.from.as_deref(), change.is_line_endings_only, lines)
        })
        .collect();
    assert_eq!(
        shown,
        [
            (FileChangeKind::Removed, "assessments/quiz-1.md", None, false, Some((0, 1))),
            (FileChangeKind::Changed, "lessons/1.1-part-1.md", None, false, Some((1, 1))),
            (FileChangeKind::Changed, "lessons/1.2-part-2.md", None, true, Some((11, 11))),
            (FileChangeKind::Moved, "lessons/1.3-other.md", Some("lessons/1.3-part-3.md"), false, None),
            (FileChangeKind::Added, "resources/logo.png", None, false, None),
        ]
    );
    assert_eq!(diff.num_unchanged, 8);
    let unified = &diff.changes[1].lines.as_ref().unwrap().unified;
    assert!(unified.contains("-Borrowing lends a value.\n+Borrowing moves a value.\n"), "{unified}");
    // From the last tag to now.
    let diff = content::diff(&stage.database, &settings(), None, None).await.unwrap();
    assert_eq!((diff.from.tag.as_deref(), diff.to.tag.as_deref()), (Some("v2"), None));
    assert_eq!(diff.changes.len(), 1);
    // Back to the first content, although there are two versions between.
    let now = Version::At(clock::now());
    let diff = content::diff(&stage.database, &settings(), Some(&v1), Some(&now)).await.unwrap();
    assert!(diff.changes.iter().all(|change| change.path != "lessons/1.1-part-1.md"), "{diff:?}");
    // Before anything was stored, every file is new.
    let long_ago = Version::At("2020-01-01T00:00:00Z".parse().unwrap());
    let diff = content::diff(&stage.database, &settings(), Some(&long_ago), Some(&v1)).await.unwrap();
    assert!(diff.changes.len() == 12 && diff.num_unchanged == 0, "{diff:?}");
    assert!(diff.changes.iter().all(|change| change.kind == FileChangeKind::Added));
}

#[tokio::test]
async fn a_tag_is_never_moved() {
    let stage = Stage::course().await;
    stage.sync().await;
    // The course is older.
    stage.execute("update forebay.references set first_seen_at = '2026-01-01'").await;
    let at = "2026-02-03T04:05:06.123456789Z".parse().unwrap();
    let database = &stage.database;
    for _ in 0..2 {
        let tagged = content::tag(database, &settings(), &tag("v1"), Some(at)).await.unwrap();
        assert_eq!(tagged.tagged_at, "2026-02-03T04:05:06.123456Z".parse().unwrap());
    }
    let taken = content::tag(database, &settings(), &tag("v1"), None).await.unwrap_err();
    assert_eq!(taken.code(), "tag_taken");
    assert!(taken.to_string().contains("2026-02-03T04:05:06.123456Z"), "{taken}");
    let unknown = Version::Tagged(tag("v9"));
    let unknown = content::diff(database, &settings(), Some(&unknown), None).await.unwrap_err();
    assert_eq!(unknown.code(), "tag_unknown");
    stage.execute("delete from forebay.content_tags").await;
    let untagged = content::diff(database, &settings(), None, None).await.unwrap_err();
    assert_eq!(untagged.code(), "course_untagged");
    assert!(untagged.is_usage() && untagged.hint().is_some());
}

#[tokio::test]
async fn a_tag_names_a_time_that_the_course_has_known() {
    let stage = Stage::course().await;
    let before = clock::now();
    tokio::time::sleep(Duration::from_millis(20)).await;
    stage.sync().await;
    let later = clock::now() + Duration::from_hours(1);
    for (at, code) in [(before, "no_files_at_time"), (later, "tag_in_future")] {
        let error = content::tag(&stage.database, &settings(), &tag("v1"), Some(at)).await.unwrap_err();
        assert_eq!((error.code(), error.is_usage()), (code, true));
    }
    tagged(&stage, "v1").await;
}

//! `content tag`, `content diff` and `content search`.

use super::{edit, remove, synced};
use crate::shown;

#[test]
fn versions_are_tagged_and_compared() {
    let stage = synced();
    insta::assert_snapshot!("content_diff_untagged", stage.run("content diff rust-basics"));
    insta::assert_snapshot!("content_tag", stage.run("content tag rust-basics v1"));
    insta::assert_snapshot!("content_diff_same", stage.run("content diff rust-basics"));
    edit(&stage, "lessons/1.1-borrowing.md", "lends", "gives");
    remove(&stage, "resources/notes.txt");
    stage.json("content sync rust-basics");
    insta::assert_snapshot!("content_diff", stage.run("content diff rust-basics"));
    insta::assert_snapshot!("content_diff_text", stage.run("content diff rust-basics v1 --text"));
    let document = stage.json("content diff rust-basics 2019-01-01 v1");
    assert_eq!(document["from"], serde_json::json!({ "tag": null, "at": "2019-01-01T00:00:00.000Z" }));
    assert!(document["changes"].as_array().unwrap().iter().all(|change| change["change"] == "added"));
    assert_eq!(
        stage.error("content tag rust-basics old --at 2019-01-02"),
        (Some(2), "no_files_at_time".into())
    );
    let restored = stage.error("content restore rust-basics long-ago --at 2019-01-02");
    assert_eq!(restored, (Some(2), "no_files_at_time".into()));
    assert!(!stage.sandbox.path().join("long-ago").exists());
    assert_eq!(stage.error("content tag rust-basics old --at 2999-01-02"), (Some(2), "tag_in_future".into()));
    // The course is older.
    stage.execute("update forebay.references set first_seen_at = '2019-01-01'");
    stage.json("content tag rust-basics old --at 2019-01-02");
    insta::assert_snapshot!("content_tag_taken", stage.run("content tag rust-basics old --at 2019-01-03"));
    insta::assert_snapshot!("content_tag_bad", stage.run("content tag rust-basics 2019-01-03"));
    assert_eq!(stage.error("content diff rust-basics v9"), (Some(2), "tag_unknown".into()));
    assert_eq!(stage.error("content diff go-basics v1"), (Some(2), "course_unknown".into()));
    assert_eq!(stage.error("content diff rust-basics 1st"), (Some(2), "usage".into()));
}

#[test]
fn lessons_are_searched() {
    let stage = synced();
    insta::assert_snapshot!("content_search", stage.run("content search emprestimo"));
    insta::assert_snapshot!("content_search_nothing", stage.run("content search zebra"));
    let phrase =
        stage.command("content search --course rust-basics").arg("\"a book\" -copia").output().unwrap();
    insta::assert_snapshot!("content_search_phrase", shown(&phrase));
    let hits = |line: &str| stage.json(line)["hits"].as_array().unwrap().len();
    assert_eq!(hits("content search valor --keyword rust"), hits("content search valor"));
    assert_eq!(hits("content search valor --keyword go"), 0);
    assert_eq!(hits("content search valor --persona ada"), 0);
    assert_eq!(hits("content search valor --project other"), 0);
    stage.write("forebay.toml", "[content]\nproject = \"other\"\n");
    assert_eq!(hits("content search valor"), 0);
    assert_eq!(hits("content search valor --project default"), 3);
    assert_eq!(stage.error("content search valor --course go"), (Some(2), "course_unknown".into()));
}

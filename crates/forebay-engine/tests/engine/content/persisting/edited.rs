//! Files that people edit while a generator writes them.

use std::fs;

use forebay_domain::content::PersistMode;
use forebay_engine::content::{LessonInput, Written};

use super::{Stage, is_done, lesson};

const PATH: &str = "lessons/1.1-borrowing-part-1.md";

fn text(stage: &Stage, path: &str) -> String {
    fs::read_to_string(stage.path().join(path)).unwrap()
}

/// The lesson with another text.
fn with_text(text: &str) -> LessonInput {
    LessonInput { text: format!("# Lesson 1.1\n\n{text}\n"), ..lesson(1, 1) }
}

fn copies(written: &Written) -> Vec<String> {
    written.kept.iter().map(|one| one.kept_as.as_ref().unwrap().to_string()).collect()
}

#[tokio::test]
async fn an_edit_that_nobody_has_stored_is_kept() {
    let stage = Stage::empty().await;
    let mut persister = stage.opened(PersistMode::On).await;
    assert!(is_done(&persister.persist_lesson(with_text("One.")).await.unwrap()));
    let written = persister.persist_lesson(with_text("Two.")).await.unwrap();
    assert_eq!(copies(&written), [""; 0], "it wrote the former text itself");
    stage.edit(PATH, |text| text.replace("Two.", "A person's words."));
    let edited = text(&stage, PATH);
    let written = persister.persist_lesson(with_text("Three.")).await.unwrap();
    let copies_of_edit = copies(&written);
    assert_eq!(copies_of_edit.len(), 1, "{written:?}");
    assert_eq!(text(&stage, &copies_of_edit[0]), edited);
    assert!(text(&stage, PATH).contains("Three."));

    // An edit that a call has stored is history.
    stage.edit(PATH, |text| text.replace("Three.", "More words."));
    persister.persist_folder().await;
    let written = persister.persist_lesson(with_text("Four.")).await.unwrap();
    assert_eq!(copies(&written), [""; 0]);
    let history = "select count(*)::text from forebay.reference_revisions \
        where field_name = 'content' and old_value::text like '%More words.%'";
    assert_eq!(stage.texts(history).await, ["1"]);
    persister.close().await.unwrap();

    // The same after a restart.
    let mut persister = stage.opened(PersistMode::On).await;
    assert_eq!(copies(&persister.persist_lesson(with_text("Five.")).await.unwrap()), [""; 0]);
    persister.close().await.unwrap();
    stage.edit(PATH, |text| text.replace("Five.", "Last words."));
    let mut persister = stage.opened(PersistMode::On).await;
    let written = persister.persist_lesson(with_text("Six.")).await.unwrap();
    assert!(text(&stage, &copies(&written)[0]).contains("Last words."));
}

#[tokio::test]
async fn without_a_database_edits_during_a_session_are_kept() {
    let stage = Stage::empty().await;
    let mut persister = stage.opened(PersistMode::Off).await;
    persister.persist_lesson(with_text("One.")).await.unwrap();
    stage.edit(PATH, |text| text.replace("One.", "A person's words."));
    assert_eq!(copies(&persister.persist_lesson(with_text("Two.")).await.unwrap()).len(), 1);
    persister.close().await.unwrap();
    let mut persister = stage.opened(PersistMode::Off).await;
    let written = persister.persist_lesson(with_text("Three.")).await.unwrap();
    assert_eq!(copies(&written), [""; 0], "nothing says who wrote the former text");
}

//! Small inputs that went wrong once. They are not part of the project; without them, these tests say that they are
//! skipped.

use std::{fs, path::Path};

use crate::{Sandbox, database::database, shown};

/// A file of a case; `None` if it is missing.
#[expect(clippy::print_stdout, reason = "a test that is skipped says so")]
pub(crate) fn file(case: &str, name: &str) -> Option<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/cases").join(case).join(name);
    let content = fs::read(&path).ok();
    if content.is_none() {
        println!("SKIPPED: there is no case in {}", path.display());
    }
    content
}

#[test]
fn the_last_record_of_a_key_wins_in_the_messages_of_a_tap() {
    let Some(messages) = file("singer_last_wins", "a.singer") else { return };
    let (sandbox, db) = (Sandbox::new(), database());
    fs::write(sandbox.path().join("a.singer"), messages).unwrap();
    let output = db.run(&sandbox, "persist a.singer --source taps --format singer");
    assert!(output.status.success(), "{}", shown(&output));
    assert_eq!(db.value("select payload ->> 'metric' from forebay.\"references\""), "100");
}

#[test]
fn a_long_field_name_does_not_stop_the_source() {
    let (Some(first), Some(second)) =
        (file("long_field_name", "a.jsonl"), file("long_field_name", "b.jsonl"))
    else {
        return;
    };
    let (sandbox, db) = (Sandbox::new(), database());
    for content in [first, second] {
        fs::write(sandbox.path().join("input"), content).unwrap();
        let output = db.run(&sandbox, "persist input --source things --key id");
        assert_eq!(output.status.code(), Some(6), "{}", shown(&output));
    }
    assert_eq!(db.value("select count(*) from forebay.\"references\""), "20");
    assert_eq!(
        db.value("select string_agg(distinct reason_code, ' ') from forebay.rejected_records"),
        "field_name_too_long"
    );
}

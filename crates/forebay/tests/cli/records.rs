//! Records that say more than their content: that they are gone, that they are a part, or nothing that identifies them.

use std::fs;

use insta::assert_snapshot;
use serde_json::json;

use crate::{Sandbox, database::database};

fn write(sandbox: &Sandbox, name: &str, text: &str) {
    fs::write(sandbox.path().join(name), text).unwrap();
}

#[test]
fn a_record_that_says_that_it_is_gone_removes_its_reference() {
    let sandbox = Sandbox::new();
    let db = database();
    write(&sandbox, "day1.csv", "id,title,deleted\n1,Algebra,0\n2,Biology,f\n3,Chemistry,\n");
    write(&sandbox, "day2.csv", "id,title,deleted\n2,Biology,t\n9,Latin,1\n");
    let persist = |file: &str, more: &str| {
        let (exit, mut document) = db.json(&sandbox, &format!("persist {file} --source courses {more}"));
        assert_eq!(exit, 0, "{document}");
        document["runs"][0].take()
    };
    let run = persist("day1.csv", "--key id --removed-when /deleted");
    assert_eq!((&run["num_added"], &run["num_removed"]), (&json!(3), &json!(0)));
    // The source remembers the mark.
    let run = persist("day2.csv", "");
    assert_eq!((&run["num_removed"], &run["num_unchanged"]), (&json!(1), &json!(1)));
    let run = persist("day2.csv", "");
    assert_eq!((&run["num_removed"], &run["num_unchanged"]), (&json!(0), &json!(2)));
    let run = persist("day1.csv", "");
    assert_eq!((&run["num_restored"], &run["num_unchanged"]), (&json!(1), &json!(2)));
    assert_snapshot!(
        "records_bad_mark",
        sandbox.run("persist day2.csv --source courses --removed-when /a~2")
    );
}

#[test]
fn the_configuration_names_the_mark() {
    let sandbox = Sandbox::new();
    write(&sandbox, "forebay.toml", "[sources.courses]\nkey = \"id\"\nremoved_when = \"\"\n");
    assert_snapshot!("records_empty_mark", sandbox.run("config check"));
}

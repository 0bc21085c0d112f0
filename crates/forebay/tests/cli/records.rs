//! Records that say more than their content: that they are gone, that they are a part, or nothing that identifies them.

use std::fs;

use insta::assert_snapshot;
use serde_json::json;

use crate::{Sandbox, database::database, shown};

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
    let run = persist("day2.csv", "--removed-when=");
    assert_eq!(
        (&run["num_removed"], &run["num_updated"]),
        (&json!(0), &json!(1)),
        "it is a field like any other"
    );
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
    write(&sandbox, "forebay.toml", "[sources.courses]\nkey = \"id\"\nremoved_when = true\n");
    assert_snapshot!("records_mark_of_no_place", sandbox.run("config check"));
    write(&sandbox, "forebay.toml", "[sources.courses]\nkey = \"id\"\nremoved_when = false\n");
    assert!(sandbox.run("config check").starts_with("exit code: 0"));
}

#[test]
fn records_without_a_key_are_identified_by_their_content() {
    let sandbox = Sandbox::new();
    let db = database();
    write(&sandbox, "log.jsonl", "{\"line\":\"a\"}\n{\"line\":\"b\"}\n{\"line\":\"a\"}\n");
    let (exit, document) = db.json(&sandbox, "persist log.jsonl --source log --key $hash");
    let run = &document["runs"][0];
    assert_eq!((exit, &run["num_added"], &run["num_duplicate"]), (0, &json!(2), &json!(1)), "{document}");
    assert_snapshot!("records_no_key", shown(&db.run(&sandbox, "persist log.jsonl --source other")));
    assert_snapshot!(
        "records_hash_with_mark",
        shown(&db.run(&sandbox, "persist log.jsonl --source log --removed-when /gone"))
    );
    assert_snapshot!("records_hash_renamed", shown(&db.run(&sandbox, "sources rename-field log line text")));
}

#[test]
fn the_configuration_says_what_a_hash_as_key_excludes() {
    let sandbox = Sandbox::new();
    let mut found = Vec::new();
    for settings in [
        "key = [\"$hash\", \"id\"]",
        "key = \"$hash\"\nremoved_when = \"/gone\"",
        "key = \"$hash\"\nguards = { rekey = \"follow\" }",
        "key = \"$hash\"\nremoved_when = \"/gone\"\nfile = { url = \"https://a.example/log.jsonl\" }",
    ] {
        write(&sandbox, "forebay.toml", &format!("[sources.log]\n{settings}\n"));
        let shown = sandbox.run("config check");
        found.push(shown.rsplit("--- stderr ---\n").next().unwrap_or_default().to_owned());
    }
    assert_snapshot!("records_hash_conflicts", found.join("\n"));
    write(&sandbox, "forebay.toml", "[sources.log]\nkey = \"$hash\"\nkey_in_scope = true\n");
    assert!(sandbox.run("config check").starts_with("exit code: 0"));
}

#[test]
fn the_newest_record_of_a_key_counts() {
    let sandbox = Sandbox::new();
    let db = database();
    write(&sandbox, "log.csv", "id,state,n\n1,old,9\n1,new,10\n1,older,8\n");
    let line = "persist log.csv --source log --key id --on-duplicate newest_by=n";
    let (exit, document) = db.json(&sandbox, line);
    let run = &document["runs"][0];
    assert_eq!((exit, &run["num_added"], &run["num_duplicate"]), (0, &json!(1), &json!(2)), "{document}");
    assert_eq!(db.value("select payload ->> 'state' from forebay.\"references\""), "new");
    assert_snapshot!("records_bad_policy", sandbox.run("persist log.csv --source log --on-duplicate newest"));
    let mut found = Vec::new();
    for settings in [
        "on_duplicate = \"newest\"",
        "on_duplicate = \"newest_by=n\"",
        "on_duplicate = { newest = \"n\" }",
        "on_duplicate = { newest_by = \"\" }",
        "on_duplicate = { newest_by = \"/n/at\" }\nvolatile = [\"n\"]",
    ] {
        write(&sandbox, "forebay.toml", &format!("[sources.log]\nkey = \"id\"\n{settings}\n"));
        let shown = sandbox.run("config check");
        found.push(shown.rsplit("--- stderr ---\n").next().unwrap_or_default().to_owned());
    }
    assert_snapshot!("records_bad_newest", found.join("\n"));
}

#[test]
fn partial_records_are_laid_over_what_is_stored() {
    let sandbox = Sandbox::new();
    let db = database();
    write(&sandbox, "all.jsonl", "{\"id\":1,\"title\":\"Algebra\",\"room\":\"R1\"}\n");
    write(&sandbox, "prices.jsonl", "{\"id\":1,\"price\":5,\"room\":null}\n{\"id\":2,\"price\":6}\n");
    for (line, counts) in [
        ("persist all.jsonl --source courses --key id", [1, 0, 0]),
        ("persist prices.jsonl --source courses --mode patch", [1, 1, 0]),
        // The source remembers its mode.
        ("persist prices.jsonl --source courses", [0, 0, 2]),
    ] {
        let (exit, document) = db.json(&sandbox, line);
        let run = &document["runs"][0];
        let found = [&run["num_added"], &run["num_updated"], &run["num_unchanged"]];
        assert_eq!((exit, found), (0, counts.map(|count| json!(count)).each_ref()), "{document}");
    }
    let payload = "select payload::text from forebay.\"references\" where record_key = '1'";
    assert_eq!(db.value(payload), r#"{"id": 1, "price": 5, "title": "Algebra"}"#);
    assert_snapshot!("records_bad_mode", sandbox.run("persist all.jsonl --source courses --mode merge"));
    let mut found = Vec::new();
    for settings in ["mode = \"merge\"", "mode = \"patch\"\non_duplicate = \"merge\""] {
        write(&sandbox, "forebay.toml", &format!("[sources.courses]\nkey = \"id\"\n{settings}\n"));
        let shown = sandbox.run("config check");
        found.push(shown.rsplit("--- stderr ---\n").next().unwrap_or_default().to_owned());
    }
    assert_snapshot!("records_bad_patch", found.join("\n"));
}

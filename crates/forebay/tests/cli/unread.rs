//! Input that can't be read, or not to its end: it counts, it is said, and no unseen record is removed.

use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::{
    Sandbox,
    database::{TestDb, database},
    shown,
};

struct World {
    sandbox: Sandbox,
    db: TestDb,
}

impl World {
    fn new() -> Self {
        Self { sandbox: Sandbox::new(), db: database() }
    }

    /// Persists a file with this content. Returns the exit code, the document and the warnings.
    fn persist(&self, content: impl AsRef<[u8]>, rest: &str) -> (i32, Value, String) {
        fs::write(self.sandbox.path().join("input"), content).unwrap();
        let line = format!("persist input --source courses --key id --output json {rest}");
        let output = self.db.run(&self.sandbox, &line);
        let document =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", shown(&output)));
        (output.status.code().unwrap(), document, String::from_utf8(output.stderr).unwrap())
    }

    /// The keys of the active references, in order.
    fn keys(&self) -> String {
        self.db.value(
            "select string_agg(record_key, ' ' order by length(record_key), record_key) \
             from forebay.\"references\" where removed_at is null",
        )
    }
}

#[test]
fn a_stray_quote_removes_no_key_of_the_day_before() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/cases/csv_stray_quote");
    let (Ok(day1), Ok(day2)) = (fs::read(folder.join("day1.csv")), fs::read(folder.join("day2.csv"))) else {
        println!("SKIPPED: there is no case in {}", folder.display());
        return;
    };
    let world = World::new();
    assert_eq!(world.persist(day1, "--complete").0, 0);
    let (exit, document, _) = world.persist(day2, "--complete");
    let run = &document["runs"][0];
    assert_eq!((exit, &run["status"], &run["num_rejected"]), (6, &json!("partial"), &json!(1)), "{run}");
    assert_eq!((&run["num_removed"], &run["num_seen"]), (&json!(0), &json!(7)), "{run}");
    assert_eq!(world.keys(), "1 2 3 4 5 6 7 8 9 10");
    let rejected = world.db.rows("select line::text, reason_code from forebay.rejected_records");
    assert_eq!(rejected, [["4", "invalid_csv"]]);
}

#[test]
fn an_unclosed_quote_makes_the_run_partial() {
    let world = World::new();
    assert_eq!(world.persist("id,t\n1,a\n2,b\n3,c\n4,d\n5,e\n6,f\n", "--complete").0, 0);
    let (exit, document, _) = world.persist("id,t\n1,a\n2,\"b\n3,c\n4,d\n5,e\n6,f\n", "--complete");
    let run = &document["runs"][0];
    assert_eq!((exit, &run["reason_code"]), (6, &json!("truncated_input")), "{run}");
    assert!(run["message"].as_str().unwrap().contains("row at line 3"), "{run}");
    assert_eq!(world.keys(), "1 2 3 4 5 6");
    let swallowed = "id,t\n1,a\n2,\"b\n3,c\n4,d\"\n5,e\n6,f\n7,g\n";
    let (_, _, warnings) = world.persist(swallowed, "");
    assert!(warnings.contains("The record at line 3 has 3 lines"), "{warnings}");
}

#[test]
fn options_of_csv_come_from_the_command_line_or_the_file() {
    let world = World::new();
    let export = b"# an export\nsep=;\nid;t;t;\n1;caf\xe9;x;\n";
    let given = "--comment # --header rename --encoding windows-1252 --delimiter ;";
    let payload = "select payload::text from forebay.\"references\" where removed_at is null";
    let expected = r#"{"t": "café", "id": "1", "t_2": "x", "column_4": ""}"#;
    let (exit, document, _) = world.persist(export, given);
    assert_eq!((exit, world.db.value(payload).as_str()), (0, expected), "{document}");
    let config = "[sources.courses]\nkey = \"id\"\nencoding = \"windows-1252\"\n\
                  csv = { comment = \"#\", header = \"rename\" }\n";
    world.sandbox.configure(config);
    let (exit, document, _) = world.persist(export, "");
    assert_eq!((exit, &document["runs"][0]["num_unchanged"]), (0, &json!(1)), "{document}");
    let (exit, _, _) = world.persist("[{\"id\":\"1\"}]", "--format json");
    assert_eq!(exit, 0, "the options of the source are for CSV");
    let (exit, document, _) = world.persist("[]", "--format json --delimiter ;");
    assert_eq!((exit, &document["error"]["code"]), (1, &json!("csv_options_need_csv")));
}

#[test]
fn the_unread_rest_of_a_document_counts_by_its_length() {
    let world = World::new();
    let records: Vec<String> = (1..=20).map(|id| format!("{{\"id\":\"{id}\",\"t\":\"Title\"}}")).collect();
    assert_eq!(world.persist(format!("[{}]", records.join(",")), "--complete").0, 0);
    let broken = format!("{}\n}}{}", records[0], records[1..].join("\n"));
    let (exit, document, _) = world.persist(broken, "--complete --format json");
    let run = &document["runs"][0];
    assert_eq!(
        (exit, &run["status"], &run["reason_code"]),
        (1, &json!("failed"), &json!("too_many_rejected"))
    );
    assert!(run["message"].as_str().unwrap().contains("as long as about 19 records"), "{run}");
    let (exit, _, warnings) = world.persist(format!("[{},]", records.join(" ")), "--complete");
    assert_eq!(exit, 0);
    assert!(warnings.contains("19 missing commas and 1 extra comma"), "{warnings}");
    let twice = format!("{{\"data\":[{}],\"data\":[{}]}}", records[..10].join(","), records[10..].join(","));
    let (exit, document, _) = world.persist(twice, "--complete --records /data");
    assert_eq!((exit, &document["runs"][0]["reason_code"]), (6, &json!("truncated_input")), "{document}");
    assert!(world.keys().ends_with(" 20"));
}

#[test]
fn a_file_that_cannot_be_read_does_not_keep_the_others() {
    let world = World::new();
    let write = |name: &str, content: &[u8]| fs::write(world.sandbox.path().join(name), content).unwrap();
    write("a.jsonl", b"{\"id\":\"1\"}\n");
    write("b.jsonl", b"\xff\xfe{\0}\0");
    write("c.jsonl", b"{\"id\":\"3\"}\n");
    let line = "persist a.jsonl b.jsonl c.jsonl --source courses --key id";
    let (exit, document) = world.db.json(&world.sandbox, line);
    assert_eq!((exit, world.keys().as_str()), (1, "1 3"), "{document}");
    assert_eq!(document["runs"].as_array().unwrap().len(), 2);
    let failed = &document["failed"][0];
    assert_eq!((&failed["input"], &failed["error"]["code"]), (&json!("b.jsonl"), &json!("not_utf8")));
    assert_eq!(document["error"], Value::Null);
    let (_, text) = world.db.text(&world.sandbox, line);
    assert!(text.contains("b.jsonl could not be read"), "{text}");
    let (exit, alone) = world.db.json(&world.sandbox, "persist b.jsonl --source courses");
    assert_eq!((exit, &alone["error"]["code"]), (1, &json!("not_utf8")));
}

//! A program with supabase-js and the generated types: compiled strictly, and run against a real `PostgREST`.

use std::{
    fs,
    os::unix::fs::symlink,
    process::{Command, Stdio},
};

use serde_json::{Value, json};

use super::generate;
use crate::{
    parts::{PostgRest, SECRET, part},
    stored::Stored,
};

const CONFIG: &str = "
[project]
name = \"catalogue\"

[sources.courses]
key = \"id\"
publish = true

[sources.rooms]
key = \"id\"

[pipelines.index]
handler = \"external\"
source = \"courses\"
";

#[test]
fn a_program_with_the_types_compiles_and_runs() {
    let modules = part("supabase-js/node_modules");
    let stored = Stored::new();
    stored.json("db up --rls");
    stored.json("db profile create api --schema forebay_api");
    let Some(api) = PostgRest::start(&stored, "forebay,forebay_api").filter(|_| modules.exists()) else {
        eprintln!("skipped: run scripts/parts.sh to install PostgREST and supabase-js");
        return;
    };
    stored.sandbox.configure(CONFIG);
    stored.json("config apply");
    let days = [
        r#"{"id": "a", "title": "Old"}
{"id": "b", "title": "Kept", "room": 1}"#,
        r#"{"id": "a", "title": "New"}
{"id": "b", "title": "Kept", "room": 1}"#,
    ];
    for records in days {
        stored.write("records.jsonl", records);
        stored.json("persist records.jsonl --source courses --complete");
    }
    stored.write("records.jsonl", r#"{"id": "hidden"}"#);
    stored.json("persist records.jsonl --source rooms --complete");

    let folder = tempfile::tempdir().unwrap();
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/types/program.ts");
    symlink(modules.canonicalize().unwrap(), folder.path().join("node_modules")).unwrap();
    let files = [
        ("package.json", "{\"type\": \"module\"}"),
        ("program.ts", &fs::read_to_string(program).unwrap()),
        ("database.types.ts", &generate(&stored, "typescript", &["forebay", "forebay_api"])),
    ];
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let node = |args: &str| {
        let mut command = Command::new("node");
        command.args(args.split(' ')).current_dir(folder.path()).stdin(Stdio::null());
        command.env("API_URL", api.url()).env("JWT_SECRET", SECRET);
        let output = command.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
        text
    };
    node(
        "node_modules/typescript/bin/tsc --strict --target es2022 --module nodenext --moduleResolution nodenext \
         --skipLibCheck --types node program.ts",
    );
    let printed: Value = serde_json::from_str(&node("program.js")).unwrap();
    let expected = json!({
        "published": [
            {"key": "a", "version": 2, "revisions": [{"field_name": "title", "old_value": "Old", "new_value": "New"}]},
            {"key": "b", "version": 1, "revisions": []},
        ],
        "run": {
            "source": "courses", "status": "complete", "num_added": 2, "coverage": {"id": 1, "room": 0.5, "title": 1},
            "is_same": true,
        },
        "field_coverage": {"id": 1, "room": 0.5, "title": 1},
        "claimed": ["a", "b"],
        "verdicts": ["done"],
        "is_refused": true,
    });
    assert_eq!(printed, expected);
    let settled = "(select count(*) from forebay.ingestion_outcomes where state = 'succeeded')::text";
    assert_eq!(stored.value(settled), "2");
    api.stop(&stored);
}

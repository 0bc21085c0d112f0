//! `forebay db types`: types for programs, compared with what other generators and compilers make of them.
//!
//! scripts/parts.sh installs them; a test that lacks one prints that it is skipped.

mod client;
mod languages;

use std::{fs, process::Command};

use crate::{parts::part, stored::Stored};

const NASTY: &str = include_str!("types/nasty.sql");

/// What postgres-meta generates, which is what `supabase gen types` prints. `None`: it is not installed.
fn generated_elsewhere(stored: &Stored, schemas: &[&str], default: &str) -> Option<String> {
    let program = part("postgres-meta/node_modules/@supabase/postgres-meta/dist/server/server.js");
    if !program.exists() {
        return None;
    }
    let output = Command::new("node")
        .arg(program)
        .env("PG_META_DB_URL", stored.url())
        .env("PG_META_GENERATE_TYPES", "typescript")
        .env("PG_META_GENERATE_TYPES_INCLUDED_SCHEMAS", schemas.join(","))
        .env("PG_META_GENERATE_TYPES_DEFAULT_SCHEMA", default)
        .env("PG_META_GENERATE_TYPES_DETECT_ONE_TO_ONE_RELATIONSHIPS", "true")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

fn generate(stored: &Stored, language: &str, schemas: &[&str]) -> String {
    let mut command = stored.command(&format!("db types {language}"));
    for schema in schemas {
        command.args(["--schema", schema]);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn typescript_equals_that_of_postgres_meta() {
    let stored = Stored::new();
    stored.execute(NASTY);
    let choices: [(&[&str], &str); 5] = [
        (&["forebay"], "forebay"),
        (&["public", "Odd Names"], "public"),
        (&["public", "elsewhere"], "public"),
        (&["elsewhere"], "elsewhere"),
        (&["forebay", "public", "forebay_private"], "public"),
    ];
    for (schemas, default) in choices {
        let Some(expected) = generated_elsewhere(&stored, schemas, default) else {
            eprintln!("skipped: run scripts/parts.sh to install postgres-meta");
            return;
        };
        let found = generate(&stored, "typescript", schemas);
        let differs = found.lines().zip(expected.lines()).find(|(found, expected)| found != expected);
        assert_eq!(differs, None, "{schemas:?}");
        assert_eq!(found.trim_end(), expected.trim_end(), "{schemas:?}");
    }
}

/// Events name the key of their venue, so each view gets a function to the other one.
const RELATED: &str = "
[sources.gigs]
key = [\"id\"]
entity = \"event\"

[sources.halls]
key = [\"id\"]
entity = \"venue\"

[entities.event]
view = \"events\"
fields = { title = \"text\", venue = { type = \"text\", references = \"venue\" } }

[entities.venue]
view = \"venues\"
fields = { name = \"text\" }
";

#[test]
fn relationships_of_typed_views_have_types() {
    let stored = Stored::new();
    stored.sandbox.configure(RELATED);
    stored.write("gigs.jsonl", "{\"id\": 1, \"title\": \"Jazz\", \"venue\": \"7\"}");
    stored.write("halls.jsonl", "{\"id\": 7, \"name\": \"Attic\"}");
    stored.run("persist gigs.jsonl --source gigs");
    stored.run("persist halls.jsonl --source halls");
    stored.run("db entities create --schema app");
    let found = generate(&stored, "typescript", &["app"]);
    assert!(found.contains("to: \"venues\"") && found.contains("to: \"events\""), "{found}");
    match generated_elsewhere(&stored, &["app"], "app") {
        Some(expected) => assert_eq!(found.trim_end(), expected.trim_end()),
        None => eprintln!("skipped: run scripts/parts.sh to install postgres-meta"),
    }
    for language in ["rust", "python", "json-schema"] {
        assert!(generate(&stored, language, &["app"]).to_lowercase().contains("venues"), "{language}");
    }
}

#[test]
fn typescript_of_odd_shapes() {
    let stored = Stored::new();
    stored.execute(NASTY);
    insta::assert_snapshot!(generate(&stored, "typescript", &["public", "Odd Names"]));
}

#[test]
fn types_are_written_to_a_file() {
    let stored = Stored::new();
    stored.write("types.ts", "old");
    let written = stored.run("db types typescript --file types.ts");
    assert!(written.contains("wrote the types of forebay to types.ts\n"), "{written}");
    let written = fs::read_to_string(stored.sandbox.path().join("types.ts")).unwrap();
    assert!(written.starts_with("export type Json =") && written.contains("claim_jobs: {"), "{written}");
    assert_eq!(stored.error("db types typescript --schema nowhere"), (Some(2), "no_such_schema".into()));
    assert_eq!(stored.error("db types typescript --schema pg_catalog"), (Some(2), "no_such_schema".into()));
    assert_eq!(stored.error("db types typescript --file no/folder.ts"), (Some(1), "output_failed".into()));
}

//! Types for Rust, Python and JSON Schema: each is compiled or validated, and a stored row fits.

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::{Value, json};

use super::{NASTY, generate};
use crate::{parts::part, stored::Stored};

const SCHEMAS: [&str; 3] = ["public", "elsewhere", "Odd Names"];

const MANIFEST: &str = r#"
[package]
name = "generated"
version = "0.0.0"
edition = "2024"

[dependencies]
chrono = { version = "0.4", features = ["serde"] }
serde = { version = "1", features = ["derive"] }
serde_json = "1"
uuid = { version = "1", features = ["serde"] }

[workspace]
"#;

const MAIN: &str = r#"
mod odd;
mod types;

fn main() {
    let row: types::forebay::Sources = serde_json::from_reader(std::io::stdin()).expect("a row");
    println!("{}", serde_json::to_string(&row).expect("JSON"));
}
"#;

/// A database with a source, and the types of odd shapes and of Forebay's schema.
fn generated(language: &str) -> (Stored, [String; 2]) {
    let stored = Stored::courses();
    stored.execute(NASTY);
    let types = [&SCHEMAS[..], &["forebay"]].map(|schemas| generate(&stored, language, schemas));
    (stored, types)
}

/// Runs a program with this input; what it printed.
fn printed(command: &mut Command, input: &str) -> String {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

/// The source `courses` as JSON.
fn source(stored: &Stored) -> String {
    stored.value("(select to_jsonb(s)::text from forebay.sources as s)")
}

/// With the crates of the workspace's own lock file, so nothing is downloaded.
#[test]
fn rust_compiles_and_reads_a_row() {
    let (stored, [odd, own]) = generated("rust");
    insta::assert_snapshot!(odd);
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("src")).unwrap();
    fs::copy(workspace.join("Cargo.lock"), folder.path().join("Cargo.lock")).unwrap();
    for (name, text) in
        [("Cargo.toml", MANIFEST), ("src/main.rs", MAIN), ("src/odd.rs", &odd), ("src/types.rs", &own)]
    {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["run", "--offline", "--quiet"]).current_dir(folder.path());
    cargo.env("CARGO_TARGET_DIR", workspace.join("target/types")).env("RUSTFLAGS", "-Dwarnings");
    let row = source(&stored);
    let read: Value = serde_json::from_str(&printed(&mut cargo, &row)).unwrap();
    let expected: Value = serde_json::from_str(&row).unwrap();
    // A time is written with the zone Z.
    for (name, value) in expected.as_object().unwrap() {
        if name.ends_with("_at") && !value.is_null() {
            assert_eq!(read[name].as_str().unwrap()[..19], value.as_str().unwrap()[..19]);
        } else {
            assert_eq!(&read[name], value, "{name}");
        }
    }
}

#[test]
fn python_compiles_and_is_typed() {
    let (_stored, [odd, own]) = generated("python");
    insta::assert_snapshot!(odd);
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("odd.py"), odd).unwrap();
    fs::write(folder.path().join("types_of_forebay.py"), own).unwrap();
    let program = "
from types_of_forebay import ForebaySources, ForebaySourcesInsert

source: ForebaySourcesInsert = {'name': 'a', 'entity_type': 'b', 'key_fields': ['id']}

def name(row: ForebaySources) -> str:
    return row['name']
";
    fs::write(folder.path().join("program.py"), program).unwrap();
    let mut python = Command::new("python3");
    python.args(["-c", "import py_compile; py_compile.compile('odd.py', doraise=True); import odd, program"]);
    printed(python.current_dir(folder.path()), "");
    let mypy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/python/bin/mypy");
    if !mypy.exists() {
        eprintln!("skipped: there is no mypy; `scripts/python.sh` installs it");
        return;
    }
    let mut check = Command::new(mypy);
    check.args(["--strict", "--no-error-summary", "--cache-dir=/dev/null", "odd.py", "program.py"]);
    printed(check.current_dir(folder.path()), "");
}

#[test]
fn json_schema_is_valid_and_a_row_fits() {
    let (stored, [odd, own]) = generated("json-schema");
    let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let definitions = parse(&odd)["$defs"].take();
    let shown = ["public.address", "public.every_type", "public.mood", "Odd Names.select.insert"];
    let shown: Vec<Value> = shown.iter().map(|name| json!({ *name: definitions[name] })).collect();
    insta::assert_snapshot!(format!("{:#}", Value::from(shown)));
    let python = part("jsonschema/bin/python3");
    if !python.exists() {
        eprintln!("skipped: run scripts/parts.sh to install jsonschema");
        return;
    }
    let validate = "
import json, sys
from jsonschema import Draft202012Validator as Validator

def refs(value):
    if isinstance(value, dict):
        yield from [value['$ref']] if '$ref' in value else []
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from refs(each)

odd, own, row = json.load(sys.stdin)
for schema in (odd, own):
    Validator.check_schema(schema)
    for ref in refs(schema):
        Validator({**schema, '$ref': ref}).is_valid({})
validator = Validator({**own, '$ref': '#/$defs/forebay.sources'})
print(json.dumps([[e.message for e in validator.iter_errors(each)] for each in (row, {**row, 'enabled': 1})]))
";
    let input = json!([parse(&odd), parse(&own), parse(&source(&stored))]).to_string();
    let found = parse(&printed(Command::new(python).args(["-c", validate]), &input));
    assert_eq!(found, json!([[], ["1 is not of type 'boolean'"]]));
}

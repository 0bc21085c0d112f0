//! `forebay init` writes the configuration once.

use std::fs;

use crate::Sandbox;

#[test]
fn writes_the_commented_file_and_says_so() {
    let sandbox = Sandbox::new();
    insta::assert_snapshot!("init_human", sandbox.run("init"));
    let folder = sandbox.path().file_name().unwrap().to_str().unwrap();
    let file = fs::read_to_string(sandbox.path().join("forebay.toml")).unwrap();
    assert!(file.contains(&format!("[project]\nname = \"{folder}\"\n")), "{file}");
    insta::assert_snapshot!("init_file", file.replace(folder, "FOLDER"));
    insta::assert_snapshot!("init_env", fs::read_to_string(sandbox.path().join(".env.example")).unwrap());
    insta::assert_snapshot!("init_json", sandbox.run("init --output json --config other.toml"));
}

#[test]
fn refuses_to_overwrite_unless_forced() {
    let sandbox = Sandbox::new();
    let file = sandbox.path().join("forebay.toml");
    fs::write(&file, "# mine\n").unwrap();
    insta::assert_snapshot!("init_refused", sandbox.run("init"));
    insta::assert_snapshot!("init_refused_json", sandbox.run("init --output json"));
    assert_eq!(fs::read_to_string(&file).unwrap(), "# mine\n");
    assert!(sandbox.run("init --force").starts_with("exit code: 0"));
    assert!(fs::read_to_string(&file).unwrap().contains("[sources.courses]"));
}

#[test]
fn a_schema_of_another_version_is_overwritten_only_when_forced() {
    let sandbox = Sandbox::new();
    let schema = sandbox.path().join("forebay.schema.json");
    fs::write(&schema, "{}").unwrap();
    insta::assert_snapshot!("init_schema_refused", sandbox.run("init"));
    assert!(!sandbox.path().join("forebay.toml").exists(), "both are written, or neither");
    assert!(sandbox.run("init --force").starts_with("exit code: 0"));
    assert!(fs::read_to_string(&schema).unwrap().contains("json-schema.org"));
    // An identical schema file is kept, so a folder can hold several configurations.
    assert!(sandbox.run("init --config other.toml").starts_with("exit code: 0"));
}

#[test]
fn an_existing_list_of_variables_is_kept_even_when_forced() {
    let sandbox = Sandbox::new();
    let file = sandbox.path().join(".env.example");
    fs::write(&file, "MINE=1\n").unwrap();
    assert!(sandbox.run("init").starts_with("exit code: 0"));
    assert!(sandbox.run("init --force").starts_with("exit code: 0"));
    assert_eq!(fs::read_to_string(&file).unwrap(), "MINE=1\n");
}

#[test]
fn the_list_of_variables_is_a_valid_file_that_sets_nothing() {
    let sandbox = Sandbox::new();
    sandbox.run("init");
    let text = sandbox.run("--env-file .env.example --data-dir none db stop");
    assert!(text.contains("no private Postgres is running"), "{text}");
}

#[test]
fn a_folder_that_is_not_there_is_an_error() {
    insta::assert_snapshot!("init_no_folder", Sandbox::new().run("init --config nowhere/forebay.toml"));
}

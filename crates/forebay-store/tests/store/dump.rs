//! Schemas as `pg_dump` writes them, to compare.

use std::process::Command;

use forebay_store::{testing::TestDatabase, tools};

/// Forebay's schemas without their rows.
pub(crate) async fn schema(database: &TestDatabase) -> String {
    dump(database, &["--schema-only", "--schema=forebay", "--schema=forebay_private"]).await
}

/// The user's own tables, with their rows.
pub(crate) async fn user_tables(database: &TestDatabase) -> String {
    dump(database, &["--schema=public", "--inserts"]).await
}

async fn dump(database: &TestDatabase, options: &[&str]) -> String {
    let client = database.client().await;
    let version = "select current_setting('server_version_num')::int / 10000";
    let major: i32 = client.query_one(version, &[]).await.unwrap().get(0);
    let tool = tools::find("pg_dump", major.unsigned_abs()).unwrap();
    let output = Command::new(tool.program).args(options).arg(database.url()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    // The newest minor versions put a random word into each dump.
    text.lines().filter(|line| !line.starts_with('\\')).collect::<Vec<_>>().join("\n")
}

/// Fails with the first lines that differ.
pub(crate) fn assert_same(found: &str, expected: &str, when: &str) {
    let missing = expected.lines().filter(|line| !found.contains(*line)).take(10);
    let extra = found.lines().filter(|line| !expected.contains(*line)).take(10);
    let lines: Vec<String> =
        missing.map(|line| format!("- {line}")).chain(extra.map(|line| format!("+ {line}"))).collect();
    assert!(found == expected, "{when}: the schema differs, at least in:\n{}", lines.join("\n"));
}

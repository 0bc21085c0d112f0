//! Checks that every `.sql` file fits the schema, and that the chaos benchmark's statements fit the tables that it
//! adds.

use std::{fs, path::Path, path::PathBuf};

use forebay_store::testing;

/// This file creates the tables that the others may read.
const TABLES: &str = "chaos/watch.sql";

fn sql_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sql_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "sql") && !path.ends_with(TABLES) {
            found.push(path);
        }
    }
}

#[tokio::test]
async fn every_statement_fits_the_schema() {
    let database = testing::database().await;
    let client = database.client().await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    client.batch_execute(&fs::read_to_string(folder.join(TABLES)).unwrap()).await.unwrap();
    let mut files = Vec::new();
    sql_files(&folder, &mut files);
    assert!(files.len() >= 2, "only {} statements were found", files.len());
    for file in files {
        let statement = fs::read_to_string(&file).unwrap();
        if let Err(error) = client.prepare(&statement).await {
            let why = error.as_db_error().map_or_else(|| error.to_string(), ToString::to_string);
            panic!("{}: {why}", file.display());
        }
    }
}

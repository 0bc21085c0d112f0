//! The program, run against a test server with a bare environment.

use std::{
    collections::BTreeMap,
    process::{Command, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
};

use forebay_store::testing::{self, TestDatabase};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

/// A server that no other test uses at the same time: all benchmarks use the same scratch database.
pub(crate) struct Server {
    database: TestDatabase,
    runtime: Runtime,
    _turn: MutexGuard<'static, ()>,
}

/// Waits for the other tests of this file, and connects.
pub(crate) fn server() -> Server {
    static TURN: Mutex<()> = Mutex::new(());
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let database = runtime.block_on(testing::database());
    Server { database, runtime, _turn: turn }
}

impl Server {
    /// Runs a benchmark. Returns its exit code and its JSON document.
    pub(crate) fn bench(&self, line: &str) -> (i32, Value) {
        let folder = tempfile::tempdir().unwrap();
        json(command(&folder, line).env("FOREBAY_DATABASE_URL", self.url()))
    }

    pub(crate) fn url(&self) -> String {
        self.database.url()
    }

    /// Whether the scratch database exists.
    pub(crate) fn has_scratch(&self) -> bool {
        self.runtime.block_on(async {
            let statement = "select count(*) from pg_database where datname = 'forebay_bench'";
            let row = self.database.client().await.query_typed_one(statement, &[]).await.unwrap();
            row.get::<_, i64>(0) > 0
        })
    }
}

/// The program with these words as arguments, in a folder, without the environment of the developer.
pub(crate) fn command(folder: &TempDir, line: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_forebay-bench"));
    command.args(line.split_whitespace()).current_dir(folder.path()).env_clear().stdin(Stdio::null());
    // Peers and the server's programs are found by PATH.
    command.env("HOME", folder.path()).env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
}

/// Runs a command with `--output json`. Returns its exit code and its document.
pub(crate) fn json(command: &mut Command) -> (i32, Value) {
    let output = command.args(["--output", "json"]).output().unwrap();
    let document = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}\n{}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code().unwrap(), document)
}

/// The measures by name.
pub(crate) fn values(document: &Value) -> BTreeMap<&str, f64> {
    let measures = document["measures"].as_array().unwrap().iter();
    measures.map(|of| (of["name"].as_str().unwrap(), of["value"].as_f64().unwrap())).collect()
}

/// The names of the measures or ratios.
pub(crate) fn names<'a>(document: &'a Value, list: &str) -> Vec<&'a str> {
    document[list].as_array().unwrap().iter().map(|of| of["name"].as_str().unwrap()).collect()
}

/// Every benchmark prints this form.
pub(crate) fn assert_form(document: &Value, bench: &str) {
    let keys: Vec<&str> = document.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["bench", "machine", "measures", "peers", "ratios"], "{document}");
    assert_eq!(document["bench"], bench);
    assert!(document["machine"].is_string());
    for measure in document["measures"].as_array().unwrap() {
        assert!(measure["value"].as_f64().unwrap() >= 0.0 && measure["unit"].is_string(), "{measure}");
    }
    for ratio in document["ratios"].as_array().unwrap() {
        assert!(ratio["value"].is_f64() && ratio["budget"].is_f64() && ratio["met"].is_boolean(), "{ratio}");
    }
}

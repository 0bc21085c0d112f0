//! Tests of the command line: the real binary, run in an empty folder with a minimal environment.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests may stop a test")]

mod access;
mod actions;
mod adopt;
mod backup;
mod breaker;
mod browser;
mod cases;
mod changes;
mod completions;
mod config;
mod connection;
mod content;
mod content_calls;
mod database;
mod db;
mod dead_runs;
mod decisions;
mod declarations;
mod deliveries;
mod demo;
mod deploy;
mod disguised;
mod doctor;
mod dry_run;
mod ensure;
mod entities;
mod export;
mod freshness;
mod future;
mod handoffs;
mod help;
mod history;
mod init;
mod interrupted;
mod json;
mod kill;
mod lessons;
mod lineage;
mod log_lines;
mod logs;
mod maintain;
mod mcp;
mod memory;
mod notify;
mod operate;
mod otlp;
mod parts;
mod pauses;
mod pipelines;
mod pooler;
mod producer;
mod profiles;
mod projects;
mod python;
mod realtime;
mod receiver;
mod records;
mod redirected;
mod runs;
mod schedule;
mod scrape;
mod seed;
mod serve;
mod server;
mod shared_data;
mod site;
mod small;
mod source_changes;
mod stats;
mod stored;
mod terminal;
mod tokens;
mod types;
mod unread;
mod usage;
mod verify_parts;
mod work;
mod worker;
mod workers;

use std::{
    env, fs,
    path::Path,
    process::{Command, Output, Stdio},
};

use tempfile::TempDir;

/// A folder to run in.
struct Sandbox(TempDir);

impl Sandbox {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes the configuration.
    fn configure(&self, text: &str) {
        fs::write(self.path().join("forebay.toml"), text).unwrap();
    }

    /// The program with these words as arguments. It inherits nothing from the developer's environment, except where an
    /// instrumented program writes its coverage, and where the client programs of a chosen server are.
    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_forebay"));
        command.args(line.split_whitespace()).current_dir(self.path()).env_clear().stdin(Stdio::null());
        command.env("HOME", self.path());
        if let Some(profile) = env::var_os("LLVM_PROFILE_FILE") {
            command.env("LLVM_PROFILE_FILE", profile);
        }
        if env::var_os("FOREBAY_TEST_POSTGRES").is_some() {
            command.env("PATH", env::var_os("PATH").unwrap_or_default());
        }
        command
    }

    /// Exit code, standard output and standard error as one text for snapshots.
    fn run(&self, line: &str) -> String {
        shown(&self.command(line).output().unwrap())
    }
}

/// A finished process as text, without parts that depend on the sandbox.
fn shown(output: &Output) -> String {
    let part = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap().trim_end().to_owned();
    format!(
        "exit code: {}\n--- stdout ---\n{}\n--- stderr ---\n{}",
        output.status.code().map_or_else(|| "killed".to_owned(), |code| code.to_string()),
        part(&output.stdout),
        part(&output.stderr),
    )
}

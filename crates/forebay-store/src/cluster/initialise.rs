//! Creates a data folder.
//!
//! `initdb` works in a temporary folder, which is renamed when it is complete. A killed process leaves only a temporary
//! folder, never a partial database, and the next process deletes it. Page checksums are off: with them, merely reading
//! a page may write WAL, and replaying a scrape must write none.

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
    process::Stdio,
};

use super::{
    binaries::Binaries,
    home::{Home, folder},
    user,
};
use crate::error::{Error, Result};

/// The name of both the only role and the database of a new cluster.
pub(super) const NAME: &str = "forebay";
const UNFINISHED: &str = "postgres.unfinished-";

/// Creates Postgres' data folder. The caller holds the start lock and has checked that there is none.
pub(super) fn initialise(home: &Home, binaries: &Binaries, durable: bool) -> Result<()> {
    sweep(&home.root);
    let target = home.pgdata();
    if let Ok(mut entries) = fs::read_dir(&target)
        && entries.next().is_some()
    {
        let reason = format!("{} contains files but no database", target.display());
        return Err(Error::ClusterInit { reason });
    }
    let unfinished = unfinished_folder(&home.root);
    home.private_folder(&unfinished)?;
    let outcome = run(home, binaries, &unfinished, durable).and_then(|()| {
        // Renaming fails if the target contains files, and succeeds if it is an empty folder.
        fs::rename(&unfinished, &target).map_err(folder("put in place", &target))?;
        let parent = fs::File::open(&home.root).map_err(folder("open", &home.root))?;
        parent.sync_all().map_err(folder("write", &home.root))
    });
    if outcome.is_err() {
        sweep(&home.root);
    }
    outcome
}

/// Runs `initdb`, with a UTF-8 locale that sorts by code point if the system has one.
fn run(home: &Home, binaries: &Binaries, unfinished: &Path, durable: bool) -> Result<()> {
    match initdb(home, binaries, unfinished, "C.UTF-8", durable) {
        Err(Error::ClusterInit { reason }) if reason.contains("locale") => {
            initdb(home, binaries, unfinished, "C", durable)
        }
        outcome => outcome,
    }
}

fn initdb(home: &Home, binaries: &Binaries, unfinished: &Path, locale: &str, durable: bool) -> Result<()> {
    let program = binaries.folder.join("initdb");
    let mut command = user::command(&program, home.user.as_ref());
    command.arg("--pgdata").arg(unfinished).args([
        "--username",
        NAME,
        "--encoding",
        "UTF8",
        "--locale",
        locale,
    ]);
    // The socket's folder controls access: every local connection is trusted, and all others are rejected.
    command.args(["--auth-local", "trust", "--auth-host", "reject", "--no-instructions"]);
    if !durable {
        command.arg("--no-sync");
    }
    if binaries.major >= 18 {
        command.arg("--no-data-checksums");
    }
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(folder("run", &program))?;
    let mut words = Vec::new();
    if let Some(mut stderr) = child.stderr.take() {
        stderr.read_to_end(&mut words).map_err(folder("read from", &program))?;
    }
    let status = child.wait().map_err(folder("wait for", &program))?;
    if status.success() {
        tracing::info!(major = binaries.major, "initialised the embedded PostgreSQL");
        return Ok(());
    }
    let words = String::from_utf8_lossy(&words);
    let words = super::server::last_lines(words.trim(), 8);
    Err(Error::ClusterInit {
        reason: if words.is_empty() { format!("initdb ended with {status}") } else { words },
    })
}

/// A folder that doesn't exist yet. The start lock keeps other processes from choosing the same one.
fn unfinished_folder(root: &Path) -> PathBuf {
    let process = std::process::id();
    let mut number = 0_u32;
    loop {
        let folder = root.join(format!("{UNFINISHED}{process}-{number}"));
        if !folder.exists() {
            return folder;
        }
        number += 1;
    }
}

/// Removes leftovers of interrupted attempts. A leftover that can't be removed now (an orphaned `initdb` may still
/// write into it) is harmless, and is removed next time.
fn sweep(root: &Path) {
    let Ok(entries) = fs::read_dir(root) else { return };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            let _: io::Result<()> = fs::remove_dir_all(entry.path());
        }
    }
}

//! Backups: `pg_dump` writes one, `pg_restore` and `psql` replay it. All functions block.

use std::{
    collections::VecDeque,
    io::{self, BufRead, BufReader, Read, Write},
    path::Path,
    process::{Child, ChildStdin, ExitStatus, Stdio},
    thread::{self, JoinHandle},
};

use super::{Libpq, Tool, ToolError};

/// The roles of a web API.
const API_ROLES: [&str; 3] = ["anon", "authenticated", "service_role"];
/// How many lines of a program's standard error are reported.
const LINES_SAID: usize = 3;

/// Sent before the statements of a backup.
const BEFORE: &str = "\
set client_min_messages = error;
begin;
drop schema if exists forebay cascade;
drop schema if exists forebay_private cascade;
";

/// Sent after a backup of everything: the tables of pipelines were restored with their rows, under other oids. The
/// backup may be older than the columns.
const AFTER_EVERYTHING: &str = "
do $$ begin
    update forebay.pipelines set target_oid = to_regclass(target_table)::oid where to_regclass(target_table) is not null;
exception when undefined_column then null;
end $$;
";

/// Sent last. A restored table has no statistics yet.
const AFTER: &str = "
commit;
analyze;
";

/// What a backup contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contents {
    /// The whole database, which is Forebay's own.
    Everything,
    /// Forebay's schemas, in a database that others use too.
    OwnSchemas,
}

/// Writes a backup to `file`, which exists already. Error: `tool_failed`.
pub fn dump(libpq: &Libpq, pg_dump: &Tool, file: &Path, contents: Contents) -> Result<(), ToolError> {
    let mut command = libpq.command(pg_dump);
    command.args(["--format=custom", "--no-owner", "--file"]).arg(file);
    if contents == Contents::OwnSchemas {
        command.args(["--schema=forebay", "--schema=forebay_private"]);
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let not_run = |source| ToolError::NotRun { name: "pg_dump", source };
    let mut child = command.spawn().map_err(not_run)?;
    let said = listen(&mut child);
    let status = child.wait().map_err(not_run)?;
    check("pg_dump", status, said)
}

/// Whether a backup has rights or policies of the roles of a web API, which a server other than Supabase's may lack.
/// Error: `tool_failed`.
pub fn names_api_roles(libpq: &Libpq, pg_restore: &Tool, file: &Path) -> Result<bool, ToolError> {
    let mut command = libpq.command(pg_restore);
    command.args(["--file=-", "--no-owner", "--schema-only"]).arg(file);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let not_run = |source| ToolError::NotRun { name: "pg_restore", source };
    let mut child = command.spawn().map_err(not_run)?;
    let said = listen(&mut child);
    let mut names_some = false;
    for line in child.stdout.take().map(BufReader::new).into_iter().flat_map(|lines| lines.split(b'\n')) {
        let line = line.map_err(not_run)?;
        let line = String::from_utf8_lossy(&line);
        names_some |= (line.starts_with("GRANT ") || line.starts_with("CREATE POLICY "))
            && API_ROLES.iter().any(|role| line.contains(&format!(" TO {role}")));
    }
    let status = child.wait().map_err(not_run)?;
    check("pg_restore", status, said)?;
    Ok(names_some)
}

/// Sends the statements of a backup to the server, in one transaction. It is committed only after the last statement,
/// so a backup that ends early changes nothing. Error: `tool_failed`.
pub fn replay(
    libpq: &Libpq,
    pg_restore: &Tool,
    psql: &Tool,
    file: &Path,
    contents: Contents,
) -> Result<(), ToolError> {
    let mut reading = libpq.command(pg_restore);
    reading.args(["--file=-", "--no-owner"]);
    if contents == Contents::Everything {
        // The backup also contains tables outside Forebay's schemas.
        reading.args(["--clean", "--if-exists"]);
    }
    reading.arg(file).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut writing = libpq.command(psql);
    writing.args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file=-"]);
    writing.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let not_read = |source| ToolError::NotRun { name: "pg_restore", source };
    let not_written = |source| ToolError::NotRun { name: "psql", source };
    let mut reader = reading.spawn().map_err(not_read)?;
    let mut writer = writing.spawn().map_err(not_written)?;
    let (reader_said, writer_said) = (listen(&mut reader), listen(&mut writer));
    let sent = send(&mut reader, &mut writer);
    let read = reader.wait().map_err(not_read)?;
    // A broken pipe is explained by what psql says.
    let is_committed = match sent {
        Ok(Some(mut to)) => {
            let more = if contents == Contents::Everything { AFTER_EVERYTHING } else { "" };
            read.success() && to.write_all([more, AFTER].concat().as_bytes()).is_ok()
        }
        Ok(None) | Err(_) => false,
    };
    let written = writer.wait().map_err(not_written)?;
    check("psql", written, writer_said)?;
    check("pg_restore", read, reader_said)?;
    if is_committed { Ok(()) } else { Err(ToolError::Incomplete) }
}

/// Sends the first statements and those of the backup. Returns the pipe, which is still open.
fn send(reader: &mut Child, writer: &mut Child) -> io::Result<Option<ChildStdin>> {
    let (Some(mut from), Some(mut to)) = (reader.stdout.take(), writer.stdin.take()) else {
        return Ok(None);
    };
    to.write_all(BEFORE.as_bytes())?;
    io::copy(&mut from, &mut to)?;
    Ok(Some(to))
}

/// Reads the standard error of a program while it runs: once the pipe is full, the program would wait. Returns its last
/// lines.
fn listen(child: &mut Child) -> JoinHandle<VecDeque<String>> {
    let stderr = child.stderr.take();
    thread::spawn(move || stderr.map(last_lines).unwrap_or_default())
}

fn last_lines(stderr: impl Read) -> VecDeque<String> {
    let mut last = VecDeque::new();
    for line in BufReader::new(stderr).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line);
        if !line.trim().is_empty() {
            last.push_back(line.trim_end().to_owned());
        }
        if last.len() > LINES_SAID {
            last.pop_front();
        }
    }
    last
}

/// Error: `tool_failed`, with the end of the program's standard error.
fn check(
    name: &'static str,
    status: ExitStatus,
    said: JoinHandle<VecDeque<String>>,
) -> Result<(), ToolError> {
    // The thread doesn't panic; without its lines, the name of the program is still known.
    let said = said.join().unwrap_or_default();
    if status.success() {
        return Ok(());
    }
    Err(ToolError::Failed { name, said: Vec::from(said).join("; ") })
}

//! Programs of the user that Forebay starts without a shell.
//!
//! A program runs in its own process group. The whole group is killed when the program exits, when it times out, and
//! when its future is dropped. A process that leaves the group (`setsid`) is found by its [`Mark`], if it has one.

mod mark;
mod reported;

use std::{
    env,
    io::{Error, ErrorKind},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    process::{Child, ChildStdin},
};

pub(crate) use mark::Mark;
pub(crate) use reported::{Reported, ReportedFailure, reported};

/// How long to wait for a killed program to exit.
pub(crate) const LONGEST_END: Duration = Duration::from_secs(5);
/// How much of the end of standard error is kept, in bytes.
pub(crate) const KEPT_BYTES: usize = 2 << 10;
/// "Exec format error": the file is not a program.
const ENOEXEC: i32 = 8;

/// The process group of a program. Dropping it kills all processes in the group.
pub(crate) struct Group(Option<Pid>);

impl Group {
    /// The group of a child that was started as the leader of its own group. Declare it after the child, so that it is
    /// dropped before it: the group is killed while its leader's id is still in use.
    pub(crate) fn of(child: &Child) -> Self {
        Self(child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw))
    }

    pub(crate) fn kill(&mut self) {
        if let Some(group) = self.0.take() {
            // An error means that no process is left.
            let _nobody_left = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Whether starting failed because of the program itself, so that every retry would fail too.
pub(crate) fn is_about_the_program(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied)
        || error.raw_os_error() == Some(ENOEXEC)
}

/// Finds a program: a path is relative to `directory`, a name is looked up in `PATH`.
pub(crate) fn find(program: &str, directory: Option<&Path>) -> Option<PathBuf> {
    let here = match directory {
        Some(directory) => std::path::absolute(directory).ok()?,
        None => env::current_dir().ok()?,
    };
    if program.contains('/') {
        let path = here.join(program);
        return can_run(&path).then_some(path);
    }
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders).map(|folder| here.join(folder).join(program)).find(|path| can_run(path))
}

fn can_run(path: &Path) -> bool {
    path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

/// Writes the pieces and closes the pipe. A program may close its input before it has read everything.
pub(crate) async fn feed(stdin: Option<ChildStdin>, pieces: impl IntoIterator<Item = impl AsRef<[u8]>>) {
    let Some(mut stdin) = stdin else { return };
    for piece in pieces {
        if stdin.write_all(piece.as_ref()).await.is_err() {
            return;
        }
    }
    // An error means that the program has already closed its input.
    let _closed = stdin.shutdown().await;
}

/// Reads to the end and keeps the last part.
pub(crate) async fn keep_end(mut output: impl AsyncRead + Unpin, kept: &mut Vec<u8>) {
    let mut buffer = vec![0; 8 << 10];
    while let Ok(count @ 1..) = output.read(&mut buffer).await {
        keep(kept, &buffer[..count]);
    }
}

/// Adds bytes to the end of what is kept of an output.
pub(crate) fn keep(kept: &mut Vec<u8>, bytes: &[u8]) {
    kept.extend_from_slice(bytes);
    kept.drain(..kept.len().saturating_sub(KEPT_BYTES));
}

//! A running `forebay work`.

use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::Sandbox;

/// A worker; dropping it kills it.
pub(crate) struct Worker(pub(crate) Child);

impl Worker {
    /// Starts a worker on a database, without output.
    pub(crate) fn start(sandbox: &Sandbox, url: &str, line: &str) -> Self {
        let mut command = sandbox.command(line);
        command.env("FOREBAY_DATABASE_URL", url).env("PATH", "/usr/bin:/bin");
        Self(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.0), signal).unwrap();
    }

    /// Waits for its end. Returns its exit code.
    pub(crate) fn exit(&mut self) -> Option<i32> {
        self.0.wait().unwrap().code()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It fails only if the process has ended.
        let _ended = self.0.kill();
        let _status = self.0.wait();
    }
}

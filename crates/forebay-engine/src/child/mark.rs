//! A mark in the environment of a program, to find the processes that have left its group.
//!
//! A child inherits the mark, also one that has called `setsid` or whose parent has exited. Only a process that
//! replaces its environment loses it. Found on Linux, in `/proc`; elsewhere such processes survive.

use std::{fs, process};

use rustix::process::{Pid, Signal, kill_process};

use crate::clock;

/// The variable.
const NAME: &str = "FOREBAY_DELIVERY";
/// How often `/proc` is read: a process may start another one while it is read.
const MAX_ROUNDS: u32 = 5;

/// The mark of one program. Dropping it kills the marked processes, unless the program has ended by itself.
pub(crate) struct Mark {
    text: String,
    is_over: bool,
}

impl Mark {
    pub(crate) fn new() -> Self {
        let text = format!("{NAME}={:x}-{:016x}", process::id(), clock::random_seed());
        Self { text, is_over: false }
    }

    /// The name and the value of the variable.
    pub(crate) fn variable(&self) -> (&str, &str) {
        self.text.split_once('=').unwrap_or((NAME, ""))
    }

    /// The program has ended by itself: what it has left running on purpose stays.
    pub(crate) fn leave(&mut self) {
        self.is_over = true;
    }

    /// Kills all marked processes. Returns their number.
    fn kill(&self) -> usize {
        let Ok(processes) = fs::read_dir("/proc") else { return 0 };
        let mut num_killed = 0;
        for process in processes.flatten() {
            let pid = process.file_name().to_str().and_then(|name| name.parse().ok()).and_then(Pid::from_raw);
            let Some(pid) = pid else { continue };
            // Those of other users can't be read, and have not been started here.
            let Ok(environment) = fs::read(process.path().join("environ")) else { continue };
            let is_marked = environment.split(|byte| *byte == 0).any(|entry| entry == self.text.as_bytes());
            if is_marked && kill_process(pid, Signal::KILL).is_ok() {
                num_killed += 1;
            }
        }
        num_killed
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        for _ in 0..MAX_ROUNDS {
            if self.kill() == 0 {
                return;
            }
        }
    }
}

//! Worker processes: starts, kills and replaces them.

use std::{process::Stdio, time::Instant};

use forebay_store::workers::Process;
use tokio::{process::Child, time};

use super::{dice::Dice, stage::Stage};
use crate::{failure::Failure, parts};

/// The running workers. Dropping this kills them.
pub(super) struct Workers(Vec<Child>);

impl Workers {
    pub(super) fn start(number: u16, stage: &Stage) -> Result<Self, Failure> {
        (0..number).map(|_| spawn(stage, &[])).collect::<Result<_, _>>().map(Self)
    }

    /// Kills one (SIGKILL) and starts another. Returns how the name of the dead worker in claims begins.
    pub(super) async fn kill_one(&mut self, dice: &mut Dice, stage: &Stage) -> Result<String, Failure> {
        let place = usize::try_from(dice.below(self.0.len() as u64)).unwrap_or_default();
        let victim = &mut self.0[place];
        let name = format!("{}:{}:", Process::this().host, victim.id().unwrap_or_default());
        victim.kill().await?;
        *victim = spawn(stage, &[])?;
        Ok(name)
    }

    /// Replaces workers that have exited, and returns the number of them.
    pub(super) fn replace_dead(&mut self, stage: &Stage) -> Result<u64, Failure> {
        let mut num_dead = 0;
        for worker in &mut self.0 {
            if worker.try_wait()?.is_some() {
                *worker = spawn(stage, &[])?;
                num_dead += 1;
            }
        }
        Ok(num_dead)
    }

    pub(super) async fn kill_all(self) -> Result<(), Failure> {
        for mut worker in self.0 {
            worker.kill().await?;
        }
        Ok(())
    }

    /// Runs workers until nothing is left that can be done now, or until the deadline.
    pub(super) async fn drain(number: u16, stage: &Stage, deadline: Instant) -> Result<(), Failure> {
        let workers: Vec<Child> =
            (0..number).map(|_| spawn(stage, &["--drain"])).collect::<Result<_, _>>()?;
        for mut worker in workers {
            // A worker that takes too long is killed; its unfinished work is found later.
            let waited = time::timeout_at(deadline.into(), worker.wait()).await;
            if waited.is_err() {
                worker.kill().await?;
            }
        }
        Ok(())
    }
}

fn spawn(stage: &Stage, more: &[&str]) -> Result<Child, Failure> {
    let mut command = parts::command("worker")?;
    command
        .args(more)
        .arg("--deliveries")
        .arg(stage.deliveries())
        .current_dir(stage.folder())
        .env("FOREBAY_DATABASE_URL", stage.url());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Ok(command.spawn()?)
}

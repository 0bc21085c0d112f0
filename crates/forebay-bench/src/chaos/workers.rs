//! Worker processes: starts, kills and replaces them.

use std::{collections::BTreeMap, mem, process::Stdio, time::Instant};

use forebay_store::workers::Process;
use tokio::{process::Child, time};

use super::{
    dice::Dice,
    stage::{NUMBER_VARIABLE, Stage},
};
use crate::{failure::Failure, parts};

/// The running workers. Dropping this kills them.
#[derive(Default)]
pub(super) struct Workers {
    running: Vec<Worker>,
    num_started: u64,
    /// When each killed worker was killed.
    killed: BTreeMap<u64, Instant>,
}

struct Worker {
    number: u64,
    process: Child,
}

impl Workers {
    pub(super) fn start(count: u16, stage: &Stage) -> Result<Self, Failure> {
        let mut workers = Self::default();
        for _ in 0..count {
            let worker = workers.spawn(stage, &[])?;
            workers.running.push(worker);
        }
        Ok(workers)
    }

    /// Kills one (SIGKILL) and starts another. Returns how the name of the dead worker in claims begins.
    pub(super) async fn kill_one(&mut self, dice: &mut Dice, stage: &Stage) -> Result<String, Failure> {
        let place = usize::try_from(dice.below(self.running.len() as u64)).unwrap_or_default();
        let next = self.spawn(stage, &[])?;
        let victim = mem::replace(&mut self.running[place], next);
        let name = format!("{}:{}:", Process::this().host, victim.process.id().unwrap_or_default());
        self.kill(victim).await?;
        Ok(name)
    }

    /// Replaces workers that have exited, and returns the number of them.
    pub(super) fn replace_dead(&mut self, stage: &Stage) -> Result<u64, Failure> {
        let mut num_dead = 0;
        for place in 0..self.running.len() {
            if self.running[place].process.try_wait()?.is_some() {
                self.running[place] = self.spawn(stage, &[])?;
                num_dead += 1;
            }
        }
        Ok(num_dead)
    }

    pub(super) async fn kill_all(&mut self) -> Result<(), Failure> {
        for worker in mem::take(&mut self.running) {
            self.kill(worker).await?;
        }
        Ok(())
    }

    /// Runs workers until nothing is left that can be done now, or until the deadline.
    pub(super) async fn drain(
        &mut self,
        count: u16,
        stage: &Stage,
        deadline: Instant,
    ) -> Result<(), Failure> {
        let workers: Vec<Worker> =
            (0..count).map(|_| self.spawn(stage, &["--drain"])).collect::<Result<_, _>>()?;
        for mut worker in workers {
            // A worker that takes too long is killed; its unfinished work is found later.
            let waited = time::timeout_at(deadline.into(), worker.process.wait()).await;
            if waited.is_err() {
                self.kill(worker).await?;
            }
        }
        Ok(())
    }

    /// When each killed worker was killed, by its number.
    pub(super) fn killed(&self) -> &BTreeMap<u64, Instant> {
        &self.killed
    }

    async fn kill(&mut self, mut worker: Worker) -> Result<(), Failure> {
        self.killed.insert(worker.number, Instant::now());
        Ok(worker.process.kill().await?)
    }

    fn spawn(&mut self, stage: &Stage, more: &[&str]) -> Result<Worker, Failure> {
        let number = self.num_started;
        self.num_started += 1;
        let mut command = parts::command("worker")?;
        command
            .args(more)
            .arg("--deliveries")
            .arg(stage.deliveries())
            .args(["--receiver", stage.receiver().url()])
            .current_dir(stage.folder())
            .env("FOREBAY_DATABASE_URL", stage.url())
            .env(NUMBER_VARIABLE, number.to_string());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(Worker { number, process: command.spawn()? })
    }
}

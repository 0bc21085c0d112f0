//! Worker processes: started, killed, replaced.

use std::{env, process::Stdio, time::Instant};

use tokio::{
    process::{Child, Command},
    time,
};

use super::{Dice, stage::Stage};
use crate::failure::Failure;

/// Workers that are to be there. They are killed when this is dropped.
pub(super) struct Workers(Vec<Child>);

impl Workers {
    pub(super) fn start(number: u16, stage: &Stage) -> Result<Self, Failure> {
        (0..number).map(|_| spawn(stage, &[])).collect::<Result<_, _>>().map(Self)
    }

    /// Kills one (SIGKILL) and starts another. Tells the name of the dead as claims have it.
    pub(super) async fn kill_one(&mut self, dice: &mut Dice, stage: &Stage) -> Result<String, Failure> {
        let place = usize::try_from(dice.below(self.0.len() as u64)).unwrap_or_default();
        let victim = &mut self.0[place];
        let name = format!("forebay {}", victim.id().unwrap_or_default());
        victim.kill().await.map_err(|error| failed(&error))?;
        *victim = spawn(stage, &[])?;
        Ok(name)
    }

    /// Replaces those that ended by themselves, and tells how many.
    pub(super) fn replace_dead(&mut self, stage: &Stage) -> Result<u64, Failure> {
        let mut num_dead = 0;
        for worker in &mut self.0 {
            if worker.try_wait().map_err(|error| failed(&error))?.is_some() {
                *worker = spawn(stage, &[])?;
                num_dead += 1;
            }
        }
        Ok(num_dead)
    }

    pub(super) async fn kill_all(self) -> Result<(), Failure> {
        for mut worker in self.0 {
            worker.kill().await.map_err(|error| failed(&error))?;
        }
        Ok(())
    }

    /// Lets workers work until nothing is left that can be done now, or the time is over.
    pub(super) async fn drain(number: u16, stage: &Stage, deadline: Instant) -> Result<(), Failure> {
        let workers: Vec<Child> =
            (0..number).map(|_| spawn(stage, &["--drain"])).collect::<Result<_, _>>()?;
        for mut worker in workers {
            // One that takes too long is killed; what it left undone is found then.
            let waited = time::timeout_at(deadline.into(), worker.wait()).await;
            if waited.is_err() {
                worker.kill().await.map_err(|error| failed(&error))?;
            }
        }
        Ok(())
    }
}

fn spawn(stage: &Stage, more: &[&str]) -> Result<Child, Failure> {
    let program = env::current_exe().map_err(|error| failed(&error))?;
    let mut command = Command::new(program);
    // Reconciling would hand off again what was lost, and so hide it.
    command.args(["work", "--quiet", "--batch", "50", "--reconcile-every", "never"]).args(more);
    // A folder without configuration, and a database of its own, whatever the environment says.
    command.current_dir(stage.folder()).env("FOREBAY_DATABASE_URL", stage.url());
    command.env_remove("DATABASE_URL").env_remove("FOREBAY_DATA_DIR");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    command.spawn().map_err(|error| failed(&error))
}

fn failed(error: &std::io::Error) -> Failure {
    Failure::from_error("bench_failed", error)
}

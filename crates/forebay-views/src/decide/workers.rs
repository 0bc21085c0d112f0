//! Freeing what a dead worker has claimed.

use forebay_engine::{human, operate};
use forebay_store::{
    actions::Actor,
    connect::Database,
    workers::{Worker, WorkerState},
};

use crate::{WorkerReleased, failure::Failure, names};

/// Frees what a worker has claimed; by `force`, even if it may be alive. Errors: `no_such_worker`, `worker_alive`.
pub async fn release(
    database: &Database,
    name: &str,
    force: bool,
    by: &Actor,
) -> Result<WorkerReleased, Failure> {
    let worker = names::worker(&database.client().await?, name).await?;
    let is_dead = worker.state == WorkerState::Dead;
    if !is_dead && !force {
        return Err(alive(name, &worker));
    }
    let done = operate::release_worker(database, name, is_dead, by).await?;
    Ok(WorkerReleased::new(name.to_owned(), done))
}

fn alive(name: &str, worker: &Worker) -> Failure {
    let name = human::plain(name);
    let message = match (&worker.version, worker.lease_until) {
        (None, Some(until)) => format!("{name} may be alive: its lease ends at {}", human::timestamp(until)),
        _ => format!("{name} is alive: it was seen {} ago", human::duration(worker.unseen)),
    };
    Failure::new("worker_alive", message).hint(
        "stop it, and it releases its hand-offs itself. If its process has ended, use --force (over HTTP: `force`); \
         deliveries in progress are then repeated",
    )
}

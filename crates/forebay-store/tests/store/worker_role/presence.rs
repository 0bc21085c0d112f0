//! Workers outside Forebay are known by the name that they give, and what they hold is freed by it.

use std::time::Duration;

use forebay_store::{
    handoffs,
    jobs::FailureReport,
    maintenance::Mode,
    workers::{self, Heartbeat, Process, WorkerState},
};

use super::{World, claim, report};

async fn beat(world: &World, name: &str) {
    let process = Process { host: "h".to_owned(), pid: 7 };
    let heartbeat = Heartbeat {
        name,
        process: &process,
        is_stopping: false,
        pipelines: &["index".to_owned()],
        now: handoffs::now(&world.owner).await.unwrap(),
        uptime: Duration::from_mins(1),
        is_first: false,
    };
    workers::seen(&world.owner, heartbeat).await.unwrap();
}

#[tokio::test]
async fn a_worker_is_known_by_its_name_from_its_first_call() {
    let world = World::new().await;
    let worker = world.worker().await;
    assert_eq!(claim(&worker, 1).await.len(), 0);
    let idle = workers::list(&world.owner, Some("test")).await.unwrap().remove(0);
    assert_eq!((idle.state, &*idle.pipelines), (WorkerState::Working, &["index".to_owned()][..]));
    assert_eq!((idle.version, idle.num_claims, idle.lease_until), (None, 0, None));

    // It is not written with every call.
    let writes = "select (xmin::text || ctid::text) from forebay.workers";
    let row = || async { world.owner.query_one(writes, &[]).await.unwrap().get::<_, String>(0) };
    let before = row().await;
    world.hand_off_many("s", 3).await;
    let jobs = claim(&worker, 2).await;
    assert_eq!((jobs.len(), row().await), (2, before));
    world.run("update forebay.workers set last_seen_at = now() - interval '1 hour'").await;
    let heartbeat = "select verdict from forebay.heartbeat_jobs('index', array[$1::text::uuid])";
    worker.query_one(heartbeat, &[&jobs[0].receipt]).await.unwrap();
    let busy = workers::list(&world.owner, None).await.unwrap().remove(0);
    assert!(busy.unseen < Duration::from_mins(1), "{busy:?}");
    assert_eq!((busy.num_claims, busy.num_handoffs), (1, 2));
    assert_eq!(report(&worker, "complete_jobs", &[(&jobs[0].id, &jobs[0].receipt)]).await, ["done"]);
    let busy = workers::list(&world.owner, None).await.unwrap().remove(0);
    assert_eq!((busy.num_claims, busy.num_handoffs), (1, 1));

    // Alive as long as it may hold a lease.
    world.run("update forebay.workers set last_seen_at = now() - interval '1 hour'").await;
    let state = || async { workers::list(&world.owner, Some("test")).await.unwrap()[0].state };
    assert_eq!(state().await, WorkerState::Working);
    world.end_leases().await;
    assert_eq!(state().await, WorkerState::Dead);
    assert_eq!(
        workers::prune(&world.owner, Duration::from_mins(1), Mode::Delete).await.unwrap(),
        0,
        "it holds a claim"
    );
    world.rescue(&worker).await;
    world.run("update forebay.workers set last_seen_at = now() - interval '1 hour'").await;
    assert_eq!(workers::prune(&world.owner, Duration::from_mins(1), Mode::Delete).await.unwrap(), 1);
    world.end().await;
}

#[tokio::test]
async fn a_released_worker_loses_everything_that_it_claimed() {
    let world = World::new().await;
    let worker = world.worker().await;
    world.hand_off_many("s", 3).await;
    let jobs = claim(&worker, 2).await;
    let other = "select reference_id from forebay.claim_jobs('index', 1, worker => 'other')";
    assert_eq!(worker.query(other, &[]).await.unwrap().len(), 1);
    let done = workers::release(&world.owner, "test").await.unwrap();
    assert_eq!(done, FailureReport { num_retrying: 2, ..FailureReport::default() });
    assert_eq!(world.handoffs().await, ["active added 1", "retrying lease_lost 2"]);
    let lost = "select count(*) from forebay.ingestion_attempts \
         where failure_class = 'lost' and reason_code = 'worker_released'";
    assert_eq!(world.number(lost).await, 2);
    assert_eq!(report(&worker, "complete_jobs", &[(&jobs[0].id, &jobs[0].receipt)]).await, ["stale"]);
    assert_eq!(workers::release(&world.owner, "test").await.unwrap(), FailureReport::default());
    // Nothing but the owner may do it.
    let refused = worker.query("select forebay_private.release_worker('other')", &[]).await.unwrap_err();
    assert_eq!(refused.code().unwrap().code(), "42501");
    world.end().await;
}

#[tokio::test]
async fn names_of_others_and_many_names_change_nothing() {
    let world = World::new().await;
    let worker = world.worker().await;
    beat(&world, "test").await;
    world.run("update forebay.workers set last_seen_at = '2026-01-01'").await;
    world.hand_off_many("s", 1).await;
    assert_eq!(claim(&worker, 1).await.len(), 1);
    let dead = workers::list(&world.owner, Some("test")).await.unwrap().remove(0);
    assert_eq!((dead.state, dead.num_handoffs), (WorkerState::Dead, 1), "{dead:?}");
    beat(&world, "test").await;
    let alive = workers::list(&world.owner, Some("test")).await.unwrap().remove(0);
    assert_eq!((alive.state, alive.pid), (WorkerState::Working, Some(7)));
    assert!(alive.clock_skew_ms.unwrap().abs() < 5_000, "{alive:?}");

    let calls = "select count(*) from generate_series(1, 1100) as n, \
         lateral (select count(*) from forebay.claim_jobs('index', 1, worker => 'n' || n)) as c";
    worker.query_one(calls, &[]).await.unwrap();
    assert_eq!(world.number("select count(*) from forebay.workers").await, 1000);
    world.end().await;
}

#[tokio::test]
async fn a_caller_in_a_long_transaction_blocks_no_other_of_its_name() {
    let world = World::new().await;
    let (first, second) = (world.worker().await, world.worker().await);
    claim(&first, 1).await;
    world.run("update forebay.workers set last_seen_at = now() - interval '1 minute'").await;
    first.batch_execute("begin").await.unwrap();
    claim(&first, 1).await;
    second.batch_execute("set statement_timeout = '5s'").await.unwrap();
    claim(&second, 1).await;
    first.batch_execute("commit").await.unwrap();
    world.end().await;
}

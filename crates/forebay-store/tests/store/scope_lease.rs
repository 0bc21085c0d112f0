//! The lease on a scope: who gets it, who is fenced, and what holding it costs.

use std::{sync::Arc, time::Duration};

use forebay_domain::scope::Scope;
use forebay_store::{
    Database, Error,
    connect::OpenOptions,
    runs::{ScopeLease, try_lock},
    testing::{self, TestDatabase},
};
use tokio_postgres::Client;

use crate::support::eventually;

struct World {
    test: TestDatabase,
    database: Database,
    client: Client,
    scope: Scope,
}

impl World {
    async fn open() -> Self {
        let test = testing::database().await;
        let client = test.client().await;
        let source =
            "insert into forebay.sources (name, entity_type, key_fields) values ('s', 'record', '{id}')";
        client.batch_execute(source).await.unwrap();
        Self { database: test.open().await, client, scope: Scope::default(), test }
    }

    async fn acquire(&self, max_wait: Duration) -> Result<ScopeLease, Error> {
        ScopeLease::acquire(&self.database, 1, &self.scope, max_wait, |_| {}).await
    }

    /// The lease if it can be taken at once.
    async fn try_acquire(&self) -> Option<ScopeLease> {
        match self.acquire(Duration::ZERO).await {
            Ok(lease) => Some(lease),
            Err(Error::ScopeBusy { .. }) => None,
            Err(error) => panic!("{error}"),
        }
    }

    async fn run(&self, statement: &str) {
        self.client.batch_execute(statement).await.unwrap();
    }

    async fn is_held(&self) -> bool {
        let held = "select exists (select from forebay.scope_leases as l where forebay_private.is_held(l))";
        self.client.query_one(held, &[]).await.unwrap().get(0)
    }

    /// As if the holder had been silent for long.
    async fn expire(&self) {
        self.run("update forebay.scope_leases set lease_until = now() - interval '1 second'").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_gets_it_and_a_dropped_one_is_free_again() {
    let world = Arc::new(World::open().await);
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..40 {
        let world = Arc::clone(&world);
        callers.spawn(async move { world.try_acquire().await });
    }
    let leases: Vec<ScopeLease> = callers.join_all().await.into_iter().flatten().collect();
    assert_eq!(leases.len(), 1);
    drop(leases);
    eventually("it is free", || async { !world.is_held().await }).await;
    assert!(world.try_acquire().await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_holding_nor_waiting_occupies_a_connection() {
    let world = World::open().await;
    let options = OpenOptions { pool_size: 1, ..OpenOptions::default() };
    let narrow = Database::open(world.test.target(), options).await.unwrap();
    let first = world.acquire(Duration::ZERO).await.unwrap();
    let (asked, mut has_asked) = tokio::sync::mpsc::unbounded_channel();
    let waiting = |holder: Option<_>| asked.send(holder).unwrap();
    let second = ScopeLease::acquire(&narrow, 1, &world.scope, Duration::MAX, waiting);
    let release = async {
        assert!(has_asked.recv().await.unwrap().is_none(), "at first it only says that it waits");
        for _ in 0..20 {
            narrow.client().await.unwrap().batch_execute("select 1").await.unwrap();
        }
        let holder = has_asked.recv().await.unwrap().unwrap();
        assert!(holder.process.unwrap().starts_with(&format!("forebay {} on ", std::process::id())));
        // A migration would wait for locks that are held during a whole run.
        let locks = "select count(*) from pg_locks as l join pg_stat_activity as a using (pid) \
             where a.datname = current_database() and a.pid <> pg_backend_pid() and l.locktype <> 'virtualxid'";
        eventually("neither holds a lock", || async {
            world.client.query_one(locks, &[]).await.unwrap().get::<_, i64>(0) == 0
        })
        .await;
        first.release(&world.client).await.unwrap();
    };
    let (second, ()) = tokio::join!(second, release);
    second.unwrap().release(&world.client).await.unwrap();
    assert!(!world.is_held().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_holder_loses_it_and_can_write_no_more() {
    let world = World::open().await;
    let first = world.acquire(Duration::ZERO).await.unwrap();
    assert!(world.try_acquire().await.is_none());
    world.expire().await;
    let second = world.try_acquire().await.unwrap();
    let mut client = world.test.client().await;
    let transaction = client.transaction().await.unwrap();
    assert_eq!(first.fence(&transaction).await.unwrap_err().code(), "scope_lost");
    assert_eq!(first.release_in(&transaction).await.unwrap_err().code(), "scope_lost");
    second.fence(&transaction).await.unwrap();
    transaction.commit().await.unwrap();
    drop(first);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(world.is_held().await, "who has lost it doesn't end the lease of its successor");
    drop(second);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_heartbeat_tells_a_holder_that_it_has_lost_its_scope() {
    let world = World::open().await;
    let first = world.acquire(Duration::ZERO).await.unwrap();
    world.expire().await;
    let _second = world.try_acquire().await.unwrap();
    tokio::time::timeout(Duration::from_mins(1), first.lost()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_has_checked_the_lease_commits_before_the_scope_changes_hands() {
    let world = World::open().await;
    let first = world.acquire(Duration::ZERO).await.unwrap();
    let mut client = world.test.client().await;
    let transaction = client.transaction().await.unwrap();
    first.fence(&transaction).await.unwrap();
    world.expire().await;
    assert!(world.try_acquire().await.is_none());
    transaction.commit().await.unwrap();
    world.expire().await;
    assert!(world.try_acquire().await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn heartbeats_pass_a_transaction_that_has_checked_the_lease() {
    let world = World::open().await;
    let lease = world.acquire(Duration::ZERO).await.unwrap();
    let mut client = world.test.client().await;
    let transaction = client.transaction().await.unwrap();
    lease.fence(&transaction).await.unwrap();
    let until = "select lease_until::text from forebay.scope_leases";
    let before: String = world.client.query_one(until, &[]).await.unwrap().get(0);
    eventually("it is extended", || async {
        world.client.query_one(until, &[]).await.unwrap().get::<_, String>(0) != before
    })
    .await;
    transaction.commit().await.unwrap();
    lease.release(&world.client).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_scope_of_a_killed_process_is_free_at_once() {
    let world = World::open().await;
    let _killed = world.acquire(Duration::ZERO).await.unwrap();
    // What the server does when a process is gone.
    world.run("select pg_terminate_backend(backend_pid, 10000) from forebay.scope_leases").await;
    assert!(world.try_acquire().await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_sees_no_sessions_holds_it_by_the_process_alone() {
    let world = World::open().await;
    let role = format!("{}_holder", world.database.target().split(' ').next().unwrap());
    let create = format!(
        "create role {role} bypassrls; grant usage on schema forebay, forebay_private to {role};
         grant all on all tables in schema forebay to {role};
         grant all on all functions in schema forebay_private to {role}"
    );
    world.run(&create).await;
    let url = format!("{}?options=-c%20role%3D{role}", world.test.direct_url());
    let database = Database::open(forebay_store::Target::Url(url), OpenOptions::default()).await.unwrap();
    let lease = ScopeLease::acquire(&database, 1, &world.scope, Duration::ZERO, |_| {}).await.unwrap();
    let recorded = "select count(backend_pid), count(backend_start) from forebay.scope_leases";
    let row = world.client.query_one(recorded, &[]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (1, 0));
    assert!(world.is_held().await && world.try_acquire().await.is_none());
    lease.release(&world.client).await.unwrap();
    database.close().await.unwrap();
    world.run(&format!("drop owned by {role}; drop role {role}")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scope_is_locked_for_a_transaction_if_nobody_holds_it() {
    let world = World::open().await;
    let lease = world.acquire(Duration::ZERO).await.unwrap();
    let mut client = world.test.client().await;
    let transaction = client.transaction().await.unwrap();
    assert!(!try_lock(&transaction, 1, &world.scope).await.unwrap());
    lease.release(&world.client).await.unwrap();
    assert!(try_lock(&transaction, 1, &world.scope).await.unwrap());
    assert!(world.try_acquire().await.is_none());
    transaction.commit().await.unwrap();
    assert!(world.try_acquire().await.is_some());
}

#[tokio::test]
async fn a_heartbeat_touches_no_index() {
    let world = World::open().await;
    let _lease = world.acquire(Duration::ZERO).await.unwrap();
    let extend = "begin; update forebay.scope_leases set lease_until = now(), backend_pid = 1, backend_start = now(); \
         update forebay.scope_leases set lease_until = clock_timestamp()";
    world.run(extend).await;
    let updates =
        "select n_tup_upd, n_tup_hot_upd from pg_stat_xact_user_tables where relname = 'scope_leases'";
    let row = world.client.query_one(updates, &[]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (2, 2));
    world.run("rollback").await;
}

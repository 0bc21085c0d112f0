//! Waiting for a scope's lock, and what the transaction that holds it then holds.

use std::time::Duration;

use forebay_domain::scope::Scope;
use forebay_store::{runs::ScopeLock, testing};

#[tokio::test(flavor = "multi_thread")]
async fn who_asked_for_the_holder_keeps_no_table_locked() {
    let database = testing::database().await;
    let pool = database.open().await;
    let client = database.client().await;
    let scope = Scope::default();
    let acquire = async |waiting: &mut dyn FnMut(bool)| {
        let connection = pool.dedicated().await.unwrap();
        let on_wait = |holder: Option<_>| waiting(holder.is_some());
        ScopeLock::acquire(connection, 1, &scope, Duration::MAX, on_wait).await.unwrap()
    };
    let first = acquire(&mut |_| {}).await;
    let (asked, mut has_asked) = tokio::sync::mpsc::unbounded_channel::<bool>();
    let mut waiting = |is_known| asked.send(is_known).unwrap();
    let release = async {
        assert!(!has_asked.recv().await.unwrap(), "at first it only says that it waits");
        assert!(has_asked.recv().await.unwrap());
        first.release().await.unwrap();
    };
    let (second, ()) = tokio::join!(acquire(&mut waiting), release);
    // A migration would wait for such locks until the run ends.
    let statement = "select count(*), count(*) filter (where l.locktype = 'advisory') \
         from pg_locks as l join pg_stat_activity as a using (pid) \
         where a.datname = current_database() and a.pid <> pg_backend_pid() and l.locktype <> 'virtualxid'";
    let row = client.query_one(statement, &[]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (1, 1));
    second.release().await.unwrap();
}

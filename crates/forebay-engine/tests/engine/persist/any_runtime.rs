//! The engine's futures can move between threads, and work on a single thread.

use forebay_engine::persist;

use super::{Shop, complete, counts, guarded, input, numbered};

fn assert_send<T: Send>(_: &T) {}

/// The compiler is the test: a future that holds something bound to its thread does not compile.
#[tokio::test]
async fn futures_are_send() {
    let shop = Shop::open().await;
    assert_send(&persist::persist(&shop.database, complete(1), input(b""), &|_| {}));
    assert_send(&persist::release(&shop.database, 1, &crate::operator()));
    assert_send(&persist::reject(&shop.database, 1, &crate::operator()));
    assert_send(&persist::rekey(&shop.database, 1, &crate::operator()));
}

#[tokio::test(flavor = "current_thread")]
async fn one_thread_is_enough() {
    let shop = Shop::open().await;
    // Several windows, some of them at the same time.
    let loaded = shop.persist(complete(1), &numbered(0..120_000, 1)).await;
    assert_eq!(counts(&loaded)[..2], [120_000, 120_000]);
    let changed = shop.persist(guarded(2), &numbered(0..119_990, 1)).await;
    assert_eq!(counts(&changed)[..5], [119_990, 0, 0, 119_990, 10]);
    let held = shop.persist(guarded(3), &numbered(0..5, 1)).await;
    assert_eq!(held.status.as_str(), "held");
    assert_eq!(
        persist::release(&shop.database, held.run_id, &crate::operator()).await.unwrap().counts.num_removed,
        119_985
    );
}

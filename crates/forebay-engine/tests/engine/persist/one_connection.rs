//! With a pool of one connection, nothing waits for a second connection while it holds the first.

use std::time::Duration;

use forebay_engine::persist;
use forebay_store::connect::{Database, OpenOptions};

use super::{Shop, complete, counts, guarded, incremental, lines, numbered};

/// A shop with a pool of one connection. Waiting for a second one fails after a minute.
async fn narrow() -> Shop {
    let shop = Shop::open().await;
    let options =
        OpenOptions { pool_size: 1, wait_timeout: Duration::from_mins(1), ..OpenOptions::default() };
    Shop { database: Database::open(shop.test.target(), options).await.unwrap(), ..shop }
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_remove_are_held_and_are_released() {
    let shop = narrow().await;
    // More removals than fit in memory while the other ids are read.
    shop.persist(complete(1), &numbered(0..25_000, 1)).await;
    assert_eq!(counts(&shop.persist(complete(2), &numbered(0..40, 1)).await)[4], 24_960);
    let held = shop.persist(guarded(3), &numbered(0..5, 1)).await;
    assert_eq!(held.status.as_str(), "held");
    persist::reject(&shop.database, held.run_id, &crate::operator()).await.unwrap();
    let held = shop.persist(guarded(4), &numbered(0..5, 1)).await;
    assert_eq!(
        persist::release(&shop.database, held.run_id, &crate::operator()).await.unwrap().counts.num_removed,
        35
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn moved_keys_are_looked_up_while_windows_are_written() {
    let shop = narrow().await;
    let named = |prefix: &str| {
        lines((0..10).map(|n| format!("{{\"id\":\"{prefix}{n}\",\"title\":\"Introduction to {n}\"}}")))
    };
    shop.persist(complete(1), &named("old-")).await;
    let moved = shop.persist(guarded(2), &named("new-")).await;
    assert_eq!(
        persist::rekey(&shop.database, moved.run_id, &crate::operator()).await.unwrap().num_rekeyed,
        10
    );
    // Enough for several windows at once.
    let text = named("new-") + &lines((0..400_000).map(|n| format!("{{\"id\":\"more {n}\"}}")));
    assert_eq!(counts(&shop.persist(incremental(3), &text).await)[..4], [400_010, 400_000, 0, 10]);
}

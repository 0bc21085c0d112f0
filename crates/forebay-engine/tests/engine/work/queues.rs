//! The state of queues, for people.

use forebay_store::doctor;
use serde_json::json;

use super::Shop;

#[tokio::test]
async fn a_long_queue_is_not_counted_to_its_end() {
    let shop = Shop::external().await;
    for key in ["a", "b", "c"] {
        shop.put(key, &json!({"title": key})).await;
    }
    let queue = async |most| {
        let queues = doctor::queues(&shop.client, most).await.unwrap();
        queues.into_iter().find(|queue| queue.pipeline == "workers").unwrap()
    };
    let (some, all) = (queue(Some(2)).await, queue(None).await);
    assert_eq!((some.num_free, some.num_due, some.has_more), (2, 2, true));
    assert_eq!((all.num_free, all.num_due, all.has_more), (3, 3, false));
    assert!(some.oldest_due.is_some() && all.oldest_due.is_some());
}

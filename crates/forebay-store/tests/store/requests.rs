//! Requests with an idempotency key: one of many carries it out, its answer is repeated, and a dead one gives way.

use std::time::Duration;

use forebay_store::{
    maintenance::Mode,
    requests::{self, Answer, Begun, Keyed},
    testing,
};
use futures_util::future::join_all;

const LEASE: Duration = Duration::from_mins(1);

fn keyed(caller: &str, request: u8) -> Keyed {
    Keyed { caller: caller.to_owned(), key: "k".to_owned(), fingerprint: [request; 32] }
}

#[tokio::test]
async fn one_of_many_carries_a_request_out_and_the_others_get_its_answer() {
    let database = testing::database().await;
    let client = database.client().await;
    let ada = keyed("ada", 1);
    let begun = join_all((0..8).map(async |_| {
        let client = database.client().await;
        requests::begin(&client, &ada, LEASE).await.unwrap()
    }))
    .await;
    let receipts: Vec<_> = begun
        .iter()
        .filter_map(|one| if let Begun::Now(receipt) = one { Some(*receipt) } else { None })
        .collect();
    let [receipt] = *receipts else { panic!("one of them: {begun:?}") };
    assert_eq!(begun.iter().filter(|one| **one == Begun::InProgress).count(), 7);
    assert_eq!(requests::begin(&client, &keyed("ada", 2), LEASE).await.unwrap(), Begun::Other);
    let bob = requests::begin(&client, &keyed("bob", 2), LEASE).await.unwrap();
    assert!(matches!(bob, Begun::Now(_)), "a key is its caller's: {bob:?}");

    let answer = Answer { status: 202, content_type: "application/json".to_owned(), body: b"{}".to_vec() };
    assert!(requests::answer(&client, &ada, receipt, &answer).await.unwrap());
    assert!(!requests::answer(&client, &ada, receipt, &answer).await.unwrap(), "it is answered");
    assert!(!requests::extend(&client, &ada, receipt, LEASE).await.unwrap());
    requests::forget(&client, &ada, receipt).await.unwrap();
    assert_eq!(requests::begin(&client, &ada, LEASE).await.unwrap(), Begun::Answered(answer));
    assert_eq!(requests::begin(&client, &keyed("ada", 2), LEASE).await.unwrap(), Begun::Other);
}

#[tokio::test]
async fn a_dead_request_gives_way_and_old_ones_are_forgotten() {
    let database = testing::database().await;
    let client = database.client().await;
    let request = keyed("ada", 1);
    let begin = async |request: &Keyed| requests::begin(&client, request, LEASE).await.unwrap();
    let Begun::Now(dead) = begin(&request).await else { panic!("it is new") };
    client.batch_execute("update forebay.api_requests set lease_until = now()").await.unwrap();
    assert_eq!(begin(&keyed("ada", 2)).await, Begun::Other, "the key is still that of its request");
    let Begun::Now(second) = begin(&request).await else { panic!("its server has died") };
    assert!(!requests::extend(&client, &request, dead, LEASE).await.unwrap(), "late reports are refused");
    assert!(requests::extend(&client, &request, second, LEASE).await.unwrap());
    requests::forget(&client, &request, dead).await.unwrap();
    assert_eq!(begin(&request).await, Begun::InProgress);
    requests::forget(&client, &request, second).await.unwrap();
    assert!(matches!(begin(&request).await, Begun::Now(_)), "it may be repeated");

    client
        .batch_execute("update forebay.api_requests set began_at = began_at - interval '25 hours'")
        .await
        .unwrap();
    assert!(matches!(begin(&keyed("ada", 2)).await, Begun::Now(_)), "after a day, a key is free");
    assert_eq!(requests::prune(&client, Mode::Count).await.unwrap(), 0);
    client
        .batch_execute("update forebay.api_requests set began_at = began_at - interval '25 hours'")
        .await
        .unwrap();
    assert_eq!(requests::prune(&client, Mode::Delete).await.unwrap(), 1);
    assert_eq!(requests::prune(&client, Mode::Delete).await.unwrap(), 0);
}

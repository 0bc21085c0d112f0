//! Disabling pipelines: when an endpoint that keeps failing is, and what an operator does.

use std::time::Duration;

use forebay_store::{
    pipelines::{self, DisabledReason, Health},
    testing,
};
use tokio_postgres::Client;

const DAY: Duration = Duration::from_hours(24);

async fn note(client: &Client, has_succeeded: bool, num_failed: u64) -> bool {
    pipelines::note_deliveries(client, "documents", has_succeeded, num_failed, DAY, 3).await.unwrap()
}

async fn health(client: &Client) -> Health {
    pipelines::find(client, "documents").await.unwrap().unwrap().health
}

/// As if the failures had begun two days ago.
async fn make_old(client: &Client) {
    let statement = "update forebay.pipelines set failing_since = failing_since - interval '2 days'";
    client.batch_execute(statement).await.unwrap();
}

#[tokio::test]
async fn an_endpoint_is_disabled_once_it_has_failed_long_and_often() {
    let database = testing::database().await;
    let client = &database.client().await;
    let writes = "select xmin::text || ctid::text from forebay.pipelines where name = 'documents'";
    let row = async || client.query_one(writes, &[]).await.unwrap().get::<_, String>(0);
    let before = row().await;
    for num_failed in [0, 5] {
        note(client, true, num_failed).await;
        assert_eq!(row().await, before, "a success of one that doesn't fail writes nothing");
    }
    assert_eq!(health(client).await, Health::default(), "a success changes nothing");
    assert!(!note(client, false, 100).await, "not long enough");
    assert_eq!(health(client).await.num_failures, 100);
    make_old(client).await;
    // One success of any worker ends the series.
    assert!(!note(client, true, 50).await);
    assert_eq!(health(client).await, Health::default());
    assert!(!note(client, false, 1).await);
    make_old(client).await;
    assert!(!note(client, false, 1).await, "not often enough");
    assert!(note(client, false, 1).await);
    let disabled = health(client).await;
    assert_eq!(disabled.disabled.map(|(_, reason)| reason), Some(DisabledReason::EndpointFailing));
    assert_eq!(disabled.num_failures, 3);
    assert!(!note(client, false, 1).await, "it is disabled once");
    // A late success of a delivery that was on its way doesn't enable it.
    assert!(!note(client, true, 0).await);
    assert_eq!(health(client).await.disabled, disabled.disabled);

    let before = pipelines::enable(client, 1).await.unwrap();
    assert_eq!(before.disabled, disabled.disabled);
    assert_eq!(health(client).await, Health::default());
}

#[tokio::test]
async fn an_operator_does_not_replace_the_reason() {
    let database = testing::database().await;
    let client = &database.client().await;
    pipelines::disable(client, 1).await.unwrap();
    let first = health(client).await;
    assert_eq!(first.disabled.map(|(_, reason)| reason), Some(DisabledReason::Operator));
    assert_eq!(pipelines::disable(client, 1).await.unwrap(), first);
    assert_eq!(health(client).await, first);
    // Failures of other workers, which were on their way, change nothing about that.
    note(client, false, 10).await;
    make_old(client).await;
    assert!(!note(client, false, 10).await);
    assert_eq!(health(client).await.disabled, first.disabled);
}

//! The log of deliveries is pruned by age.

use std::time::Duration;

use forebay_domain::identity::ReferenceId;
use forebay_store::{
    deliveries::{self, Delivery, DeliveryFilter},
    handoffs,
    maintenance::Mode,
    pipelines::{self, Effect, PipelineSpec},
    projects::OnConflict,
    testing,
};
use serde_json::json;

#[tokio::test]
async fn old_deliveries_are_pruned_and_new_ones_kept() {
    let database = testing::database().await;
    let client = database.client().await;
    let spec = PipelineSpec::new("hook", "external", json!({}));
    pipelines::declare(&client, &spec, &Effect::default(), OnConflict::Keep).await.unwrap();
    let now = handoffs::now(&client).await.unwrap();
    let delivery = |age: Duration| Delivery {
        pipeline: "hook".to_owned(),
        reference_id: ReferenceId::compute("s", "k"),
        event_id: "e".to_owned(),
        attempt: 2,
        sent_at: now - age,
        duration: Duration::from_millis(12),
        http_status: None,
        failure_code: Some("webhook_timeout".to_owned()),
        response: "a\0b".to_owned(),
    };
    let (old, new) = (delivery(Duration::from_hours(200)), delivery(Duration::from_hours(1)));
    deliveries::add(&client, &[old, new.clone()]).await.unwrap();
    assert_eq!(deliveries::prune(&client, Duration::from_hours(168), Mode::Delete).await.unwrap(), 1);
    let filter = DeliveryFilter { limit: 10, ..DeliveryFilter::default() };
    let left = deliveries::list(&client, &filter).await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].delivery, Delivery { response: "a\u{fffd}b".to_owned(), ..new });
}

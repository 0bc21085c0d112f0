//! Drift: reading the shapes of good runs, and storing a run's drift.

use std::collections::BTreeMap;

use forebay_domain::{
    coverage::Coverage,
    drift::{Drift, DriftChange, DriftPolicy, FieldShape, JsonType, RunShape, TypeSet, compare},
    scope::Scope,
};
use forebay_store::{drift, runs, testing};
use tokio_postgres::Client;

/// Runs of one scope, given as `status, num_seen, num_rejected`.
async fn runs_of(client: &Client, runs: &[(&str, i64, i64)]) {
    let source = "insert into forebay.sources (name, entity_type, key_fields) values ('s', 'item', '{id}')";
    client.batch_execute(source).await.unwrap();
    for (status, num_seen, num_rejected) in runs {
        let add = format!(
            "insert into forebay.scrape_runs (source_id, scope, status, ended_at, is_complete, with_handoffs, engine, input,
                observed_at, num_seen, num_rejected)
            values (1, '', '{status}', now(), true, true, 'test', '-', now(), {num_seen}, {num_rejected})"
        );
        client.batch_execute(&add).await.unwrap();
    }
}

async fn record(client: &Client, run_id: i64, fields: &[(&str, &[JsonType])]) {
    let mut coverage = Coverage::default();
    for _ in 0..20 {
        coverage.observe_record();
        for (place, (name, _)) in fields.iter().enumerate() {
            coverage.observe(name, place);
        }
    }
    runs::add_coverage(client, run_id, &coverage).await.unwrap();
    let types: BTreeMap<String, TypeSet> =
        fields.iter().map(|(name, types)| ((*name).to_owned(), types.iter().copied().collect())).collect();
    drift::add_types(client, run_id, &types).await.unwrap();
}

#[tokio::test]
async fn shapes_of_good_runs_are_read_and_drift_is_stored() {
    use JsonType::{Array, Number, String};
    let database = testing::database().await;
    let client = database.client().await;
    runs_of(&client, &[("complete", 22, 2), ("failed", 20, 0), ("complete", 20, 0), ("held", 20, 0)]).await;
    record(&client, 1, &[("id", &[Number]), ("title", &[String])]).await;
    record(&client, 2, &[("broken", &[Array])]).await;
    record(&client, 3, &[("id", &[Number, String]), ("untyped", &[])]).await;
    let shapes = drift::good_shapes(&client, 1, &Scope::default()).await.unwrap();
    let field = |types: &[JsonType]| FieldShape { num_present: 20, types: types.iter().copied().collect() };
    let newest = RunShape {
        num_records: 20,
        fields: [("id".into(), field(&[Number, String])), ("untyped".into(), field(&[]))].into(),
    };
    let oldest = RunShape {
        num_records: 20,
        fields: [("id".into(), field(&[Number])), ("title".into(), field(&[String]))].into(),
    };
    assert_eq!(shapes, [newest, oldest]);

    let run = RunShape { num_records: 20, fields: [("id".into(), field(&[Array]))].into() };
    let drifts = compare(&run, &shapes, &DriftPolicy::default());
    assert_eq!(drifts.len(), 3);
    drift::add(&client, 4, &drifts).await.unwrap();
    assert_eq!(drift::of_run(&client, 4).await.unwrap(), drifts);
    assert_eq!(drifts[0].change, DriftChange::Retyped);
    assert_eq!(drift::of_run(&client, 1).await.unwrap(), Vec::<Drift>::new());
}

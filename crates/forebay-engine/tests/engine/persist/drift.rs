//! Drift: fields of a run whose shape differs from that in the last good runs.

use forebay_domain::drift::{DriftChange, JsonType};

use super::{Shop, complete, lines};

const TYPES: &str = "select field_name, array_to_string(json_types, ',') from forebay.scrape_run_fields \
     where run_id = (select max(run_id) from forebay.scrape_runs) order by field_name";

#[tokio::test(flavor = "multi_thread")]
async fn new_lost_and_retyped_fields_are_recorded() {
    let shop = Shop::open().await;
    let day = |number: usize, fields: &str| {
        lines((0..20).map(|id| format!("{{\"id\":\"{id}\",\"day\":{number},{fields}}}")))
    };
    let first = shop.persist(complete(1), &day(1, "\"price\":10,\"room\":\"1N\",\"tags\":[]")).await;
    assert_eq!(first.drift, [], "there is no earlier run to compare with");
    assert_eq!(
        shop.rows(TYPES).await,
        ["day number", "id string", "price number", "room string", "tags array"]
    );
    let same = shop.persist(complete(2), &day(2, "\"price\":11,\"room\":\"2N\",\"tags\":[1]")).await;
    assert_eq!(same.drift, []);

    let drifted = shop.persist(complete(3), &day(3, "\"price\":\"12 $\",\"seats\":{},\"tags\":[]")).await;
    let changes: Vec<_> = drifted.drift.iter().map(|it| (it.field_name.as_str(), it.change)).collect();
    let expected =
        [("price", DriftChange::Retyped), ("room", DriftChange::Lost), ("seats", DriftChange::New)];
    assert_eq!(changes, expected);
    assert_eq!(drifted.drift[0].old_types.iter().collect::<Vec<_>>(), [JsonType::Number]);
    assert_eq!(drifted.drift[0].new_types.iter().collect::<Vec<_>>(), [JsonType::String]);
    let stored = "select field_name, change from forebay.scrape_run_drift order by run_id, field_name";
    assert_eq!(shop.rows(stored).await, ["price retyped", "room lost", "seats new"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incremental_run_does_not_drift() {
    let shop = Shop::open().await;
    let all = lines((0..20).map(|id| format!("{{\"id\":\"{id}\",\"title\":\"t\"}}")));
    let part = lines((0..20).map(|id| format!("{{\"id\":\"{id}\"}}")));
    shop.persist(complete(1), &all).await;
    let request = forebay_engine::persist::PersistRequest { complete: false, ..complete(2) };
    assert_eq!(shop.persist(request, &part).await.drift, []);
}

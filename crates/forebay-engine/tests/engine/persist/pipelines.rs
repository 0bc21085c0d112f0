//! Several pipelines of one source: each has its own hand-offs, and gets only the changes that it subscribes to.

use forebay_engine::work::{self, LimitKey, Limits, PipelineSpec};
use serde_json::json;

use super::{SOURCE, Shop, complete, incremental};

const DAY_1: &str = "{\"id\":\"a\",\"title\":\"First\",\"seats\":1,\"url\":\"https://One.example/a?x=1\"}\n";
const SEATS: &str = "{\"id\":\"a\",\"title\":\"First\",\"seats\":2,\"url\":\"https://One.example/a?x=1\"}\n";
const TITLE: &str = "{\"id\":\"a\",\"title\":\"Second\",\"seats\":2,\"url\":\"https://two.example/a\"}\n";

async fn open() -> Shop {
    let shop = Shop::open().await;
    let external = |name: &str| PipelineSpec::new(name, "external", json!({})).of_source(SOURCE);
    let specs = [
        PipelineSpec { changed_fields: vec!["title".into()], ..external("titles") },
        PipelineSpec { entity_types: vec!["event".into()], ..external("events") },
        PipelineSpec {
            limits: Limits {
                key: Some(LimitKey { path: vec!["url".into()], is_url: true }),
                key_max_active: Some(1),
                ..Limits::default()
            },
            ..external("pages")
        },
    ];
    work::declare(&shop.database, &specs).await.unwrap();
    shop
}

/// The changes handed off, by pipeline, with the hand-off's version.
async fn handed_off(shop: &Shop) -> Vec<String> {
    shop.rows(
        "select p.name, string_agg(h.change || h.version, ' ' order by h.version) \
         from forebay.handoffs as h join forebay.pipelines as p using (pipeline_id) group by 1 order by 1",
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn each_pipeline_gets_the_changes_it_subscribes_to() {
    let shop = open().await;
    shop.persist(complete(1), DAY_1).await;
    assert_eq!(handed_off(&shop).await, ["documents added1", "pages added1", "titles added1"]);
    shop.persist(complete(2), SEATS).await;
    let seen = handed_off(&shop).await;
    assert_eq!(seen, ["documents added1 updated2", "pages added1 updated2", "titles added1"]);
    shop.persist(complete(3), TITLE).await;
    let titles = handed_off(&shop).await;
    assert!(titles.contains(&"titles added1 updated3".to_owned()), "{titles:?}");
    // Removals and restorations are handed off, whatever fields a pipeline uses.
    shop.persist(complete(4), "{\"id\":\"b\"}\n").await;
    let removed = "select p.name from forebay.ingestion_handoffs as j join forebay.pipelines as p using (pipeline_id) \
         where j.change = 'removed' order by 1";
    assert_eq!(shop.rows(removed).await, ["documents", "pages", "titles"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_have_their_limit_key() {
    let shop = open().await;
    shop.persist(incremental(1), DAY_1).await;
    let keys = "select j.limit_key from forebay.ingestion_handoffs as j join forebay.pipelines as p using (pipeline_id) \
         where p.name = 'pages'";
    assert_eq!(shop.rows(keys).await, ["one.example"]);
    shop.persist(incremental(2), TITLE).await;
    assert_eq!(shop.rows(keys).await, ["two.example"]);
    let none = "select count(*) from forebay.ingestion_handoffs where limit_key is not null";
    assert_eq!(shop.row(none).await, "1");
}

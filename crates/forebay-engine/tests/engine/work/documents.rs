//! The documents handler and search.

mod chunks;
mod embeddings;

use forebay_engine::{
    retrieval::{self, SearchOptions},
    work::{self, Hit, PipelineSpec},
};
use forebay_store::{documents::SearchFilter, jobs};
use serde_json::json;

use super::Shop;

pub(crate) fn documents(config: serde_json::Value) -> PipelineSpec {
    PipelineSpec::new("documents", "documents", config)
}

pub(crate) async fn hits(shop: &Shop, query: &str, source: Option<&str>) -> Vec<Hit> {
    let filter = SearchFilter { source: source.map(str::to_owned), ..SearchFilter::default() };
    let options = SearchOptions { filter, ..SearchOptions::default() };
    retrieval::search(&shop.database, query, &options).await.unwrap().hits
}

async fn found(shop: &Shop, query: &str) -> Vec<String> {
    hits(shop, query, None).await.into_iter().map(|hit| hit.record_key).collect()
}

#[tokio::test]
async fn a_title_weighs_more_than_a_body_and_removed_references_are_not_found() {
    let shop = Shop::open().await;
    shop.put_all(&[
        ("body", json!({"title": "Algebra", "about": {"notes": ["with some chemistry in between"]}})),
        ("title", json!({"title": "Chemistry", "about": "An introduction"})),
        ("other", json!({"title": "History", "about": "Nothing of the kind"})),
    ])
    .await;
    assert_eq!(shop.drain().await.num_succeeded, 3);
    assert_eq!(found(&shop, "chemistry").await, ["title", "body"]);
    assert_eq!(found(&shop, "chemistry -introduction").await, ["body"]);
    assert!(found(&shop, "\"chemistry some\"").await.is_empty());
    let hit = &hits(&shop, "between", Some("shop")).await[0];
    assert_eq!((hit.source.as_str(), hit.title.as_str()), ("shop", "Algebra"));
    assert!(hit.snippet.contains("«between»"), "{}", hit.snippet);
    let of_title = &hits(&shop, "algebra", None).await[0];
    assert!(of_title.snippet.starts_with("«Algebra»"), "{}", of_title.snippet);
    assert!(hits(&shop, "between", Some("elsewhere")).await.is_empty());

    shop.remove("title").await;
    // A tombstone is hidden at once; its document is deleted by the worker.
    assert_eq!(found(&shop, "chemistry").await, ["body"]);
    assert_eq!(shop.drain().await.num_succeeded, 1);
    let titles = shop.column("select title from forebay.documents order by title").await;
    assert_eq!(titles, ["Algebra", "History"]);
    shop.put("title", &json!({"title": "Chemistry", "about": "An introduction"})).await;
    shop.drain().await;
    assert_eq!(found(&shop, "chemistry").await, ["title", "body"]);
}

#[tokio::test]
async fn any_text_is_a_valid_query() {
    let shop = Shop::open().await;
    shop.put("a", &json!({"title": "x"})).await;
    shop.drain().await;
    for query in ["", " ", "\0", "\"a\0b\"", "a -\"b\0\"", "'\"&|!():*", "-", "or or", "💥", "\\", "%s"] {
        assert!(found(&shop, query).await.is_empty(), "{query:?}");
    }
}

#[tokio::test]
async fn without_a_title_the_key_is_used_and_numbers_are_not_text() {
    let shop = Shop::open().await;
    shop.put("key-1", &json!({"title": " ", "n": 5, "flag": true, "tags": ["red", {"deep": "blue"}]})).await;
    shop.drain().await;
    let row = shop.row("select title, content from forebay.document_chunks").await;
    assert_eq!((row.get::<_, &str>(0), row.get::<_, &str>(1)), ("key-1", "red\n\nblue"));
}

#[tokio::test]
async fn the_settings_choose_title_fields_and_language() {
    let shop = Shop::open().await;
    let config = json!({"title": "/meta/label", "fields": ["text"], "language": "english"});
    work::declare(&shop.database, &[documents(config)]).await.unwrap();
    shop.put("a", &json!({"meta": {"label": "Label"}, "text": "The students are running", "secret": "x"}))
        .await;
    shop.drain().await;
    let row = shop.row("select title, content from forebay.document_chunks").await;
    assert_eq!((row.get::<_, &str>(0), row.get::<_, &str>(1)), ("Label", "The students are running"));
    assert_eq!(found(&shop, "run student").await, ["a"]);
}

#[tokio::test]
async fn an_unknown_language_stops_the_pipeline_and_loses_nothing() {
    let shop = Shop::open().await;
    shop.put("a", &json!({"title": "x"})).await;
    let declared = work::declare(&shop.database, &[documents(json!({"language": "klingon"}))]).await.unwrap();
    assert_eq!(declared.unready[0].pipeline, "documents");
    let problem = &declared.unready[0].problem;
    assert!(problem.contains("no text search configuration \"klingon\"; it has arabic, "), "{problem}");
    let report = shop.drain().await;
    assert_eq!(report.error.unwrap().code(), "pipeline_config");
    assert_eq!((report.num_claimed, report.backlog.num_due), (0, 1));
    assert_eq!(shop.states().await, ["pending 1"]);
}

#[tokio::test]
async fn ingesting_the_same_content_again_writes_nothing() {
    let shop = Shop::open().await;
    shop.put("a", &json!({"title": "x"})).await;
    shop.drain().await;
    let rows = "select xmin::text || xmax::text from forebay.documents \
        union all select xmin::text || xmax::text from forebay.document_chunks";
    let before = shop.column(rows).await;
    shop.put("a", &json!({"title": "x"})).await;
    assert_eq!(shop.drain().await.num_succeeded, 1);
    assert_eq!((before.len(), shop.column(rows).await), (2, before));
}

#[tokio::test]
async fn waiting_handoffs_are_counted_up_to_a_limit() {
    let shop = Shop::open().await;
    let counted = async || {
        let found = retrieval::search(&shop.database, "x", &SearchOptions::default()).await.unwrap();
        (found.num_pipelines, found.num_waiting)
    };
    assert_eq!(counted().await, (1, 0));
    shop.put_all(&["a", "b", "c"].map(|key| (key, json!({"title": "x"})))).await;
    assert_eq!(counted().await, (1, 3));
    let pipeline: i32 = shop.row("select pipeline_id from forebay.pipelines").await.get(0);
    assert_eq!(jobs::count_up_to(&shop.client, &[pipeline, pipeline + 1], 2).await.unwrap(), 2);
    assert_eq!(jobs::count_up_to(&shop.client, &[pipeline + 1], 2).await.unwrap(), 0);
}

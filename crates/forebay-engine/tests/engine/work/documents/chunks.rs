//! Long documents: cut into chunks, updated by difference, and found by their best chunk.

use forebay_domain::identity::ReferenceId;
use forebay_engine::{
    retrieval::{self, SearchOptions},
    work,
};
use forebay_store::documents::{self as store, MAX_TEXT_BYTES, SearchFilter};
use serde_json::json;

use super::{super::Shop, documents, hits};

fn guide(parts: &[&str]) -> serde_json::Value {
    json!({"title": "Guide", "body": parts.join("\n\n")})
}

#[tokio::test]
async fn an_unchanged_chunk_keeps_its_row() {
    let shop = Shop::open().await;
    let (setup, usage) = ("# Setup\nInstall the pump.", "# Usage\nOpen the sluice.");
    shop.put("a", &guide(&[setup, usage])).await;
    shop.drain().await;
    let row_of = async |heading: &str| -> (String, String, i32) {
        let row = shop
            .row(&format!(
                "select ctid::text || xmin::text, chunk_id::text, ordinal from forebay.document_chunks \
                 where heading = '{heading}'"
            ))
            .await;
        (row.get(0), row.get(1), row.get(2))
    };
    let (before_setup, before_usage) = (row_of("Setup").await, row_of("Usage").await);

    // Only the last section changes, so the first one's row is not written.
    shop.put("a", &guide(&[setup, "# Usage\nClose the sluice."])).await;
    shop.drain().await;
    assert_eq!(row_of("Setup").await, before_setup);
    assert_ne!(row_of("Usage").await.1, before_usage.1);
    assert_eq!(shop.row("select num_chunks from forebay.documents").await.get::<_, i32>(0), 2);

    // A section is inserted before them: they move but stay the same chunks.
    shop.put("a", &guide(&["# Foreword\nHello.", setup, usage])).await;
    shop.drain().await;
    let (after_setup, after_usage) = (row_of("Setup").await, row_of("Usage").await);
    assert_eq!((&after_setup.1, after_setup.2), (&before_setup.1, before_setup.2 + 1));
    assert_eq!((&after_usage.1, after_usage.2), (&before_usage.1, before_usage.2 + 1));
    assert_eq!(shop.column("select chunk_id::text from forebay.document_chunks").await.len(), 3);
}

#[tokio::test]
async fn a_new_title_is_found_with_every_chunk() {
    let shop = Shop::open().await;
    let body = "# One\nfirst\n\n# Two\nsecond";
    shop.put("a", &json!({"title": "Old", "text": body})).await;
    shop.drain().await;
    shop.put("a", &json!({"title": "New", "text": body})).await;
    shop.drain().await;
    let found = |query: &'static str| hits(&shop, query, None);
    assert!(found("old").await.is_empty());
    let hits = found("new second").await;
    assert_eq!((hits.len(), hits[0].heading.as_str(), hits[0].title.as_str()), (1, "Two", "New"));
    assert_eq!(hits[0].snippet, "# Two\n«second»");
}

#[tokio::test]
async fn each_record_is_indexed_in_its_own_language() {
    let shop = Shop::open().await;
    let config = json!({"language": "english", "language_field": "lang", "fields": ["text"]});
    work::declare(&shop.database, &[documents(config)]).await.unwrap();
    shop.put_all(&[
        ("nl", json!({"lang": "nl-BE", "text": "de lampen branden"})),
        ("en", json!({"lang": "en", "text": "students running"})),
        ("none", json!({"text": "studies"})),
        ("other", json!({"lang": "tlh", "text": "studying"})),
    ])
    .await;
    shop.drain().await;
    let languages = shop
        .column("select r.record_key || ' ' || d.language from forebay.documents as d join forebay.\"references\" as r \
            using (reference_id) order by 1")
        .await;
    assert_eq!(languages, ["en english", "nl dutch", "none english", "other simple"]);
    let found = async |query: &str| -> Vec<String> {
        let hits = hits(&shop, query, None).await;
        let mut keys: Vec<String> = hits.into_iter().map(|hit| hit.record_key).collect();
        keys.sort();
        keys
    };
    assert_eq!(found("lamp").await, ["nl"]);
    assert_eq!(found("run student").await, ["en"]);
    assert_eq!(found("study").await, ["none"]);
    assert_eq!(found("studying").await, ["none", "other"]);
}

#[tokio::test]
async fn all_of_a_long_text_is_found_up_to_the_limit() {
    let shop = Shop::open().await;
    let filler = "Water flows down the race and over the wheel. ".repeat(MAX_TEXT_BYTES / 46);
    let text = format!("{} Nearlyend. {filler}", &filler[..filler.len() / 2]);
    shop.put_all(&[
        ("long", json!({"title": "t", "text": format!("{text} Beyond")})),
        // Short words, all different: the worst case for a full-text index.
        (
            "urls",
            json!({"title": (0..90_000).map(|n| format!("{n:x}.de/{n:x}")).collect::<Vec<_>>().join(" ")}),
        ),
        ("word", json!({"text": "ü".repeat(300_000)})),
    ])
    .await;
    assert_eq!(shop.drain().await.num_succeeded, 3);
    assert_eq!(hits(&shop, "nearlyend", None).await.len(), 1);
    assert!(hits(&shop, "beyond", None).await.is_empty());
    let cut = shop.column("select title from forebay.documents where is_cut").await;
    assert_eq!(cut, ["t"]);
    let longest = shop.row("select max(length(content)) from forebay.document_chunks").await;
    assert!(longest.get::<_, i32>(0) <= 2_000);
}

#[tokio::test]
async fn the_index_can_be_compared_with_the_references() {
    let shop = Shop::open().await;
    let ids = shop.put_all(&[("a", json!({"t": "x"})), ("b", json!({"t": "y"}))]).await;
    shop.drain().await;
    shop.put("c", &json!({"t": "z"})).await;
    let (pipeline, client) = (shop.pipeline(), &shop.client);
    let unknown = ReferenceId([9; 16]);
    let held = store::verify_page(client, pipeline, &[ids[1], unknown, ids[0]]).await.unwrap();
    let hash = shop
        .row("select encode(version_hash, 'hex') from forebay.\"references\" where record_key = 'b'")
        .await
        .get::<_, String>(0);
    assert_eq!(held[0].unwrap().to_string(), hash);
    assert!(held[1].is_none() && held[2].is_some());
    let extra = async || store::extra_page(client, pipeline, ReferenceId([0; 16]), 10).await.unwrap();
    assert!(extra().await.is_empty());
    shop.remove("a").await;
    assert_eq!(extra().await, [ids[0]]);
    // Deleting a reference deletes its chunks too.
    shop.client.batch_execute("delete from forebay.\"references\" where record_key = 'b'").await.unwrap();
    let left = shop.column("select content from forebay.document_chunks").await;
    assert_eq!(left, ["x"]);
}

#[tokio::test]
async fn one_pipeline_can_be_searched_alone() {
    let shop = Shop::open().await;
    shop.put("a", &json!({"title": "Mill", "note": "secret"})).await;
    let mut titles = documents(json!({"fields": ["title"]}));
    titles.name = "titles".into();
    work::declare(&shop.database, &[titles]).await.unwrap();
    shop.drain().await;
    let found = async |query: &str, pipeline: Option<&str>| {
        let filter = SearchFilter { pipeline: pipeline.map(str::to_owned), ..SearchFilter::default() };
        let options = SearchOptions { filter, ..SearchOptions::default() };
        retrieval::search(&shop.database, query, &options).await
    };
    assert_eq!(found("secret", None).await.unwrap().hits[0].pipeline, "documents");
    assert!(found("secret", Some("titles")).await.unwrap().hits.is_empty());
    let both = found("mill", None).await.unwrap();
    assert_eq!((both.hits.len(), both.is_hybrid, both.trouble), (1, false, None));
    assert_eq!(found("mill", Some("tiles")).await.unwrap_err().code(), "no_such_pipeline");
}

#[tokio::test]
async fn without_pgvector_only_the_embeddings_wait() {
    let shop = Shop::open().await;
    let embeddings = json!({"url": "http://127.0.0.1:9/v1/embeddings", "model": "m", "dimensions": 3});
    let spec = documents(json!({"embeddings": embeddings}));
    work::declare(&shop.database, &[spec]).await.unwrap();
    shop.put("a", &json!({"title": "Mill", "text": "It grinds corn."})).await;
    let pipeline = shop.drain().await;
    assert!(pipeline.error.is_none(), "{pipeline:?}");
    assert_eq!((pipeline.num_succeeded, pipeline.num_unembedded), (1, 1));
    let trouble = pipeline.embed_trouble.as_ref().unwrap();
    assert_eq!(trouble.reason_code, "embeddings_no_vector");
    assert!(trouble.message.contains("create extension vector"), "{trouble:?}");
    let options = SearchOptions {
        declarations: super::super::all_stored(&shop.client).await,
        ..SearchOptions::default()
    };
    let found = retrieval::search(&shop.database, "corn", &options).await.unwrap();
    assert_eq!((found.hits.len(), found.is_hybrid), (1, false));
    assert_eq!(found.trouble.as_ref(), Some(&trouble.message));
}

#[tokio::test]
async fn wrong_settings_of_documents_say_what_is_wrong() {
    let shop = Shop::open().await;
    for (config, reason) in [
        (json!({"chunk": {"target": 5}}), "must be at least 100"),
        (json!({"chunk": {"size": 5}}), "no setting `size`"),
        (json!({"chunk": {"max": "x"}}), "`chunk.max` must be a whole number"),
        (json!({"embeddings": {"url": "http://x"}}), "needs `model`"),
    ] {
        let error = work::declare(&shop.database, &[documents(config)]).await.unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
    }
}

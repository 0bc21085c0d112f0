//! The totals of one source and of all sources.

use forebay_store::{
    sources::{self, SourceSpec},
    stats::{self, ScopeTotals},
};

use crate::story::Story;

#[tokio::test]
async fn everything_is_counted_once() {
    let story = Story::build().await;
    let totals = stats::totals(&story.client, None).await.unwrap();
    assert_eq!((totals.num_active, totals.num_removed), (2, 0));
    assert_eq!(totals.num_versions, 3 + 1);
    assert_eq!(totals.num_revisions, 3 + 1 + 1 + 3);
    assert_eq!(totals.runs["complete"], 4);
    assert_eq!(totals.runs["held"], 0, "a state without rows is present");
    assert_eq!(totals.handoffs["pending"], 0);
    assert_eq!(stats::totals(&story.client, Some(story.source.source_id)).await.unwrap(), totals);
}

#[tokio::test]
async fn tombstones_and_handoffs_are_counted_where_they_belong() {
    let story = Story::build().await;
    let sql = "update forebay.\"references\" set removed_at = now() where record_key = 'HST-101';
        insert into forebay.ingestion_outcomes
            (reference_id, pipeline_id, version, generation, payload_hash, state, change, reason_code, enqueued_at)
        select r.reference_id, p.pipeline_id, 1, 1, r.version_hash, 'succeeded', 'added', 'added', now()
        from forebay.\"references\" as r, forebay.pipelines as p";
    story.client.batch_execute(sql).await.unwrap();
    let other = SourceSpec {
        name: "events".into(),
        entity_type: "event".into(),
        key_fields: vec!["id".into()],
        policy: serde_json::json!({}),
        is_published: None,
        project: None,
    };
    let other = sources::declare(&story.client, &other).await.unwrap();

    let ours = stats::totals(&story.client, Some(story.source.source_id)).await.unwrap();
    assert_eq!((ours.num_active, ours.num_removed, ours.num_versions), (1, 1, 4));
    assert_eq!((ours.handoffs["succeeded"], ours.handoffs["pending"]), (2, 0));
    let scopes = stats::scopes(&story.client, story.source.source_id).await.unwrap();
    assert_eq!(scopes, [ScopeTotals { scope: String::new(), num_active: 1, num_removed: 1 }]);

    let (ours_id, theirs_id) = (story.source.source_id, other.source_id);
    let gone =
        "update forebay.\"references\" set scope = 'a=b', removed_at = now() where record_key = 'HST-101'";
    story.client.batch_execute(gone).await.unwrap();
    for (source_ids, scope, expected) in [
        (None, "", true),
        (None, "a=b", true),
        (None, "c=d", false),
        (Some(&[ours_id, theirs_id][..]), "a=b", true),
        (Some(&[theirs_id][..]), "", false),
        (Some(&[theirs_id][..]), "a=b", false),
        (Some(&[][..]), "", false),
    ] {
        let found = stats::has_scope(&story.client, source_ids, scope).await.unwrap();
        assert_eq!(found, expected, "{source_ids:?} {scope}");
    }
    assert_eq!(stats::scope_names(&story.client, None).await.unwrap(), ["", "a=b"]);
    assert_eq!(stats::scope_names(&story.client, Some(&[theirs_id])).await.unwrap(), [""; 0]);

    let theirs = stats::totals(&story.client, Some(other.source_id)).await.unwrap();
    assert_eq!((theirs.num_active, theirs.num_removed, theirs.num_versions), (0, 0, 0));
    assert_eq!(theirs.num_revisions, 0);
    assert!(theirs.handoffs.values().chain(theirs.runs.values()).all(|count| *count == 0), "{theirs:?}");
    assert_eq!(sources::names(&story.client).await.unwrap(), ["courses", "events"]);
}

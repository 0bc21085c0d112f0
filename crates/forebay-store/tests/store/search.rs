//! Full-text search where very many chunks contain a word.

use forebay_domain::question::Question;
use forebay_store::{
    documents::{SearchFilter, candidates_by_any_word},
    testing,
};

#[tokio::test]
async fn a_filter_applies_before_reading_stops() {
    let database = testing::database().await;
    let client = database.client().await;
    // More chunks of `a` than are read for one word, and then two of `b`.
    let fill = "
        insert into forebay.sources (name, entity_type, key_fields)
            values ('a', 'tool', '{id}'), ('b', 'machine', '{id}');
        insert into forebay.\"references\" (reference_id, first_seen_at, changed_at, observed_at, first_seen_run_id,
                scrape_run_id, source_id, version, version_hash, entity_type, scope, record_key, payload)
            select forebay.reference_id(s.name, k), now(), now(), now(), 1, 1, s.source_id, 1, sha256('x'),
                s.entity_type, case s.name when 'a' then '' else 'part=1' end, k, jsonb_build_object('kind', s.name)
            from forebay.sources as s, unnest(array['1', '2']) as k;
        insert into forebay.documents (reference_id, pipeline_id, num_chunks, language, payload_hash, title)
            select r.reference_id, 1, 1, 'simple', sha256('x'), 'Pump' from forebay.\"references\" as r;
        insert into forebay.document_chunks (reference_id, chunk_id, pipeline_id, ordinal, language, content_hash,
                title, heading, content, search)
            select r.reference_id, forebay.reference_id('chunk', n::text), 1, n, 'simple', sha256('x'), '', '', 'pump',
                to_tsvector('simple', 'pump')
            from forebay.\"references\" as r
            join forebay.sources as s using (source_id)
            cross join lateral generate_series(1, case s.name when 'a' then 5001 else 1 end) as n
            order by s.name";
    client.batch_execute(fill).await.unwrap();
    let question = Question::parse("pump missing");
    let num_found = async |filter: SearchFilter| {
        let found = candidates_by_any_word(&client, &question, &filter, 10).await.unwrap();
        found.len()
    };
    let default = SearchFilter::default;
    assert_eq!(num_found(SearchFilter { source: Some("b".into()), ..default() }).await, 2);
    assert_eq!(num_found(SearchFilter { entity_type: Some("machine".into()), ..default() }).await, 2);
    assert_eq!(num_found(SearchFilter { scope: Some("part=1".parse().unwrap()), ..default() }).await, 2);
    assert_eq!(num_found(SearchFilter { fields: vec!["kind=b".parse().unwrap()], ..default() }).await, 2);
    assert_eq!(num_found(SearchFilter { source: Some("c".into()), ..default() }).await, 0);
    assert_eq!(num_found(SearchFilter { source: Some("a".into()), ..default() }).await, 2);
    client
        .batch_execute("update forebay.\"references\" set removed_at = now() where record_key = '1'")
        .await
        .unwrap();
    assert_eq!(num_found(SearchFilter { source: Some("b".into()), ..default() }).await, 1);
}

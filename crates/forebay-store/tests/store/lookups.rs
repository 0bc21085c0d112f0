//! The look-ups that the page about the database promises an index.

use forebay_store::testing;

const FILL: &str = "
    insert into forebay.sources (name, entity_type, key_fields)
        select 's' || n, 't' || n % 10, '{id}' from generate_series(1, 40) as n;
    insert into forebay.scrape_runs (source_id, scope, status, is_complete, with_handoffs, engine, input, observed_at,
            started_at, ended_at)
        select s.source_id, '', 'complete', true, true, 'persist', '-', now(), now() - n * interval '1 hour', now()
        from forebay.sources as s, generate_series(1, 100) as n;
    insert into forebay.\"references\" (reference_id, first_seen_at, changed_at, observed_at, first_seen_run_id,
            scrape_run_id, source_id, version, version_hash, entity_type, scope, record_key, payload)
        select forebay.reference_id(s.name, n::text), now(), now(), now(), 1, 1, s.source_id, 1, sha256('x'),
            s.entity_type, 'part=' || n % 20, n::text, '{}'
        from forebay.sources as s, generate_series(1, 500) as n;
    select forebay_private.ensure_month('reference_revisions', '2026-01-05'),
        forebay_private.ensure_month('scrape_logs', '2026-01-05');
    insert into forebay.reference_revisions (reference_id, changed_at, scrape_run_id, version, change, field_name)
        select r.reference_id, '2026-01-05'::timestamptz + r.record_key::int % 400 * interval '1 hour', 1, 2, 'updated', 't'
        from forebay.\"references\" as r;
    insert into forebay.scrape_logs (run_id, logged_at, level, message)
        select n % 400, '2026-01-05', 'info', 'm' from generate_series(1, 20000) as n;
    analyze";

#[tokio::test]
async fn each_uses_an_index() {
    let database = testing::database().await;
    let client = database.client().await;
    client.batch_execute(FILL).await.unwrap();
    for (query, index) in [
        ("select * from forebay.\"references\" where reference_id = forebay.reference_id('s7', '7')", "references_pkey"),
        (
            "select * from forebay.\"references\" where removed_at is null
                and source_id in (select source_id from forebay.sources where name = 's7' and entity_type = 't7')",
            "references_active_by_scope",
        ),
        (
            "select * from forebay.\"references\" where source_id = 7 and scope = 'part=7' and removed_at is null",
            "references_active_by_scope",
        ),
        (
            "select * from forebay.reference_revisions where reference_id = forebay.reference_id('s7', '7')",
            "reference_revisions_202601_pkey",
        ),
        (
            "select * from forebay.reference_revisions where changed_at >= '2026-01-06' and changed_at < '2026-01-06 05:00Z'",
            "reference_revisions_202601_changed_at_idx",
        ),
        (
            "select * from forebay.scrape_runs where source_id = 7 order by started_at desc limit 5",
            "scrape_runs_by_time",
        ),
        ("select * from forebay.scrape_logs where run_id = 7", "scrape_logs_202601_pkey"),
    ] {
        let rows = client.query(&format!("explain {query}"), &[]).await.unwrap();
        let plan: String = rows.iter().map(|row| row.get::<_, &str>(0)).collect::<Vec<_>>().join("\n");
        assert!(plan.contains(&format!(" {index} ")) || plan.contains(&format!(" {index}\n")), "{query}:\n{plan}");
    }
}

//! Maintenance without a worker: what it prepares and deletes, and that a dry run says the same and changes nothing.

use serde_json::{Value, json};

use crate::stored::Stored;

/// A month of logs, a replaced hand-off, a page, a delivery, a breaker's change, a worker and a decision, all from
/// 2020, and one of each that is new. The new decision is past the retention of everything else.
const FILL: &str = "
    select forebay_private.ensure_month('scrape_logs', '2020-01-15'), forebay_private.ensure_month('scrape_logs', now());
    insert into forebay.scrape_logs (run_id, logged_at, level, message)
        values (1, '2020-01-15', 'info', 'old'), (1, now(), 'info', 'new');
    insert into forebay.http_validators (source_id, parser_version, run_id, fetched_at, num_records, url_hash, url)
        select 1, 1, 1, a.at, 1, sha256(a.at::text::bytea), 'https://example.test/'
        from unnest('{2020-01-15, now}'::timestamptz[]) as a (at);
    insert into forebay.circuit_breaker_transitions (source_id, changed_at, from_state, to_state, reason_code)
        select 1, a.at, 'closed', 'open', 'failure_rate' from unnest('{2020-01-15, now}'::timestamptz[]) as a (at);
    insert into forebay.workers (worker, started_at, last_seen_at)
        values ('old', '2020-01-15', '2020-01-15'), ('new', now(), now());
    insert into forebay.operator_actions (acted_at, action, target_kind, target, actor_name, actor_role, skin)
        select a.at, 'pipeline_paused', 'pipeline', 'search', 'ada', 'operator', 'cli'
        from unnest(array['2020-01-15', now() - interval '60 days']) as a (at);
    insert into forebay.ingestion_attempts (reference_id, pipeline_id, payload_hash, attempt, failed_at, failure_class,
            reason_code, message)
        select reference_id, 1, version_hash, 1, '2020-01-15', 'permanent', 'refused', 'no'
        from forebay.\"references\" where record_key = 'HST-101'";

#[test]
fn what_is_past_its_retention_is_deleted_and_the_next_months_are_prepared() {
    let stored = Stored::courses();
    stored.json("work --drain");
    stored.execute("truncate forebay.ingestion_handoffs");
    stored.execute(FILL);
    let planned = stored.json("maintain --dry-run");
    assert_eq!(planned["is_dry_run"], true);
    assert_eq!(planned["dropped"], json!(["scrape_logs_202001"]), "{planned}");
    assert_eq!(planned["created"].as_array().unwrap().len(), 9 - 1, "this month of logs exists: {planned}");
    for (count, number) in [
        ("num_handoffs", 1),
        ("num_pages", 1),
        ("num_breaker_changes", 1),
        ("num_actions", 1),
        ("num_workers", 1),
        ("num_deliveries", 0),
    ] {
        assert_eq!(planned[count], number, "{count}: {planned}");
    }
    assert_eq!(stored.json("maintain --dry-run"), planned, "nothing was changed");
    assert_eq!(stored.value("count(*) from forebay.scrape_logs"), "2");
    let text = stored.run("maintain --dry-run");
    assert!(text.contains("to drop    scrape_logs_202001"), "{text}");
    assert!(
        text.contains("1 replaced hand-off or attempt, 0 deliveries, 1 page, 1 breaker change"),
        "{text}"
    );

    let done = stored.json("maintain");
    let mut expected = planned;
    expected["is_dry_run"] = json!(false);
    assert_eq!(done, expected);
    for table in
        ["scrape_logs", "http_validators", "circuit_breaker_transitions", "operator_actions", "workers"]
    {
        assert_eq!(stored.value(&format!("count(*) from forebay.{table}")), "1", "{table}");
    }
    let again = stored.json("maintain");
    let counts = |done: &Value| -> u64 {
        done.as_object()
            .unwrap()
            .iter()
            .filter(|(name, _)| name.starts_with("num_"))
            .map(|(_, n)| n.as_u64().unwrap())
            .sum()
    };
    assert_eq!((counts(&again), &again["created"], &again["dropped"]), (0, &json!([]), &json!([])));
    let tasks = "string_agg(task, ' ' order by task) from forebay.maintenance where began_at > now() - interval '1 hour'";
    assert_eq!(stored.value(tasks), "prune prune_deliveries prune_scraping prune_workers", "workers wait");
}

#[test]
fn everything_is_kept_forever_where_asked() {
    let stored = Stored::courses();
    stored.execute(FILL);
    let done = stored.json("maintain --retention forever --delivery-retention forever");
    assert_eq!((&done["dropped"], &done["num_pages"]), (&json!([]), &json!(0)));
    assert_eq!(done["num_workers"], 1, "dead workers are no history");
    assert_eq!(stored.value("count(*) from forebay.scrape_logs"), "2");
}

#[test]
fn readers_of_the_logs_delay_dropping_and_nothing_else() {
    let stored = Stored::courses();
    stored.execute(FILL);
    let reader = stored.begin("select count(*) from forebay.scrape_logs");
    let output = stored.output("maintain --output json");
    let done: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (output.status.code(), &done["error"]["code"]),
        (Some(1), &json!("database_timeout")),
        "{done}"
    );
    assert_eq!((&done["dropped"], &done["num_pages"]), (&json!([]), &json!(1)), "the rest was done");
    assert_eq!(done["created"].as_array().unwrap().len(), 9 - 1, "{done}");
    stored.commit(&reader);
    assert_eq!(stored.json("maintain")["dropped"], json!(["scrape_logs_202001"]));
}

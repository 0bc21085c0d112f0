//! Pages: reliable ones are found, unreliable ones aren't, and unchanged ones aren't written.

use std::time::Duration;

use forebay_domain::identity::{ReferenceId, VersionHash};
use forebay_store::{
    maintenance::Mode,
    pages::{self, PageEntry, PageKey},
    testing::{self, TestDatabase},
};
use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::clock::now;

const FILL: &str = "insert into forebay.sources (name, entity_type, key_fields) values ('s', 'item', '{id}');
    insert into forebay.scrape_runs (source_id, scope, status, ended_at, is_complete, with_handoffs, engine, input, observed_at)
        select 1, '', s.status, now(), true, true, 'test', '-', now()
        from unnest('{complete,partial,held,failed,aborted}'::text[]) as s (status);
    insert into forebay.\"references\" (reference_id, first_seen_at, changed_at, observed_at, first_seen_run_id,
            scrape_run_id, source_id, version, version_hash, entity_type, scope, record_key, payload)
        select forebay.reference_id('s', n::text), now(), now(), now(), 1, 1, 1, 1, sha256('1'), 'item', '', n::text, '{}'
        from generate_series(1, 9) as n";

struct Stage {
    _test: TestDatabase,
    client: Client,
}

impl Stage {
    async fn set() -> Self {
        let test = testing::database().await;
        let client = test.client().await;
        client.batch_execute(FILL).await.unwrap();
        Self { _test: test, client }
    }

    async fn save(&self, run_id: i64, pages: &[PageEntry]) -> u64 {
        pages::save(&self.client, 1, 1, run_id, pages).await.unwrap()
    }

    async fn found(&self, pages: &[PageEntry]) -> Vec<PageEntry> {
        let keys: Vec<PageKey> = pages.iter().map(|page| page.key).collect();
        let mut found = pages::find(&self.client, 1, 1, "", &keys).await.unwrap();
        found.sort_by(|a, b| a.url.cmp(&b.url));
        found
    }
}

/// Any key will do, as long as different pages have different keys.
fn key(name: &str) -> PageKey {
    VersionHash::of(name.as_bytes()).0
}

fn page(name: &str, keys: &[&str]) -> PageEntry {
    PageEntry {
        key: key(name),
        url: format!("https://example.test/{name}"),
        etag: Some(format!("W/\"{name}\"")),
        last_modified: None,
        fresh_until: "2026-01-05T13:00:00Z".parse().ok(),
        fetched_at: "2026-01-05T12:00:00Z".parse().unwrap(),
        num_records: i32::try_from(keys.len()).unwrap(),
        reference_ids: keys.iter().map(|key| ReferenceId::compute("s", key)).collect(),
        field_counts: [("id".to_owned(), keys.len() as u64)].into(),
        links: json!([{"url": format!("https://example.test/{name}/next"), "role": "next"}]),
    }
}

#[tokio::test]
async fn pages_round_trip() {
    let stage = Stage::set().await;
    let pages = [page("a", &["1", "2"]), page("b", &[]), page("c", &["3"])];
    assert_eq!(stage.save(1, &pages).await, 3);
    assert_eq!(stage.found(&pages).await, pages);
    let twice = [pages[0].clone(), pages[0].clone(), page("unknown", &[])];
    assert_eq!(stage.found(&twice).await, pages[..1]);
    assert_eq!(pages::find(&stage.client, 1, 2, "", &[pages[0].key]).await.unwrap(), [], "another parser");
    assert_eq!(pages::find(&stage.client, 2, 1, "", &[pages[0].key]).await.unwrap(), [], "another source");
    assert_eq!(stage.save(1, &[]).await, 0);
}

#[tokio::test]
async fn unchanged_pages_are_not_written() {
    let stage = Stage::set().await;
    let mut pages = vec![page("a", &["1", "2"]), page("b", &["3"])];
    assert_eq!(stage.save(1, &pages).await, 2);
    pages[0].fetched_at = "2026-01-06T12:00:00Z".parse().unwrap();
    assert_eq!(stage.save(2, &pages).await, 0);
    pages[1].etag = None;
    pages.push(page("a", &["2"]));
    assert_eq!(stage.save(2, &pages).await, 2, "of pages with the same URL, the last is stored");
    let found = stage.found(&pages[1..2]).await;
    assert_eq!((found[0].etag.as_deref(), found[0].num_records), (None, 1));
    assert_eq!(stage.found(&pages[..1]).await, pages[2..]);
}

#[tokio::test]
async fn only_pages_of_successful_runs_are_reliable() {
    let stage = Stage::set().await;
    for (run_id, is_good) in [(1, true), (2, true), (3, false), (4, false), (5, false), (99, false)] {
        let pages = [page(&format!("of-run-{run_id}"), &["1"])];
        assert_eq!(stage.save(run_id, &pages).await, 1);
        assert_eq!(!stage.found(&pages).await.is_empty(), is_good, "run {run_id}");
    }
    // When a successful run reads the same page again, it becomes reliable.
    let again = [page("of-run-4", &["1"])];
    assert_eq!(stage.save(1, &again).await, 1);
    assert_eq!(stage.found(&again).await, again);
    // A held run that was released.
    stage
        .client
        .batch_execute("update forebay.scrape_runs set status = 'complete' where run_id = 3")
        .await
        .unwrap();
    assert_eq!(stage.found(&[page("of-run-3", &["1"])]).await.len(), 1);
}

#[tokio::test]
async fn every_reference_of_a_page_must_be_active() {
    let stage = Stage::set().await;
    let pages = [page("a", &["1", "2", "3"]), page("b", &["4"]), page("c", &["5", "unknown"])];
    stage.save(1, &pages).await;
    assert_eq!(stage.found(&pages).await, pages[..2], "a reference that never existed");
    let remove = "update forebay.\"references\" set removed_at = now() where record_key = '2'";
    stage.client.batch_execute(remove).await.unwrap();
    assert_eq!(stage.found(&pages).await, pages[1..2]);
    let restore = "update forebay.\"references\" set removed_at = null where record_key = '2'";
    stage.client.batch_execute(restore).await.unwrap();
    assert_eq!(stage.found(&pages).await, pages[..2]);
}

#[tokio::test]
async fn pages_overwritten_by_a_later_run_or_scope_are_read_again() {
    let stage = Stage::set().await;
    let pages = [page("a", &["1", "2"]), page("b", &["3"])];
    stage.save(1, &pages).await;
    let change = "update forebay.\"references\" set scrape_run_id = 2 where record_key = '2'";
    stage.client.batch_execute(change).await.unwrap();
    assert_eq!(stage.found(&pages).await, pages[1..]);
    // When read again unchanged, it becomes reliable.
    assert_eq!(stage.save(2, &pages).await, 1);
    assert_eq!(stage.found(&pages).await, pages);
    assert_eq!(stage.save(2, &pages).await, 0);

    let keys: Vec<PageKey> = pages.iter().map(|page| page.key).collect();
    assert_eq!(pages::find(&stage.client, 1, 1, "k=other", &keys).await.unwrap(), []);
    let take = "update forebay.\"references\" set scope = 'k=other' where record_key = '3'";
    stage.client.batch_execute(take).await.unwrap();
    assert_eq!(stage.found(&pages).await, pages[..1]);
}

#[tokio::test]
async fn a_file_is_reliable_until_another_run_changes_its_scope() {
    let stage = Stage::set().await;
    let file = PageEntry { links: json!([]), ..page("file", &[]) };
    let found = async |scope| pages::find_file(&stage.client, 1, 1, scope, file.key).await.unwrap();
    let run = async |scope: &str, status: &str, reason: Option<&str>| -> i64 {
        let statement = "insert into forebay.scrape_runs (source_id, scope, status, reason_code, ended_at, is_complete, \
                 with_handoffs, engine, input, observed_at) \
             values (1, $1, $2, $3, case when $2 <> 'running' then now() end, true, true, 'test', '-', now()) \
             returning run_id";
        stage.client.query_one(statement, &[&scope, &status, &reason]).await.unwrap().get(0)
    };
    let first = run("k=a", "complete", None).await;
    pages::save_file(&stage.client, 1, 1, first, &file).await.unwrap();
    assert_eq!(found("k=a").await.as_ref(), Some(&file));
    assert_eq!(found("k=b").await, None, "the run covered another scope");
    assert_eq!(pages::find_file(&stage.client, 1, 2, "k=a", file.key).await.unwrap(), None, "another parser");

    run("k=a", "complete", Some("not_modified")).await;
    run("k=a", "held", Some("empty_run")).await;
    run("k=b", "complete", None).await;
    run("k=a", "running", None).await;
    assert_eq!(found("k=a").await.as_ref(), Some(&file), "none of these runs changed the scope");
    for status in ["failed", "partial", "complete", "aborted"] {
        run("k=a", status, None).await;
        assert_eq!(found("k=a").await, None, "{status}");
        let again = run("k=a", "complete", None).await;
        assert_eq!(pages::save_file(&stage.client, 1, 1, again, &file).await.unwrap(), 1);
        assert_eq!(found("k=a").await.as_ref(), Some(&file), "the file was read again");
    }
}

#[tokio::test]
async fn pages_that_cannot_be_stored_are_read_again() {
    let stage = Stage::set().await;
    let mut zero = page("zero", &["1"]);
    zero.links = json!(["a\0b"]);
    let pages = [zero, page("a", &["1"])];
    assert_eq!(stage.save(1, &pages).await, 1);
    assert_eq!(stage.found(&pages).await, pages[1..]);
}

#[tokio::test]
async fn old_pages_are_deleted() {
    let stage = Stage::set().await;
    let young = PageEntry { fetched_at: now(), ..page("young", &["1"]) };
    let pages = [page("old", &["1"]), young];
    stage.save(1, &pages).await;
    assert_eq!(pages::prune(&stage.client, Duration::from_hours(24), Mode::Delete).await.unwrap(), 1);
    assert_eq!(stage.found(&pages).await.len(), 1);
}

/// The nodes of a plan: type, relation and index of each.
fn nodes(plan: &Value, out: &mut Vec<String>) {
    let word = |name: &str| plan[name].as_str().unwrap_or_default().to_owned();
    out.push(format!("{} {} {}", word("Node Type"), word("Relation Name"), word("Index Name")));
    for child in plan["Plans"].as_array().into_iter().flatten() {
        nodes(child, out);
    }
}

#[tokio::test]
async fn finding_uses_indexes_regardless_of_statistics() {
    let stage = Stage::set().await;
    let client = &stage.client;
    let fill = "alter table forebay.http_validators set (autovacuum_enabled = off);
        alter table forebay.\"references\" set (autovacuum_enabled = off);
        insert into forebay.\"references\" (reference_id, first_seen_at, changed_at, observed_at, first_seen_run_id,
                scrape_run_id, source_id, version, version_hash, entity_type, scope, record_key, payload)
            select forebay.reference_id('s', n::text), now(), now(), now(), 1, 1, 1, 1, sha256('1'), 'item', '', n::text, '{}'
            from generate_series(10, 20000) as n;
        insert into forebay.http_validators (source_id, parser_version, run_id, fetched_at, num_records, url_hash, url,
                reference_ids)
            select 1, 1, 1, now(), 2, sha256(n::text::bytea), n::text,
                array[forebay.reference_id('s', n::text), forebay.reference_id('s', (n + 1)::text)]
            from generate_series(1, 19999) as n";
    client.batch_execute(fill).await.unwrap();
    for with_statistics in [false, true] {
        if with_statistics {
            client.batch_execute("vacuum (analyze)").await.unwrap();
        }
        for batch in [5, 5_000] {
            let hashes = format!(
                "select array_agg(sha256(n::text::bytea))::text from generate_series(1, {batch}) as n"
            );
            let hashes: String = client.query_one(&hashes, &[]).await.unwrap().get(0);
            let prepare = format!("prepare planned (int4, int4, bytea[], text) as {}", pages::FIND);
            client.batch_execute(&prepare).await.unwrap();
            let execute = format!("execute planned (1, 1, '{}', '')", hashes.replace('\'', "''"));
            let plan: Value =
                client.query_one(&format!("explain (format json) {execute}"), &[]).await.unwrap().get(0);
            let mut found = Vec::new();
            nodes(&plan[0]["Plan"], &mut found);
            let listed = found.join("\n");
            for node in
                ["Index Scan http_validators http_validators_pkey", "Index Scan references references_pkey"]
            {
                assert!(found.iter().any(|found| found == node), "{batch}: no {node}\n{listed}");
            }
            assert!(
                !listed.contains("Seq Scan references") && !listed.contains("Seq Scan http_validators"),
                "{listed}"
            );
            assert!(!listed.contains("Hash Join") && !listed.contains("Merge Join"), "{listed}");
            assert_eq!(client.query(&execute, &[]).await.unwrap().len(), batch);
            client.batch_execute("deallocate planned").await.unwrap();
        }
    }
}

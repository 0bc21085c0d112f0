//! The profile `api` through a real `PostgREST`: what each role reads, and the relationships along which it embeds.

use std::slice;

use serde_json::{Value, json};

use super::{
    expectations::Actor,
    lab::Lab,
    postgrest::{API, PostgRest, is_installed, is_refused, rows},
    seeds,
};

/// A second reference of the published source, with later versions, and a run that it shares with the first.
const MORE: &str = "
    insert into forebay.\"references\" (reference_id, first_seen_at, changed_at, observed_at, first_seen_run_id, scrape_run_id,
        source_id, version, version_hash, entity_type, scope, record_key, payload, lineage)
    select forebay.reference_id('open', 'second'), '2026-01-01', '2026-01-03', '2026-01-03', r.run_id, r.run_id,
        r.source_id, 3, decode(repeat('ab', 32), 'hex'), 'course', 'term=Spring 2026', 'second', '{\"title\": \"C\"}',
        '{\"url\": \"https://example.com/second\"}'
    from forebay.scrape_runs as r join forebay.sources as s using (source_id) where s.name = 'open';
    select forebay_private.ensure_month('reference_revisions', '2026-01-02');
    insert into forebay.reference_revisions
    select r.reference_id, d.changed_at::timestamptz, r.scrape_run_id, d.version, 'updated', 'title', d.old_value, d.new_value
    from forebay.\"references\" as r,
        (values ('2026-01-02', 2, '\"A\"'::jsonb, '\"B\"'::jsonb), ('2026-01-03', 3, '\"B\"', '\"C\"'))
            as d (changed_at, version, old_value, new_value)
    where r.record_key = 'second'";

async fn planted(name: &str) -> Lab {
    let lab = seeds::planted(name).await;
    lab.owner().await.batch_execute(MORE).await.unwrap();
    lab
}

#[tokio::test]
async fn every_role_but_anon_reads_what_is_published_and_nothing_else() {
    if !is_installed() {
        return;
    }
    let lab = planted("api").await;
    let api = PostgRest::start(&lab, "forebay_api", "anon, authenticated, service_role").await;
    let read = |actor, path: &str| api.try_as(actor, "GET", path, None);
    for path in ["/references", "/revisions", "/runs", "/freshness", "/sources"] {
        let anonymous = read(Actor::Anon, path);
        assert!(is_refused(&anonymous), "{path}: {anonymous:?}");
        let shown = rows(&read(Actor::Authenticated, path));
        assert!(!shown.is_empty(), "{path} shows nothing");
        for actor in [Actor::Admin, Actor::Service] {
            assert_eq!(rows(&read(actor, path)), shown, "{path} as {actor:?}");
        }
        let text = Value::Array(shown).to_string();
        for hidden in ["closed", "hidden", "gone", "secret", "internal"] {
            assert!(!text.contains(hidden), "{path} shows {hidden}: {text}");
        }
        for actor in API {
            for (method, body) in
                [("POST", json!({})), ("PATCH", json!({"run_id": "1"})), ("DELETE", Value::Null)]
            {
                let answer = api.try_as(actor, method, path, (!body.is_null()).then_some(&body));
                assert!(answer.status >= 400, "{actor:?} {method} {path}: {answer:?}");
            }
        }
    }

    let reference = rows(&read(Actor::Authenticated, "/references?record_key=eq.second"));
    let run = lab.text("select r.run_id::text from forebay.scrape_runs as r order by r.run_id limit 1").await;
    assert_eq!(
        reference[0],
        json!({
            "id": lab.text("select forebay.reference_id('open', 'second')::text").await, "source_name": "open",
            "record_key": "second", "entity_type": "course", "scope": {"term": "Spring 2026"},
            "scope_text": "term=Spring 2026", "version": 3, "payload": {"title": "C"}, "version_hash": "ab".repeat(32),
            "url": "https://example.com/second", "first_seen_at": "2026-01-01T00:00:00+00:00",
            "changed_at": "2026-01-03T00:00:00+00:00", "observed_at": "2026-01-03T00:00:00+00:00", "run_id": run,
        })
    );
    let runs =
        rows(&read(Actor::Authenticated, "/runs?select=id,source_name,scope,status,num_seen,field_coverage"));
    assert_eq!(
        runs,
        [json!({
            "id": run, "source_name": "open", "scope": {"term": "Fall 2026"}, "status": "complete", "num_seen": 2,
            "field_coverage": {"title": 0.5},
        })]
    );
    let fresh = rows(&read(Actor::Authenticated, "/freshness?select=entity_type,scope,status"));
    assert_eq!(
        fresh,
        [json!({"entity_type": "course", "scope": {"term": "Fall 2026"}, "status": "success"})]
    );

    let find = |actor, source: &str, key: &str| {
        let body = json!({"source_name": source, "record_key": key});
        api.try_as(actor, "POST", "/rpc/find_reference?select=record_key", Some(&body))
    };
    for (key, found) in [("shown", "shown"), ("renamed", "shown"), ("second", "second")] {
        assert_eq!(rows(&find(Actor::Authenticated, "open", key)), [json!({"record_key": found})], "{key}");
    }
    for (source, key) in [("open", "gone"), ("closed", "hidden"), ("closed", "renamed")] {
        for actor in [Actor::Authenticated, Actor::Admin, Actor::Service] {
            assert_eq!(rows(&find(actor, source, key)), [json!(null); 0], "{source}/{key}");
        }
    }
    assert!(is_refused(&find(Actor::Anon, "open", "shown")));

    lab.owner().await.batch_execute("update forebay.sources set is_published = false").await.unwrap();
    for path in ["/references", "/revisions", "/runs", "/freshness", "/sources"] {
        assert_eq!(rows(&read(Actor::Authenticated, path)), [json!(null); 0], "{path}");
    }
    drop(api);
    lab.close().await;
}

#[tokio::test]
async fn references_embed_their_revisions_run_and_source() {
    if !is_installed() {
        return;
    }
    let lab = planted("embedding").await;
    let api = PostgRest::start(&lab, "forebay_api", "anon, authenticated, service_role").await;
    let read = |path: &str| {
        let answer = api.try_as(Actor::Authenticated, "GET", path, None);
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        rows(&answer)
    };
    let all = read("/references?select=record_key,revisions(*),run(*)&order=record_key");
    assert_eq!(
        all.iter()
            .map(|row| (&row["record_key"], row["revisions"].as_array().unwrap().len()))
            .collect::<Vec<_>>(),
        [(&json!("second"), 2), (&json!("shown"), 1)]
    );
    let run = &read("/runs")[0];
    assert!(all.iter().all(|row| &row["run"] == run), "{all:?}");

    // Filters, order and a limit of what is embedded.
    assert_eq!(
        read(
            "/references?select=record_key,revisions(version,new_value),run(status),source(name,entity_type)\
             &record_key=eq.second&revisions.order=changed_at.desc&revisions.limit=1"
        ),
        [json!({
            "record_key": "second", "revisions": [{"version": 3, "new_value": "C"}], "run": {"status": "complete"},
            "source": {"name": "open", "entity_type": "course"},
        })]
    );
    assert_eq!(
        read("/references?select=record_key,revisions!inner(version)&revisions.version=eq.2"),
        [json!({"record_key": "second", "revisions": [{"version": 2}]})]
    );
    // Pages of the references, ordered by what they embed.
    assert_eq!(
        read("/references?select=record_key,run(id)&order=run(id).desc,record_key&limit=1&offset=1"),
        [json!({"record_key": "shown", "run": {"id": run["id"]}})]
    );
    assert_eq!(
        read("/revisions?select=version,reference(record_key)&order=version.desc&limit=1"),
        [json!({"version": 3, "reference": {"record_key": "second"}})]
    );
    assert_eq!(read("/runs?select=source(name)"), [json!({"source": {"name": "open"}})]);
    drop(api);
    lab.close().await;
}

/// Tables without a foreign key embed too.
#[tokio::test]
async fn tables_embed_along_keys_that_are_not_enforced() {
    if !is_installed() {
        return;
    }
    let lab = planted("tables").await;
    let owner = lab.owner().await;
    owner
        .execute("select forebay.enqueue('documents', array[forebay.reference_id('open', 'second')])", &[])
        .await
        .unwrap();
    let api = PostgRest::start(&lab, "forebay", "anon, authenticated, service_role").await;
    let read = |actor, path: &str| {
        let answer = api.try_as(actor, "GET", path, None);
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        rows(&answer)
    };
    let path = "/references?select=record_key,revisions(version),run(status),source(name),handoffs(state,pipeline(name))\
         &record_key=eq.second&revisions.order=version";
    let embedded = json!({
        "record_key": "second", "revisions": [{"version": 2}, {"version": 3}], "run": {"status": "complete"},
        "source": {"name": "open"}, "handoffs": [{"state": "pending", "pipeline": {"name": "documents"}}],
    });
    assert_eq!(read(Actor::Admin, path), slice::from_ref(&embedded));
    assert_eq!(read(Actor::Service, path), [embedded]);
    // Runs, sources and hand-offs are not published.
    assert_eq!(
        read(Actor::Authenticated, path),
        [json!({
            "record_key": "second", "revisions": [{"version": 2}, {"version": 3}], "run": null, "source": null,
            "handoffs": [],
        })]
    );
    assert_eq!(
        read(Actor::Admin, "/reference_revisions?select=reference(record_key),run(status)&version=eq.3"),
        [json!({"reference": {"record_key": "second"}, "run": {"status": "complete"}})]
    );
    assert_eq!(
        read(Actor::Admin, "/handoffs?select=reference(record_key)&state=eq.pending&version=eq.3"),
        [json!({"reference": {"record_key": "second"}})]
    );
    drop(api);
    lab.close().await;
}

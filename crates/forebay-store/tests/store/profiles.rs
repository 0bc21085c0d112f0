//! Profiles: what they show, and that they replace nothing of the user's.

mod scopes;
mod services;

use forebay_store::{
    Result, migrations,
    profiles::{self, Profile, ProfileName, ScopeColumns},
    tables::SchemaName,
    testing,
};
use serde_json::{Value, json};
use tokio_postgres::Client;

fn schema(name: &str) -> SchemaName {
    SchemaName::parse(name).unwrap()
}

async fn create_freshness(client: &mut Client, name: &str, columns: &[&str]) -> Result<Profile> {
    let columns: Vec<String> = columns.iter().map(|column| (*column).to_owned()).collect();
    profiles::create_freshness(client, &schema(name), &ScopeColumns::parse(&columns)?).await
}

/// The rows of a query as JSON.
async fn rows(client: &Client, query: &str) -> Value {
    let statement = format!("select coalesce(jsonb_agg(to_jsonb(q)), '[]') from ({query}) as q");
    client.query_typed_one(&statement, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn the_views_of_events_show_revisions_runs_logs_and_breakers() {
    let database = testing::database().await;
    let mut client = database.client().await;
    let fill = "
        insert into forebay.sources (name, entity_type, key_fields)
            values ('venues', 'event', '{id}'), ('quiet', 'event', '{id}');
        insert into forebay.scrape_runs (source_id, scope, status, message, is_complete, with_handoffs, engine, input,
                observed_at, started_at, ended_at, duration_ms, num_seen, num_added)
            select source_id, 'city=Paris%2C TX', 'failed', 'timed out', true, true, 'html', '-', now(),
                '2026-01-02 03:04:05Z', '2026-01-02 03:04:07Z', 2000, 3, 2
            from forebay.sources where name = 'venues';
        insert into forebay.scrape_run_fields (run_id, field_name, num_present, coverage)
            select run_id, 'title', 2, 2 / 3.0 from forebay.scrape_runs;
        select forebay_private.ensure_month('scrape_logs', '2026-01-02'),
            forebay_private.ensure_month('reference_revisions', '2026-01-02');
        insert into forebay.scrape_logs (run_id, logged_at, level, message, metadata)
            select run_id, '2026-01-02 03:04:06Z', 'warn', 'slow', '{\"ms\": 900}' from forebay.scrape_runs;
        insert into forebay.reference_revisions
            select forebay.reference_id('venues', '1'), '2026-01-02', run_id, 2, 'updated', 'title', '\"a\"', null
            from forebay.scrape_runs;
        insert into forebay.circuit_breaker_state (source_id, state, reason_code, changed_at, failure_streak, outcomes,
                outcome_times)
            select source_id, 'forced_open', 'opened_by_operator', now(), 1.5, '{transient,success}',
                '{2026-01-01 00:00:00Z, 2026-01-02 00:00:00Z}'
            from forebay.sources where name = 'venues'";
    client.batch_execute(fill).await.unwrap();
    let profile = profiles::create_events(&mut client, &schema("Read Model")).await.unwrap();
    assert_eq!(profile.relations, ProfileName::Events.relations());
    let again = profiles::create_events(&mut client, &schema("Read Model")).await.unwrap();
    assert_eq!(again, profile);
    assert_eq!(profiles::list(&client).await.unwrap(), [profile]);

    client.batch_execute("set search_path = \"Read Model\"; set timezone = 'UTC'").await.unwrap();
    let revisions = "select r.field_name, r.old_value, r.old_value #>> '{}' as old_text, r.new_value
        from event_revisions as r where r.event_id = forebay.reference_id('venues', '1')";
    assert_eq!(
        rows(&client, revisions).await,
        json!([{"field_name": "title", "old_value": "a", "old_text": "a", "new_value": null}])
    );
    let runs = "select source_id, started_at, finished_at, engine, status, items_found, items_new, field_coverage,
        duration_ms, error, scope_json from scraping_runs where source_id = 'venues' order by started_at desc limit 1";
    assert_eq!(
        rows(&client, runs).await,
        json!([{
            "source_id": "venues", "started_at": "2026-01-02T03:04:05+00:00", "finished_at": "2026-01-02T03:04:07+00:00",
            "engine": "html", "status": "failed", "items_found": 3, "items_new": 2, "field_coverage": {"title": 66.7},
            "duration_ms": 2000, "error": "timed out", "scope_json": {"city": "Paris, TX"},
        }])
    );
    let logs = "select l.level, l.message, l.metadata from scraping_logs as l join scraping_runs as r on r.id = l.run_id";
    assert_eq!(
        rows(&client, logs).await,
        json!([{"level": "warn", "message": "slow", "metadata": {"ms": 900}}])
    );
    let breakers = "select source_id, state, failure_count, open_until, last_failure_at
        from circuit_breaker_state order by source_id";
    assert_eq!(
        rows(&client, breakers).await,
        json!([
            {"source_id": "quiet", "state": "closed", "failure_count": 0, "open_until": null, "last_failure_at": null},
            {"source_id": "venues", "state": "open", "failure_count": 2, "open_until": null,
                "last_failure_at": "2026-01-01T00:00:00+00:00"},
        ])
    );
    let bare = "select c.relname, a.attname from pg_class as c join pg_attribute as a on a.attrelid = c.oid and attnum > 0
        where c.relnamespace = '\"Read Model\"'::regnamespace and c.relkind = 'v'
            and (obj_description(c.oid, 'pg_class') is null or col_description(c.oid, attnum) is null)";
    assert_eq!(rows(&client, bare).await, json!([]), "every view and column has a comment");
}

#[tokio::test]
async fn something_of_the_users_is_never_replaced() {
    let database = testing::database().await;
    let mut client = database.client().await;
    client
        .batch_execute("create schema app; create view app.scraping_logs as select 1 as mine; create table app.sync_metadata (id int)")
        .await
        .unwrap();
    client
        .batch_execute("create function app.run(id text) returns text language sql return id")
        .await
        .unwrap();
    for refused in [
        profiles::create_api(&mut client, &schema("app")).await.unwrap_err(),
        profiles::create_events(&mut client, &schema("app")).await.unwrap_err(),
        create_freshness(&mut client, "app", &["semester"]).await.unwrap_err(),
    ] {
        assert_eq!(refused.code(), "profile_refused");
        assert!(refused.to_string().contains("exists and is not part of the profile"), "{refused}");
    }
    let relations = "select relname from pg_class where relnamespace = 'app'::regnamespace order by 1";
    assert_eq!(
        rows(&client, relations).await,
        json!([{"relname": "scraping_logs"}, {"relname": "sync_metadata"}])
    );
    assert_eq!(profiles::list(&client).await.unwrap(), []);

    // A comment that pretends, on a table of another role.
    let plant = "drop role if exists planter_of_profiles; create role planter_of_profiles;
        create schema planted authorization planter_of_profiles;
        set role planter_of_profiles;
        create table planted.sync_metadata (entity_type text, semester text);
        comment on table planted.sync_metadata is 'Forebay profile freshness: mine';
        reset role";
    client.batch_execute(plant).await.unwrap();
    let refused = create_freshness(&mut client, "planted", &["semester"]).await.unwrap_err();
    assert_eq!(refused.code(), "profile_refused");
    client.batch_execute("drop owned by planter_of_profiles; drop role planter_of_profiles").await.unwrap();

    for name in ["forebay", "forebay_private", "pg_catalog", "a\"b", "a\nb", ""] {
        assert_eq!(SchemaName::parse(name).unwrap_err().code(), "name_refused", "{name:?}");
    }
    for names in [&["last_sync"][..], &["a", "a"], &["se mester"], &["a=b"], &[]] {
        let refused = create_freshness(&mut client, "fresh", names).await.unwrap_err();
        assert_eq!(refused.code(), "name_refused", "{names:?}");
    }
}

#[tokio::test]
async fn a_profile_is_dropped_alone_or_with_the_schema() {
    let database = testing::database().await;
    let mut client = database.client().await;
    create_freshness(&mut client, "app", &["semester", "university"]).await.unwrap();
    profiles::create_events(&mut client, &schema("app")).await.unwrap();
    let refused = create_freshness(&mut client, "app", &["semester"]).await.unwrap_err();
    assert!(refused.to_string().contains("app.sync_metadata has other columns for scopes"), "{refused}");

    let dropped = profiles::drop(&mut client, ProfileName::Events, &schema("app")).await.unwrap().unwrap();
    assert_eq!(dropped.name, ProfileName::Events);
    assert_eq!(profiles::drop(&mut client, ProfileName::Events, &schema("app")).await.unwrap(), None);
    let relations =
        "select relname from pg_class where relnamespace = 'app'::regnamespace and relkind in ('r', 'v')";
    assert_eq!(rows(&client, relations).await, json!([{"relname": "sync_metadata"}]));

    profiles::create_events(&mut client, &schema("app")).await.unwrap();
    client.batch_execute("create table app.mine (id int)").await.unwrap();
    migrations::down(&mut client, 0).await.unwrap();
    assert_eq!(rows(&client, relations).await, json!([{"relname": "mine"}]));
}

#[tokio::test]
async fn roles_of_a_web_api_get_no_rights_by_default_privileges() {
    let database = testing::database().await;
    let mut client = database.client().await;
    let defaults = "create schema api; alter default privileges in schema api grant all on tables to anon";
    client.batch_execute(defaults).await.unwrap();
    profiles::create_events(&mut client, &schema("api")).await.unwrap();
    create_freshness(&mut client, "api", &["semester"]).await.unwrap();
    let rights = "select c.relname, c.relrowsecurity as rls
        from pg_class as c
        where c.relnamespace = 'api'::regnamespace and c.relkind in ('r', 'v')
            and (has_table_privilege('anon', c.oid, 'select, insert, update, delete')
                or not has_table_privilege('service_role', c.oid, 'select')
                or (c.relkind = 'r' and not c.relrowsecurity))";
    assert_eq!(rows(&client, rights).await, json!([]));
    // A grant alone opens nothing.
    let grant = "grant usage on schema api to anon; grant select, insert on api.sync_metadata to anon;
        insert into api.sync_metadata (entity_type, sync_status) values ('course', 'success');
        set role anon";
    client.batch_execute(grant).await.unwrap();
    assert_eq!(rows(&client, "select * from api.sync_metadata").await, json!([]));
    let insert = "insert into api.sync_metadata (entity_type, sync_status) values ('course', 'success')";
    assert_eq!(client.batch_execute(insert).await.unwrap_err().code().unwrap().code(), "42501");
    client.batch_execute("reset role; revoke all on api.sync_metadata from anon").await.unwrap();
    // Rights that an administrator grants later stay.
    client.batch_execute("grant select on api.scraping_runs to anon").await.unwrap();
    profiles::create_events(&mut client, &schema("api")).await.unwrap();
    assert_eq!(rows(&client, rights).await, json!([{"relname": "scraping_runs", "rls": false}]));
    client.batch_execute("drop owned by anon").await.unwrap();
}

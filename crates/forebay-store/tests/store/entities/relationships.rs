//! The functions between typed views, for fields that hold record keys.

use forebay_domain::entity::{Declared, Entity, Field, OnWrongType};
use forebay_store::{entities, testing};
use serde_json::{Value, json};
use tokio_postgres::Client;

use super::{rows, schema};

/// Events refer to venues and to the event that they belong to; both directions are wanted.
fn related() -> Declared {
    let text = "text".parse().unwrap();
    let key_of = |target: &str| Field { references: Some(target.into()), ..Field::new("x", text) };
    let of = |name: &str, view: &str, fields: Vec<(&str, Field)>| Entity {
        name: name.into(),
        view: view.into(),
        fields: fields
            .into_iter()
            .map(|(name, field)| (name.to_owned(), Field { path: name.parse().unwrap(), ..field }))
            .collect(),
        on_wrong_type: OnWrongType::Drift,
    };
    let events = vec![
        ("title", Field::new("x", text)),
        ("venue", key_of("venue")),
        ("parent", key_of("event")),
        ("number", Field { field_type: "integer".parse().unwrap(), ..key_of("talk") }),
    ];
    let talks = vec![("first_venue", key_of("venue")), ("second_venue", key_of("venue"))];
    let entities = [
        of("event", "events", events),
        of("venue", "venues", vec![("name", Field::new("x", text))]),
        of("talk", "talks", talks),
    ];
    entities.map(|entity| (entity.name.clone(), entity)).into()
}

/// Two sources of venues have the key v1, one of them by scope; the key of talks is in their scope only.
const RELATED: &str = r#"
    insert into forebay.sources (name, entity_type, key_fields) values
        ('site', 'event', '{id}'), ('b', 'venue', '{id}'), ('a', 'venue', '{id}'), ('t', 'talk', '{id,_scope}');
    insert into forebay."references" (reference_id, first_seen_at, changed_at, observed_at, first_seen_run_id,
        scrape_run_id, source_id, version, version_hash, entity_type, scope, record_key, payload, removed_at)
    select gen_random_uuid(), now(), now(), now(), 1, 1, s.source_id, 1, sha256(''), s.entity_type, k.scope, k.record_key,
        k.payload::jsonb, k.removed_at::timestamptz
    from (values
        ('site', 'e1', 'city=A|B', '{"title": "Jazz", "venue": "v1", "number": "7"}', null),
        ('site', 'e2', '', '{"title": "Rock", "venue": "v1", "parent": "e1"}', null),
        ('site', 'e3', '', '{"title": "Folk", "venue": "gone", "parent": "e1", "number": 7}', null),
        ('b', 'v1', 'city=A|B', '{"name": "Hall"}', null),
        ('a', 'v1', '', '{"name": "Attic"}', null),
        ('a', 'gone', '', '{"name": "Gone"}', now()),
        ('t', '7|city=A\|B', 'city=A|B', '{"first_venue": "v1", "second_venue": "none"}', null),
        ('t', '7|city=C', 'city=C', '{}', null)
    ) as k (source, record_key, scope, payload, removed_at)
    join forebay.sources as s on s.name = k.source"#;

#[tokio::test]
async fn a_field_with_a_record_key_leads_to_the_other_view_and_back() {
    let database = testing::database().await;
    let mut client = database.client().await;
    client.batch_execute(RELATED).await.unwrap();
    let declared = related();
    let create_all = async |client: &mut Client, declared: &Declared| {
        for entity in declared.values() {
            entities::create(client, &schema("app"), entity, declared).await.unwrap();
        }
    };
    create_all(&mut client, &declared).await;
    let functions =
        "select coalesce(jsonb_agg(f.oid::regprocedure::text order by f.oid::regprocedure::text), '[]')
        from pg_proc as f where f.pronamespace = 'app'::regnamespace";
    let names = async |client: &Client| -> Value { client.query_one(functions, &[]).await.unwrap().get(0) };
    let all = json!([
        "app.events(app.talks)",
        "app.events(app.venues)",
        "app.events_by_parent(app.events)",
        "app.first_venue_venues(app.talks)",
        "app.parent_events(app.events)",
        "app.second_venue_venues(app.talks)",
        "app.talks(app.events)",
        "app.talks_by_first_venue(app.venues)",
        "app.talks_by_second_venue(app.venues)",
        "app.venues(app.events)",
    ]);
    assert_eq!(names(&client).await, all);
    create_all(&mut client, &declared).await;
    assert_eq!(names(&client).await, all, "a second run changes nothing");

    let venues =
        "select e.title, v.name from app.events as e left join app.venues(e) as v on true order by 1";
    assert_eq!(
        rows(&client, venues).await,
        json!([{"title": "Folk", "name": null}, {"title": "Jazz", "name": "Hall"}, {"title": "Rock", "name": "Attic"}]),
        "the venue of the same scope goes first"
    );
    let talks = "select e.title, t.record_key from app.events as e, app.talks(e) as t";
    assert_eq!(
        rows(&client, talks).await,
        json!([{"title": "Jazz", "record_key": "7|city=A\\|B"}]),
        "a key in its scope belongs to records of that scope"
    );
    for (query, found) in [
        (
            "select e.title from app.venues as v, app.events(v) as e where v.name = 'Hall' order by 1",
            json!(["Jazz", "Rock"]),
        ),
        ("select e.title from app.talks as t, app.events(t) as e order by 1", json!(["Jazz"])),
        (
            "select c.title from app.events as e, app.events_by_parent(e) as c order by 1",
            json!(["Folk", "Rock"]),
        ),
        (
            "select p.title from app.events as e, app.parent_events(e) as p order by 1",
            json!(["Jazz", "Jazz"]),
        ),
        ("select v.name as title from app.talks as t, app.first_venue_venues(t) as v", json!(["Hall"])),
        ("select v.name as title from app.talks as t, app.second_venue_venues(t) as v", json!([])),
    ] {
        let titles: Vec<Value> =
            rows(&client, query).await.as_array().unwrap().iter().map(|row| row["title"].clone()).collect();
        assert_eq!(Value::Array(titles), found, "{query}");
    }

    // Another type of a column drops a view and its functions, and makes them again.
    let mut changed = declared.clone();
    changed.get_mut("venue").unwrap().fields.get_mut("name").unwrap().field_type = "json".parse().unwrap();
    create_all(&mut client, &changed).await;
    assert_eq!(names(&client).await, all);
    // A view of another name, and a field that refers to nothing any more.
    changed.get_mut("venue").unwrap().view = "places".into();
    changed.get_mut("event").unwrap().fields.get_mut("parent").unwrap().references = None;
    create_all(&mut client, &changed).await;
    let renamed = names(&client).await;
    assert!(renamed.to_string().contains("app.places(app.events)"), "{renamed}");
    assert!(!renamed.to_string().contains("venues(") && !renamed.to_string().contains("parent"), "{renamed}");

    entities::drop(&mut client, &schema("app"), "venue").await.unwrap().unwrap();
    assert_eq!(names(&client).await, json!(["app.events(app.talks)", "app.talks(app.events)"]));
    client
        .batch_execute("create function app.venues(app.events) returns text language sql as 'select null'")
        .await
        .unwrap();
    let refused =
        entities::create(&mut client, &schema("app"), &declared["venue"], &declared).await.unwrap_err();
    assert!(
        refused.to_string().contains("app.venues(app.events) exists and is no relationship"),
        "{refused}"
    );
    client.batch_execute("drop function app.venues(app.events)").await.unwrap();
    create_all(&mut client, &declared).await;
    forebay_store::migrations::down(&mut client, 14).await.unwrap();
    assert_eq!(names(&client).await, json!([]));
}

#[tokio::test]
async fn relationships_use_indexes_of_both_sides() {
    let database = testing::database().await;
    let mut client = database.client().await;
    client
        .batch_execute(
            "insert into forebay.sources (name, entity_type, key_fields) values ('s', 'event', '{id}'), ('t', 'venue', '{id}');
             insert into forebay.\"references\" (reference_id, first_seen_at, changed_at, observed_at, first_seen_run_id,
                scrape_run_id, source_id, version, version_hash, entity_type, scope, record_key, payload)
             select forebay.reference_id(s.name, n::text), now(), now(), now(), 1, 1, s.source_id, 1, sha256(''),
                s.entity_type, '', n::text, jsonb_build_object('venue', (n % 2000)::text)
             from forebay.sources as s, generate_series(1, 20000) as n",
        )
        .await
        .unwrap();
    let declared = related();
    for name in ["event", "venue"] {
        entities::create(&mut client, &schema("app"), &declared[name], &declared).await.unwrap();
    }
    client.batch_execute("analyze").await.unwrap();
    for call in [
        "select e.record_key, v.record_key from app.events as e, app.venues(e) as v where e.record_key = '77'",
        "select v.record_key, e.record_key from app.venues as v, app.events(v) as e where v.record_key = '77'",
    ] {
        let explain = format!("explain (analyze, buffers, timing off, format json) {call}");
        // The first call reads the catalogue too.
        client.query_one(&explain, &[]).await.unwrap();
        let plan: Value = client.query_one(&explain, &[]).await.unwrap().get(0);
        let pages = plan[0]["Plan"]["Shared Hit Blocks"].as_i64().unwrap();
        assert!(pages < 200, "{call} reads {pages} pages: {plan:#}");
    }
}

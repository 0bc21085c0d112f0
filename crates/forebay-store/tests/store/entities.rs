//! Typed views: what they show, which values they accept, and that they replace nothing of the user's.

mod relationships;

use std::collections::BTreeMap;

use forebay_domain::{
    entity::{Entity, Field, OnWrongType, Preset, ScalarType},
    json::Parser,
};
use forebay_store::{
    Error,
    entities::{self, EntityViews, FieldFit},
    tables::SchemaName,
    testing,
};
use proptest::{
    prelude::{Just, Strategy, any, prop_oneof},
    strategy::ValueTree,
    test_runner::TestRunner,
};
use serde_json::{Value, json};
use tokio_postgres::{Client, types::Type};

fn schema(name: &str) -> SchemaName {
    SchemaName::parse(name).unwrap()
}

/// Creates the views of one entity type, which no other refers to.
pub(crate) async fn create(client: &mut Client, name: &str, entity: &Entity) -> Result<EntityViews, Error> {
    let declared = [(entity.name.clone(), entity.clone())].into();
    entities::create(client, &schema(name), entity, &declared).await
}

/// Events with their start in an object, and a list, JSON and a hostile name besides.
pub(crate) fn event() -> Entity {
    let mut fields = Preset::Event.fields(|_| true);
    let mut add = |name: &str, of_type: &str, path: &str| {
        let field_type = of_type.parse().unwrap();
        let known = fields.remove(name).unwrap_or_else(|| Field::new("x", field_type));
        let path = path.parse().unwrap();
        fields.insert(name.to_owned(), Field { field_type, path, ..known });
    };
    add("starts_at", "timestamp", "/when/0/start");
    add("seats", "integer[]", "seats");
    add("extra", "json", "extra");
    add("it's \\ \u{e9}", "text", "r.payload'; drop table x; --\\");
    Entity { name: "event".into(), view: "events".into(), fields, on_wrong_type: OnWrongType::Drift }
}

const FILL: &str = r#"
    insert into forebay.sources (name, entity_type, key_fields) values ('site', 'event', '{id}'), ('b', 'venue', '{id}');
    insert into forebay."references" (reference_id, first_seen_at, changed_at, observed_at, first_seen_run_id,
        scrape_run_id, source_id, version, version_hash, entity_type, scope, record_key, payload, removed_at)
    select forebay.reference_id('site', k.record_key), '2026-01-01Z', '2026-01-02Z', '2026-01-03Z', 1, 1, s.source_id, 2,
        sha256(''), s.entity_type, 'city=Paris%2C TX', k.record_key, k.payload::jsonb, k.removed_at::timestamptz
    from (values
        ('site', 'good', '{"title": "Jazz", "when": [{"start": "2026-02-01T20:00:30.5+02:00"}], "venue": "v1",
            "price": "12.50", "tags": ["a", 1], "url": "https://example.org/1", "seats": [1, "2"], "extra": {"a": 1}}', null),
        ('site', 'odd', '{"title": {}, "when": [{"start": "soon"}], "price": "free", "tags": ["a", []], "url": "",
            "seats": 3, "extra": null}', null),
        ('site', 'bare', '{}', null),
        ('site', 'gone', '{"title": "Gone"}', '2026-01-02'),
        ('b', 'v1', '{"name": "Hall"}', null)
    ) as k (source, record_key, payload, removed_at)
    join forebay.sources as s on s.name = k.source;
    select forebay_private.ensure_month('reference_revisions', '2026-01-02');
    insert into forebay.reference_revisions (reference_id, changed_at, scrape_run_id, version, change, field_name,
        old_value, new_value)
    values (forebay.reference_id('site', 'good'), '2026-01-02Z', 1, 2, 'updated', 'price', '12', '"12.50"'),
        (forebay.reference_id('b', 'v1'), '2026-01-02Z', 1, 2, 'updated', 'name', null, '"Hall"')"#;

async fn rows(client: &Client, query: &str) -> Value {
    let statement = format!("select coalesce(jsonb_agg(to_jsonb(q)), '[]') from ({query}) as q");
    client.query_typed_one(&statement, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn a_view_shows_typed_fields_and_null_for_what_is_not_of_its_type() {
    let database = testing::database().await;
    let mut client = database.client().await;
    client.batch_execute(FILL).await.unwrap();
    let created = create(&mut client, "Read Model", &event()).await.unwrap();
    assert_eq!(created.relations, ["events", "events_revisions"]);
    assert_eq!(entities::list(&client).await.unwrap(), std::slice::from_ref(&created));
    client.batch_execute("set search_path = \"Read Model\"; set timezone = 'UTC'").await.unwrap();
    let typed =
        "select record_key, title, starts_at, price, tags, url, seats, extra, venue from events order by 1";
    assert_eq!(
        rows(&client, typed).await,
        json!([
            {"record_key": "bare", "title": null, "starts_at": null, "price": null, "tags": null, "url": null,
                "seats": null, "extra": null, "venue": null},
            {"record_key": "good", "title": "Jazz", "starts_at": "2026-02-01T18:00:30.5+00:00", "price": 12.50,
                "tags": ["a", "1"], "url": "https://example.org/1", "seats": [1, 2], "extra": {"a": 1}, "venue": "v1"},
            {"record_key": "odd", "title": null, "starts_at": null, "price": null, "tags": null, "url": null,
                "seats": null, "extra": null, "venue": null},
        ])
    );
    let common = "select source, version, contract_version, scope, first_seen_at, changed_at, observed_at
        from events where record_key = 'good' and reference_id = forebay.reference_id('site', 'good')";
    assert_eq!(
        rows(&client, common).await,
        json!([{"source": "site", "version": 2, "contract_version": 1, "scope": {"city": "Paris, TX"},
            "first_seen_at": "2026-01-01T00:00:00+00:00", "changed_at": "2026-01-02T00:00:00+00:00",
            "observed_at": "2026-01-03T00:00:00+00:00"}])
    );
    assert_eq!(
        rows(&client, "select source, record_key, field_name, old_value, new_value from events_revisions")
            .await,
        json!([{"source": "site", "record_key": "good", "field_name": "price", "old_value": 12, "new_value": "12.50"}])
    );
    let column_types =
        "select string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' order by a.attnum)
        from pg_attribute as a where a.attrelid = 'events'::regclass and a.attnum > 9 and a.attname !~ ' '";
    assert_eq!(
        client.query_one(column_types, &[]).await.unwrap().get::<_, &str>(0),
        "category text, description text, ends_at timestamp with time zone, extra jsonb, price numeric, seats bigint[], \
         starts_at timestamp with time zone, status text, tags text[], title text, url text, venue text"
    );
    let bare = "select c.relname, a.attname from pg_class as c join pg_attribute as a on a.attrelid = c.oid and attnum > 0
        where c.relnamespace = '\"Read Model\"'::regnamespace and c.relkind = 'v'
            and (obj_description(c.oid, 'pg_class') is null or col_description(c.oid, attnum) is null)";
    assert_eq!(rows(&client, bare).await, json!([]), "every view and column has a comment");

    let fits = entities::fit(&client, &event()).await.unwrap();
    let fit = |field: &str| {
        let FieldFit { num_wrong, num_missing, .. } = fits.iter().find(|fit| fit.field == field).unwrap();
        (*num_wrong, *num_missing)
    };
    assert_eq!(fit("title"), (1, 1), "an object is no text, and {{}} has no title");
    assert_eq!(fit("starts_at"), (1, 1));
    assert_eq!((fit("price"), fit("tags"), fit("seats")), ((1, 0), (1, 0), (1, 0)));
    assert_eq!((fit("url"), fit("extra"), fit("venue")), ((0, 0), (0, 0), (0, 0)), "blank values are none");
}

/// Values that look like those of some type, and others.
fn values() -> impl Strategy<Value = Value> {
    let texts = prop_oneof![
        "-?[0-9]{1,20}(\\.[0-9]{0,3})?([eE][+-]?[0-9]{0,3})?",
        "[0-9]{3,4}-[0-3][0-9]-[0-3][0-9]",
        "(19|20)(00|24|26)-(02|04|12)-(2[89]|3[01])([Tt ][0-2][0-9]:[0-6][0-9](:[0-6][0-9](\\.[0-9]{1,10})?)?( ?(Z|z|[+-][01][0-9](:?[0-6][0-9])?))?)?",
        "(true|FALSE|t|f|Yes|no|on|1|0)",
        "[0-9a-fA-F]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{11,12}",
        "(http|HTTPS|ftp)://[a-z/?# \u{7f}\u{a0}]{0,5}",
        "\\PC{0,6}",
    ];
    let scalar = prop_oneof![
        texts.prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        Just(json!(1e18)),
        Just(json!(u64::MAX)),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
        Just(json!({})),
    ];
    scalar.prop_recursive(2, 6, 3, |inner| proptest::collection::vec(inner, 0..3).prop_map(Value::from))
}

/// What is checked when records come in is what the views show: neither accepts a value that the other doesn't.
#[tokio::test]
async fn the_program_and_the_database_accept_the_same_values() {
    let database = testing::database().await;
    let mut client = database.client().await;
    let mut runner = TestRunner::deterministic();
    let mut samples: Vec<Value> =
        (0..3000).map(|_| values().new_tree(&mut runner).unwrap().current()).collect();
    samples.extend([
        json!("2026-02-28T23:59:59.99999999Z"),
        json!("0001-01-01T00:00+15"),
        json!("9999-12-31"),
    ]);
    let mut fields = BTreeMap::new();
    for scalar in ScalarType::ALL {
        for name in [scalar.to_string(), format!("{scalar}[]")] {
            let field_type = name.parse().unwrap();
            fields.insert(name, Field { path: "v".parse().unwrap(), ..Field::new("x", field_type) });
        }
    }
    let entity =
        Entity { name: "sample".into(), view: "sample".into(), fields, on_wrong_type: OnWrongType::Drift };
    create(&mut client, "app", &entity).await.unwrap();
    client
        .batch_execute(
            "insert into forebay.sources (name, entity_type, key_fields) values ('s', 'sample', '{id}')",
        )
        .await
        .unwrap();
    let fill = "insert into forebay.\"references\" (reference_id, first_seen_at, changed_at, observed_at, first_seen_run_id,
            scrape_run_id, source_id, version, version_hash, entity_type, scope, record_key, payload)
        select gen_random_uuid(), now(), now(), now(), 1, 1, (select source_id from forebay.sources), 1, sha256(''),
            'sample', '', (v.n - 1)::text, jsonb_build_object('v', v.value::jsonb)
        from unnest($1::text[]) with ordinality as v (value, n)";
    let texts: Vec<String> = samples.iter().map(Value::to_string).collect();
    client.execute_typed(fill, &[(&texts, Type::TEXT_ARRAY)]).await.unwrap();
    let mut num_accepted = 0;
    for (name, field) in &entity.fields {
        let shown = format!(
            "select coalesce(array_agg(record_key::int), '{{}}') from app.sample where \"{name}\" is not null"
        );
        let shown: Vec<i32> = client.query_one(&shown, &[]).await.unwrap().get(0);
        for (index, text) in texts.iter().enumerate() {
            let mut parser = Parser::new(64);
            let value = parser.parse(text.as_bytes()).unwrap().root();
            let accepted = value.source() != "null" && field.field_type.accepts(value);
            num_accepted += u32::from(accepted);
            assert_eq!(accepted, shown.contains(&i32::try_from(index).unwrap()), "{name} {text}");
        }
    }
    assert!(num_accepted > 5000, "{num_accepted}");
}

#[tokio::test]
async fn filters_use_their_index_and_changed_declarations_change_views_and_indexes() {
    let database = testing::database().await;
    let mut client = database.client().await;
    client
        .batch_execute(
            "insert into forebay.sources (name, entity_type, key_fields) values ('s', 'event', '{id}'), ('t', 'venue', '{id}');
             insert into forebay.\"references\" (reference_id, first_seen_at, changed_at, observed_at, first_seen_run_id,
                scrape_run_id, source_id, version, version_hash, entity_type, scope, record_key, payload)
             select forebay.reference_id(s.name, n::text), now(), now(), now(), 1, 1, s.source_id, 1, sha256(''),
                s.entity_type, '', n::text, jsonb_build_object('category', 'c' || n % 500, 'when',
                    jsonb_build_array(jsonb_build_object('start', to_char('2026-01-01'::date + n % 400, 'YYYY-MM-DD'))))
             from forebay.sources as s, generate_series(1, 10000) as n; analyze",
        )
        .await
        .unwrap();
    let created = create(&mut client, "app", &event()).await.unwrap();
    assert_eq!(created.indexes.len(), 3);
    client.batch_execute("analyze").await.unwrap();
    for (condition, index) in [
        ("category = 'c7'", "entity_event_category_"),
        ("starts_at >= '2026-03-01Z' and starts_at < '2026-03-02Z'", "entity_event_starts_at_"),
        ("starts_at < '2027-01-01Z' order by starts_at limit 5", "entity_event_starts_at_"),
        ("venue = 'v1'", "entity_event_venue_"),
    ] {
        let explain = format!("explain select * from app.events where {condition}");
        let plan: Vec<String> =
            client.query(&explain, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
        assert!(
            plan.iter().any(|line| line.contains(&format!("Index Scan using {index}"))
                || line.contains(&format!("on {index}"))),
            "{condition}:\n{}",
            plan.join("\n")
        );
    }

    // The same again changes nothing; an index that was left invalid is made again.
    let oids = "select jsonb_object_agg(relname, oid::bigint) from pg_class where relname ~ '^(entity_event|events)'";
    let before: Value = client.query_one(oids, &[]).await.unwrap().get(0);
    client
        .batch_execute(
            "update pg_index set indisvalid = false where indexrelid::regclass::text ~ 'entity_event_venue_'",
        )
        .await
        .unwrap();
    assert_eq!(create(&mut client, "app", &event()).await.unwrap(), created);
    let after: Value = client.query_one(oids, &[]).await.unwrap().get(0);
    for (name, oid) in before.as_object().unwrap() {
        assert_eq!(&after[name] != oid, name.starts_with("entity_event_venue_"), "{name}");
    }

    // Another schema shares the indexes. A changed type is another column and another index.
    create(&mut client, "other", &event()).await.unwrap();
    let mut changed = event();
    changed.view = "happenings".into();
    changed.fields.get_mut("category").unwrap().field_type = "integer".parse().unwrap();
    let venue = changed.fields.get_mut("venue").unwrap();
    (venue.filter, venue.references) = (false, None);
    let created = create(&mut client, "app", &changed).await.unwrap();
    assert_eq!(created.relations, ["happenings", "happenings_revisions"]);
    let relations =
        "select relname from pg_class where relname ~ '^(entity_event|events|happenings)' order by 1";
    assert_eq!(rows(&client, relations).await.as_array().unwrap().len(), 4 + 4, "both indexes of category");
    entities::drop(&mut client, &schema("other"), "event").await.unwrap().unwrap();
    assert_eq!(rows(&client, relations).await.as_array().unwrap().len(), 2 + 2);
    assert_eq!(entities::drop(&mut client, &schema("other"), "event").await.unwrap(), None);
    entities::drop(&mut client, &schema("app"), "event").await.unwrap().unwrap();
    assert_eq!(rows(&client, relations).await, json!([]));
}

#[tokio::test]
async fn something_of_the_users_is_never_replaced() {
    let database = testing::database().await;
    let mut client = database.client().await;
    client.batch_execute("create schema app; create table app.events_revisions (id int)").await.unwrap();
    let refused = create(&mut client, "app", &event()).await.unwrap_err();
    assert_eq!(refused.code(), "entity_refused");
    assert!(
        refused.to_string().contains("app.events_revisions exists and is not part of the entity"),
        "{refused}"
    );
    assert_eq!(entities::list(&client).await.unwrap(), []);

    client.batch_execute("drop table app.events_revisions").await.unwrap();
    create(&mut client, "app", &event()).await.unwrap();
    client.batch_execute("create view app.mine as select title, price from app.events").await.unwrap();
    let mut changed = event();
    changed.fields.get_mut("price").unwrap().field_type = "text".parse().unwrap();
    let refused = create(&mut client, "app", &changed).await.unwrap_err();
    assert!(refused.to_string().contains("depend"), "{refused}");
    changed = event();
    changed.fields.insert("zz".into(), Field::new("zz", "text".parse().unwrap()));
    create(&mut client, "app", &changed).await.unwrap();
    assert!(entities::drop(&mut client, &schema("app"), "event").await.is_err());
    assert_eq!(rows(&client, "select * from app.mine").await, json!([]), "it still works");
}

#[tokio::test]
async fn views_and_indexes_go_with_the_schema() {
    let database = testing::database().await;
    let mut client = database.client().await;
    create(&mut client, "app", &event()).await.unwrap();
    forebay_store::migrations::down(&mut client, 14).await.unwrap();
    let left = "select relname from pg_class where relname ~ '^(entity_|events)'";
    assert_eq!(rows(&client, left).await, json!([]));
}

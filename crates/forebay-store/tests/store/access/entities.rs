//! Typed views as the roles of a web API see them, also through a real `PostgREST`.

use forebay_domain::entity::{Declared, Entity, OnWrongType, Preset};
use forebay_store::{entities, tables::SchemaName};
use serde_json::json;

use super::{
    expectations::Actor,
    postgrest::{PostgRest, is_installed, is_refused, rows},
    seeds,
};
use crate::entities::{create, event};

#[tokio::test]
async fn typed_views_show_to_each_role_what_its_policies_do() {
    let lab = seeds::planted("entities").await;
    let mut owner = lab.owner().await;
    owner.batch_execute("alter default privileges grant all on tables to anon, authenticated").await.unwrap();
    owner
        .batch_execute(
            "update forebay.\"references\" set entity_type = 'event', payload = jsonb_build_object(
                'title', record_key, 'price', '12.5', 'when', jsonb_build_array(jsonb_build_object('start', '2026-02-01')))",
        )
        .await
        .unwrap();
    create(&mut owner, "model", &event()).await.unwrap();
    let shown =
        "select coalesce(string_agg(source || '/' || title || ' ' || price, ', ' order by source), '')
        from model.events";
    assert_eq!(lab.text_as(Actor::Authenticated, shown).await, "open/shown 12.5");
    for actor in [Actor::Admin, Actor::Service, Actor::Reader] {
        assert_eq!(lab.text_as(actor, shown).await, "closed/hidden 12.5, open/shown 12.5", "{actor:?}");
    }
    let revisions = "select string_agg(record_key, ', ' order by record_key) from model.events_revisions";
    assert_eq!(lab.text_as(Actor::Authenticated, revisions).await, "shown");
    let anon = lab.text("select has_table_privilege('anon', 'model.events', 'select')::text").await;
    assert_eq!(anon, "false");

    if is_installed() {
        let api = PostgRest::start(&lab, "model", "anon, authenticated, service_role").await;
        let path = "/events?select=source,title,price,starts_at&price=gte.12&starts_at=lt.2026-03-01";
        let answer = api.try_as(Actor::Authenticated, "GET", path, None);
        assert_eq!(
            rows(&answer),
            [
                json!({"source": "open", "title": "shown", "price": 12.5, "starts_at": "2026-02-01T00:00:00+00:00"})
            ]
        );
        assert_eq!(rows(&api.try_as(Actor::Service, "GET", path, None)).len(), 2);
        assert!(is_refused(&api.try_as(Actor::Anon, "GET", path, None)));
        for method in ["POST", "PATCH", "DELETE"] {
            let change = json!({ "title": "x" });
            let answer = api.try_as(Actor::Authenticated, method, "/events", Some(&change));
            assert!(answer.status >= 400, "{answer:?}");
        }
        drop(api);
    }
    lab.close().await;
}

#[tokio::test]
async fn typed_views_embed_each_other() {
    if !is_installed() {
        return;
    }
    let lab = seeds::planted("embedded_entities").await;
    let mut owner = lab.owner().await;
    owner
        .batch_execute(
            "alter default privileges grant all on functions to anon, authenticated;
             update forebay.sources set entity_type = 'venue' where name = 'closed';
             update forebay.\"references\" as r set entity_type = s.entity_type, payload = '{\"name\": \"Hall\"}'
                from forebay.sources as s where s.source_id = r.source_id and s.name = 'closed';
             update forebay.\"references\" as r set entity_type = 'event', payload = jsonb_build_object('title', 'Jazz', 'venue',
                    (select h.record_key from forebay.\"references\" as h where h.entity_type = 'venue' and h.removed_at is null))
                from forebay.sources as s where s.source_id = r.source_id and s.name = 'open'",
        )
        .await
        .unwrap();
    let of = |preset: Preset, name: &str, view: &str| Entity {
        name: name.into(),
        view: view.into(),
        fields: preset.fields(|_| true),
        on_wrong_type: OnWrongType::Drift,
    };
    let declared: Declared = [of(Preset::Event, "event", "events"), of(Preset::Venue, "venue", "venues")]
        .map(|entity| (entity.name.clone(), entity))
        .into();
    for entity in declared.values() {
        entities::create(&mut owner, &SchemaName::parse("model").unwrap(), entity, &declared).await.unwrap();
    }
    let api = PostgRest::start(&lab, "model", "anon, authenticated, service_role").await;
    let read = |actor, path: &str| api.try_as(actor, "GET", path, None);
    let forward = "/events?select=title,venues(name)";
    let back = "/venues?select=name,events(title)";
    assert_eq!(rows(&read(Actor::Service, forward)), [json!({"title": "Jazz", "venues": {"name": "Hall"}})]);
    assert_eq!(rows(&read(Actor::Service, back)), [json!({"name": "Hall", "events": [{"title": "Jazz"}]})]);
    // Venues are not published.
    assert_eq!(rows(&read(Actor::Authenticated, forward)), [json!({"title": "Jazz", "venues": null})]);
    assert_eq!(rows(&read(Actor::Authenticated, back)), [json!(null); 0]);
    let inner = "/events?select=title,venues!inner(name)&venues.name=eq.Hall";
    assert_eq!(rows(&read(Actor::Service, inner)).len(), 1);
    for path in [forward, back] {
        assert!(is_refused(&read(Actor::Anon, path)), "{path}");
    }
    for function in ["model.venues(model.events)", "model.events(model.venues)"] {
        let can_call = format!("select has_function_privilege('anon', '{function}', 'execute')::text");
        assert_eq!(lab.text(&can_call).await, "false", "{function}");
    }
    drop(api);
    lab.close().await;
}

//! Typed views as the roles of a web API see them, also through a real `PostgREST`.

use forebay_store::{entities, tables::SchemaName};
use serde_json::json;

use super::{
    expectations::Actor,
    postgrest::{PostgRest, is_installed, is_refused, rows},
    seeds,
};
use crate::entities::event;

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
    entities::create(&mut owner, &SchemaName::parse("model").unwrap(), &event()).await.unwrap();
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

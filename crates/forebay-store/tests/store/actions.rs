//! The audit trail: one row for an operation of several transactions, filters, pages and retention.

use std::time::Duration;

use forebay_domain::access::{Principal, Role, Skin};
use forebay_store::{
    actions::{self, Action, ActionFilter, ActionName, Actor, TargetKind},
    handoffs::{self, Mode, Operation, Selection},
    maintenance, testing,
};
use serde_json::json;

fn somebody(name: &str) -> Actor {
    let principal = Principal { name: name.to_owned(), role: Role::Operator, sources: None };
    Actor::of(&principal, Skin::Http, Some("192.0.2.7".to_owned()))
}

fn all() -> ActionFilter {
    ActionFilter { limit: 100, ..ActionFilter::default() }
}

#[tokio::test]
async fn an_operation_of_many_pages_is_one_action() {
    let database = testing::database().await;
    let mut client = database.client().await;
    let waiting = "insert into forebay.sources (name, entity_type, key_fields) values ('s', 'record', '{id}');
        insert into forebay.\"references\" (reference_id, first_seen_at, changed_at, observed_at, first_seen_run_id,
                scrape_run_id, source_id, version, version_hash, entity_type, scope, record_key, payload)
            select forebay.reference_id('s', n::text), now(), now(), now(), 1, 1, source_id, 1, sha256(n::text::bytea),
                'record', '', n::text, '{}'
            from forebay.sources, generate_series(1, 2500) as n;
        insert into forebay.ingestion_handoffs (reference_id, pipeline_id, source_id, payload_hash)
            select reference_id, 1, source_id, version_hash from forebay.\"references\"";
    client.batch_execute(waiting).await.unwrap();
    let selection = Selection { source: Some("s".to_owned()), limit: Some(2_200), ..Selection::default() };
    let by = somebody("ada").because(Some("the index is being moved"));
    for (mode, expected) in [(Mode::DryRun, 0), (Mode::Act, 1)] {
        let done = handoffs::operate(&mut client, Operation::Hold, &selection, mode, &by).await.unwrap();
        assert_eq!(done.num_done, 2_200);
        assert_eq!(actions::list(&client, &all()).await.unwrap().len(), expected, "{mode:?}");
    }
    let found = actions::list(&client, &all()).await.unwrap().remove(0);
    assert_eq!((found.action.as_str(), found.num_touched), ("handoffs_held", 2_200));
    assert_eq!((found.target_kind.as_str(), found.target.as_str()), ("handoffs", ""));
    assert_eq!(found.source.as_deref(), Some("s"));
    assert_eq!(found.parameters, json!({ "limit": 2_200 }));
    assert_eq!((found.actor.as_str(), found.role, found.skin), ("ada", Role::Operator, Skin::Http));
    assert_eq!(found.from.as_deref(), Some("192.0.2.7"));
    assert_eq!(found.reason.as_deref(), Some("the index is being moved"));
}

#[tokio::test]
async fn actions_are_found_by_what_they_concern_and_forgotten_past_their_retention() {
    let database = testing::database().await;
    let client = database.client().await;
    let released = Action { source: Some("a"), ..Action::on(ActionName::RunReleased, TargetKind::Run, "7") };
    actions::record(&client, &somebody("ada"), &released).await.unwrap();
    let opened = Action::on_source(ActionName::BreakerForcedOpen, "a");
    actions::record(&client, &somebody("bob"), &opened).await.unwrap();
    let revoked = Action::on(ActionName::TokenRevoked, TargetKind::Token, "old");
    actions::record(&client, &somebody("bob"), &revoked).await.unwrap();
    let found = async |filter: ActionFilter| {
        let rows = actions::list(&client, &filter).await.unwrap();
        rows.into_iter().map(|row| row.action).collect::<Vec<_>>().join(" ")
    };
    let of = |name: &str| ActionFilter { source: Some(name.to_owned()), ..all() };
    assert_eq!(found(of("a")).await, "breaker_forced_open run_released", "newest first");
    assert_eq!(found(of("b")).await, "");
    assert_eq!(
        found(ActionFilter { actor: Some("bob".to_owned()), ..all() }).await,
        "token_revoked breaker_forced_open"
    );
    assert_eq!(found(ActionFilter { action: Some(ActionName::RunReleased), ..all() }).await, "run_released");
    let target = Some((TargetKind::Run, "7".to_owned()));
    assert_eq!(found(ActionFilter { target, ..all() }).await, "run_released");
    assert_eq!(found(ActionFilter { before: Some(2), ..all() }).await, "run_released");
    assert_eq!(
        found(ActionFilter { since: Some("2100-01-01T00:00:00Z".parse().unwrap()), ..all() }).await,
        ""
    );

    let old = "update forebay.operator_actions set acted_at = now() - interval '40 days' where action_id < 3";
    client.batch_execute(old).await.unwrap();
    assert_eq!(
        actions::prune(&client, Duration::from_hours(24 * 30), maintenance::Mode::Delete).await.unwrap(),
        2
    );
    assert_eq!(found(all()).await, "token_revoked");
}

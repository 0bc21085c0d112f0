//! Notifications in the database: one worker decides, one sends, in order, and a dead one doubles nothing.

use std::time::Duration;

use forebay_domain::{
    handoff::FailureClass,
    notify::{AlertState, NotificationState, NotifierKind, NotifyEvent},
};
use forebay_store::{
    jobs::Receipt,
    maintenance::Mode,
    notifications::{
        self, StoredAlert,
        facts::{self, FailingLimit},
        outbox::{self, Failure, Settled},
    },
    testing,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

const EVERY: Duration = Duration::from_secs(15);
const LEASE: Duration = Duration::from_mins(1);

fn succeeded() -> Settled {
    Settled { state: NotificationState::Succeeded, retry_in: SignedDuration::ZERO, failure: None }
}

fn failed(state: NotificationState, retry_in: SignedDuration) -> Settled {
    let failure = Failure {
        class: FailureClass::Transient,
        code: "webhook_unreachable".to_owned(),
        message: "a\0b".to_owned(),
    };
    Settled { state, retry_in, failure: Some(failure) }
}

#[tokio::test]
async fn one_worker_compares_the_alerts_and_a_held_run_makes_it_due_at_once() {
    let database = testing::database().await;
    let (mut one, mut other) = (database.client().await, database.client().await);
    let ops = notifications::declare(&one, "p", "ops", NotifierKind::Slack).await.unwrap();
    let same = notifications::declare(&other, "p", "ops", NotifierKind::Slack).await.unwrap();
    let elsewhere = notifications::declare(&other, "q", "ops", NotifierKind::Email).await.unwrap();
    assert!(same == ops && elsewhere != ops);

    let first = one.transaction().await.unwrap();
    assert!(notifications::begin(&first, ops, EVERY).await.unwrap().is_some());
    let second = other.transaction().await.unwrap();
    assert_eq!(notifications::begin(&second, ops, EVERY).await.unwrap(), None, "it is locked");
    assert!(notifications::begin(&second, elsewhere, EVERY).await.unwrap().is_some());
    second.commit().await.unwrap();
    first.commit().await.unwrap();
    assert_eq!(notifications::begin(&other, ops, EVERY).await.unwrap(), None, "it was just done");

    let held = "insert into forebay.sources (name, entity_type, key_fields) values ('s', 't', '{id}');
        insert into forebay.scrape_runs
                (source_id, scope, status, is_complete, with_handoffs, engine, input, observed_at, ended_at)
            select source_id, '', 'held', true, true, 'test', '-', now(), clock_timestamp() from forebay.sources";
    one.batch_execute(held).await.unwrap();
    assert!(notifications::begin(&other, ops, EVERY).await.unwrap().is_some());
    assert_eq!(notifications::begin(&other, ops, EVERY).await.unwrap(), None);
}

#[tokio::test]
async fn alerts_are_replaced_as_a_whole_and_unchanged_ones_are_not_written() {
    let database = testing::database().await;
    let client = database.client().await;
    let ops = notifications::declare(&client, "", "ops", NotifierKind::Command).await.unwrap();
    let at = Timestamp::from_second(1_000_000).unwrap();
    let alert = |subject: &str, told_at: Option<Timestamp>| StoredAlert {
        event: NotifyEvent::RunHeld,
        subject: subject.to_owned(),
        state: AlertState { since: at, changed_at: at, is_firing: true, told_at },
        alert: json!({ "title": subject }),
    };
    let both = [alert("run 1", None), alert("run 2", Some(at))];
    notifications::replace_alerts(&client, ops, &both).await.unwrap();
    assert_eq!(notifications::alerts(&client, ops).await.unwrap(), both);
    let place = "select xmin::text from forebay.notifier_alerts where subject = 'run 2'";
    let before: String = client.query_one(place, &[]).await.unwrap().get(0);
    let left = [alert("run 2", Some(at)), alert("run 3", None)];
    notifications::replace_alerts(&client, ops, &left).await.unwrap();
    assert_eq!(notifications::alerts(&client, ops).await.unwrap(), left);
    let after: String = client.query_one(place, &[]).await.unwrap().get(0);
    assert_eq!(before, after);
    notifications::replace_alerts(&client, ops, &[]).await.unwrap();
    assert_eq!(notifications::alerts(&client, ops).await.unwrap(), []);
}

#[tokio::test]
async fn notifications_are_sent_in_order_by_one_worker_each() {
    let database = testing::database().await;
    let client = database.client().await;
    let ops = notifications::declare(&client, "", "ops", NotifierKind::Webhook).await.unwrap();
    let first = outbox::add(&client, ops, &json!(1)).await.unwrap();
    let second = outbox::add(&client, ops, &json!(2)).await.unwrap();
    let claimed = outbox::claim(&client, ops, "w1", LEASE).await.unwrap().unwrap();
    assert_eq!((&claimed.notification_id, &claimed.content), (&first, &json!(1)));
    assert_eq!(outbox::claim(&client, ops, "w2", LEASE).await.unwrap(), None, "the first one is being sent");

    // It waits for its retry, and the second one waits behind it.
    let later = failed(NotificationState::Retrying, SignedDuration::from_hours(1));
    assert!(outbox::settle(&client, &first, claimed.receipt, &later).await.unwrap());
    assert_eq!(outbox::claim(&client, ops, "w2", LEASE).await.unwrap(), None);
    let rows = outbox::list(&client, false, 10).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.content.clone()).collect::<Vec<Value>>(), [json!(2), json!(1)]);
    assert_eq!(rows[1].failure.as_ref().unwrap().message, "a\u{fffd}b");
    let list = notifications::list(&client).await.unwrap();
    assert_eq!((list[0].num_waiting, list[0].failure_code.as_deref()), (2, Some("webhook_unreachable")));

    client.batch_execute("update forebay.notifications set not_before = now()").await.unwrap();
    let claimed = outbox::claim(&client, ops, "w2", LEASE).await.unwrap().unwrap();
    assert_eq!((claimed.num_attempts, claimed.num_lost), (1, 0));
    let other = Receipt([7; 16]);
    assert!(!outbox::settle(&client, &first, other, &succeeded()).await.unwrap(), "a stale receipt");
    assert!(outbox::settle(&client, &first, claimed.receipt, &succeeded()).await.unwrap());
    assert!(!outbox::settle(&client, &first, claimed.receipt, &succeeded()).await.unwrap());
    let claimed = outbox::claim(&client, ops, "w2", LEASE).await.unwrap().unwrap();
    assert_eq!(claimed.notification_id, second);
    let gone = failed(NotificationState::Failed, SignedDuration::ZERO);
    assert!(outbox::settle(&client, &second, claimed.receipt, &gone).await.unwrap());
    let list = notifications::list(&client).await.unwrap();
    assert_eq!((list[0].num_waiting, list[0].num_failed), (0, 1));
    assert!(list[0].succeeded_at.is_some() && list[0].failed_at.is_some());
    assert_eq!(outbox::list(&client, false, 10).await.unwrap().len(), 1);
    assert_eq!(outbox::list(&client, true, 10).await.unwrap().len(), 2);

    // Old ones are deleted, and notifiers that nobody works for.
    let age = "update forebay.notifications set settled_at = now() - interval '31 days';
        update forebay.notifiers set observed_at = now() - interval '31 days'";
    client.batch_execute(age).await.unwrap();
    assert_eq!(notifications::prune(&client, Duration::from_hours(30 * 24), Mode::Delete).await.unwrap(), 3);
}

#[tokio::test]
async fn a_dead_workers_notification_is_claimed_again_and_counts_as_lost() {
    let database = testing::database().await;
    let client = database.client().await;
    let ops = notifications::declare(&client, "", "ops", NotifierKind::Webhook).await.unwrap();
    let id = outbox::add(&client, ops, &json!({})).await.unwrap();
    let dead = outbox::claim(&client, ops, "w1", LEASE).await.unwrap().unwrap();
    client.batch_execute("update forebay.notifications set lease_until = now()").await.unwrap();
    let again = outbox::claim(&client, ops, "w2", LEASE).await.unwrap().unwrap();
    assert_eq!((&again.notification_id, again.num_lost), (&id, 1));
    assert!(!outbox::settle(&client, &id, dead.receipt, &succeeded()).await.unwrap(), "it came late");
    // A worker that stops gives it back, and that is no loss.
    assert_eq!(outbox::release(&client, "w2").await.unwrap(), 1);
    let third = outbox::claim(&client, ops, "w3", LEASE).await.unwrap().unwrap();
    assert_eq!(third.num_lost, 1);
}

#[tokio::test]
async fn sources_fail_from_the_first_failure_after_the_last_success() {
    let database = testing::database().await;
    let client = database.client().await;
    let stock = "insert into forebay.sources (name, entity_type, key_fields)
            values ('bad', 't', '{id}'), ('good', 't', '{id}'), ('new', 't', '{id}');
        insert into forebay.scrape_runs (source_id, scope, status, reason_code, is_complete, with_handoffs, engine,
                input, observed_at, started_at, ended_at)
        select s.source_id, '', r.status, 'source_unreachable', true, true, 'test', '-', now(),
            now() - r.age, now() - r.age
        from forebay.sources as s
        join (values
            ('bad', 'failed', interval '9 hours'), ('bad', 'complete', interval '8 hours'),
            ('bad', 'failed', interval '3 hours'), ('bad', 'failed', interval '1 hour'),
            ('good', 'failed', interval '5 hours'), ('good', 'partial', interval '1 hour'),
            ('new', 'failed', interval '1 hour')) as r (name, status, age) using (name)";
    client.batch_execute(stock).await.unwrap();
    let failing = facts::failing_sources(&client, SignedDuration::from_hours(2)).await.unwrap();
    assert_eq!(failing.len(), 1, "{failing:?}");
    assert_eq!((failing[0].source.as_str(), failing[0].num_failures), ("bad", 2));
    let failing = facts::failing_sources(&client, SignedDuration::ZERO).await.unwrap();
    assert_eq!(failing.iter().map(|one| one.source.as_str()).collect::<Vec<_>>(), ["bad", "new"]);
}

#[tokio::test]
async fn pipelines_fail_by_the_share_of_attempts_within_the_window() {
    let database = testing::database().await;
    let client = database.client().await;
    // Of pipeline 1, 10 attempts failed now, 90 long ago and 50 were throttled; 90 hand-offs succeeded.
    let stock = "insert into forebay.sources (name, entity_type, key_fields) values ('s', 't', '{id}');
        insert into forebay.\"references\" (reference_id, source_id, entity_type, scope, record_key, payload, version_hash,
                first_seen_run_id, scrape_run_id, first_seen_at, changed_at, observed_at, version)
            select gen_random_uuid(), 1, 't', '', n::text, '{}', sha256(n::text::bytea), 1, 1, now(), now(), now(), 1
            from generate_series(1, 150) as n;
        insert into forebay.ingestion_attempts (reference_id, pipeline_id, payload_hash, attempt, failure_class,
                reason_code, message, failed_at)
            select r.reference_id, 1, r.version_hash, 1, case when r.record_key::int <= 100 then 'transient' else 'throttled' end,
                case when r.record_key::int <= 3 then 'a' else 'b' end, '',
                now() - case when r.record_key::int between 11 and 100 then interval '2 hours' else interval '1 minute' end
            from forebay.\"references\" as r;
        insert into forebay.ingestion_outcomes (reference_id, pipeline_id, payload_hash, enqueued_at, version, generation,
                state, change, reason_code)
            select r.reference_id, 1, r.version_hash, now(), 1, 1, 'succeeded', 'added', 'added'
            from forebay.\"references\" as r where r.record_key::int <= 90";
    client.batch_execute(stock).await.unwrap();
    let limit = |share: f64, min_failed: u32| FailingLimit {
        window: SignedDuration::from_hours(1),
        share,
        min_failed,
    };
    let found = facts::failing_pipelines(&client, &limit(0.09, 10)).await.unwrap();
    assert_eq!(found.len(), 1);
    let one = &found[0];
    assert_eq!((one.pipeline.as_str(), one.num_failed, one.num_succeeded), ("documents", 10, 90));
    assert_eq!((one.reason_code.as_str(), &one.source), ("b", &None));
    // Exactly the share that may fail, and too few failures.
    assert_eq!(facts::failing_pipelines(&client, &limit(0.1, 10)).await.unwrap(), []);
    assert_eq!(facts::failing_pipelines(&client, &limit(0.09, 11)).await.unwrap(), []);
    // An endpoint that was disabled because everything failed makes no attempts, and hasn't recovered.
    let disable = "update forebay.pipelines set disabled_at = now(), disabled_reason = $1, num_failures = 50, \
             failing_since = now() - interval '5 days'";
    client.execute(disable, &[&"endpoint_failing"]).await.unwrap();
    let disabled = facts::failing_pipelines(&client, &limit(0.1, 10)).await.unwrap();
    assert_eq!((disabled.len(), disabled[0].num_failed, disabled[0].is_disabled), (1, 50, true));
    client.execute(disable, &[&"operator"]).await.unwrap();
    assert_eq!(facts::failing_pipelines(&client, &limit(0.09, 10)).await.unwrap(), []);
}

#[tokio::test]
async fn a_check_without_findings_ends_the_finding() {
    let database = testing::database().await;
    let client = database.client().await;
    notifications::note_conservation(&client, 1, 12, 10).await.unwrap();
    notifications::note_conservation(&client, 1, 3, 0).await.unwrap();
    let found = facts::findings(&client).await.unwrap();
    assert_eq!((found[0].pipeline.as_str(), found[0].num_wrong, found[0].num_repaired), ("documents", 3, 0));
    notifications::note_conservation(&client, 1, 0, 0).await.unwrap();
    assert_eq!(facts::findings(&client).await.unwrap(), []);
}

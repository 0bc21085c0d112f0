//! Notifications, from what needs a person to real receivers on loopback.

mod channels;
mod mail;
mod receiver;

use std::{future::Future, time::Duration};

use forebay_domain::notify::{NotifierKind, NotifyEvent};
use forebay_engine::{
    notify::{Notifier, Notifying, Receiver, WebhookSettings},
    store::notifications::{
        self,
        facts::FailingLimit,
        outbox::{self, NotificationRow},
    },
    work::{self, WorkOptions},
};
use forebay_store::{
    connect::Database,
    testing::{self, TestDatabase},
};
use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio_postgres::Client;

use self::receiver::Hook;
use crate::wait::eventually;

/// Long enough that nothing is due before a test says so.
const LATER: SignedDuration = SignedDuration::from_hours(1);

/// A database with one source.
struct Lab {
    test: TestDatabase,
    database: Database,
    client: Client,
}

impl Lab {
    async fn open() -> Self {
        let test = testing::database().await;
        let client = test.client().await;
        let source =
            "insert into forebay.sources (name, entity_type, key_fields) values ('shop', 'item', '{id}')";
        client.batch_execute(source).await.unwrap();
        Self { database: test.open().await, client, test }
    }

    async fn run(&self, statement: &str) {
        self.client.batch_execute(statement).await.unwrap_or_else(|error| panic!("{statement}: {error:?}"));
    }

    /// Adds a run that is held now. Returns its id.
    async fn hold_run(&self, scope: &str) -> i64 {
        let statement = "insert into forebay.scrape_runs (source_id, scope, status, reason_code, is_complete,
                with_handoffs, engine, input, observed_at, ended_at, num_withheld)
            select source_id, $1, 'held', 'mass_removal', true, true, 'test', '-', now(), clock_timestamp(), 29
            from forebay.sources returning run_id";
        self.client.query_one(statement, &[&scope]).await.unwrap().get(0)
    }

    async fn waiting(&self) -> Vec<NotificationRow> {
        outbox::list(&self.client, false, 100).await.unwrap()
    }

    /// Everything that is stored about notifications, as text.
    async fn stored(&self) -> String {
        let statement = "select concat((select json_agg(n) from forebay.notifications as n),
            (select json_agg(n) from forebay.notifiers as n), (select json_agg(n) from forebay.notifier_alerts as n))";
        self.client.query_one(statement, &[]).await.unwrap().get(0)
    }
}

/// A notifier that tells at once, and never again.
fn notifier(receiver: Receiver) -> Notifier {
    Notifier {
        name: "ops".to_owned(),
        receiver,
        events: Vec::new(),
        sources: Vec::new(),
        group_wait: SignedDuration::ZERO,
        repeat_after: None,
        resolved: true,
        failing_after: SignedDuration::from_hours(1),
        failing: FailingLimit { window: SignedDuration::from_hours(1), share: 0.1, min_failed: 1 },
        give_up_after: SignedDuration::from_hours(72),
        timeout: Duration::from_secs(20),
    }
}

fn webhook(hook: &Hook) -> Notifier {
    notifier(Receiver::Webhook(WebhookSettings { url: hook.url.clone(), ..WebhookSettings::default() }))
}

fn options(worker: &str, notifier: Notifier) -> WorkOptions {
    let every = Duration::from_millis(50);
    let notifying = Notifying {
        notifiers: vec![notifier],
        public_url: Some("https://ops.example.org".parse().unwrap()),
        every,
        ..Notifying::default()
    };
    WorkOptions { worker: worker.to_owned(), notifying, ..WorkOptions::default() }
}

/// Runs a worker until the script ends.
async fn while_working<T>(lab: &Lab, options: &WorkOptions, script: impl Future<Output = T>) -> T {
    let (ended, end) = oneshot::channel::<()>();
    let stop = async {
        let _sent = end.await;
    };
    let script = async {
        let result = script.await;
        drop(ended);
        result
    };
    let (worked, result) = tokio::join!(work::follow(&lab.database, options, &|_| {}, stop), script);
    worked.unwrap();
    result
}

fn alerts(event: &Value) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let alerts = event["data"]["alerts"].as_array().unwrap().iter();
    alerts.map(|one| (text(&one["status"]), text(&one["event"]), text(&one["subject"]))).collect()
}

fn told(status: &str, event: NotifyEvent, subject: &str) -> (String, String, String) {
    (status.to_owned(), event.as_str().to_owned(), subject.to_owned())
}

#[tokio::test]
async fn a_held_run_is_told_once_by_two_workers_and_resolved_when_it_is_decided() {
    let (lab, hook) = (Lab::open().await, Hook::open().await);
    let (one, two) = (options("one", webhook(&hook)), options("two", webhook(&hook)));
    let run_id = while_working(
        &lab,
        &one,
        while_working(&lab, &two, async {
            let run_id = lab.hold_run("").await;
            eventually("the run is told", async || !hook.got().is_empty()).await;
            // Many looks of both workers.
            tokio::time::sleep(Duration::from_millis(600)).await;
            assert_eq!(hook.got().len(), 1);
            lab.run("update forebay.scrape_runs set status = 'failed', reason_code = 'rejected'").await;
            eventually("its end is told", async || hook.got().len() == 2).await;
            run_id
        }),
    )
    .await;
    let got = hook.got();
    let subject = format!("run {run_id}");
    assert_eq!(alerts(&got[0]), [told("firing", NotifyEvent::RunHeld, &subject)]);
    let alert = &got[0]["data"]["alerts"][0];
    assert_eq!(alert["link"], format!("https://ops.example.org/runs/{run_id}"));
    assert_eq!(alert["next_command"], format!("forebay runs diff {run_id}"));
    assert_eq!(alert["title"], format!("run {run_id} of shop is held: mass_removal"));
    assert_eq!(got[0]["type"], "forebay.notification");
    assert_eq!(alerts(&got[1]), [told("resolved", NotifyEvent::RunHeld, &subject)]);
    assert!(got[1]["data"]["alerts"][0]["resolved_at"].is_string());
    assert_ne!(got[0]["id"], got[1]["id"]);
}

#[tokio::test]
async fn what_comes_within_the_group_wait_is_one_notification() {
    let (lab, hook) = (Lab::open().await, Hook::open().await);
    let group_wait = SignedDuration::from_secs(2);
    let options = options("w", Notifier { group_wait, ..webhook(&hook) });
    while_working(&lab, &options, async {
        for scope in ["a=1", "a=2", "a=3"] {
            lab.hold_run(scope).await;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        assert!(hook.got().is_empty(), "it waits for the others");
        eventually("they are told", async || !hook.got().is_empty()).await;
    })
    .await;
    let got = hook.got();
    assert_eq!((got.len(), alerts(&got[0]).len()), (1, 3));
    assert_eq!(got[0]["data"]["title"], "3 alerts: run_held");
}

#[tokio::test]
async fn what_persists_is_repeated_after_the_quiet_time() {
    let (lab, hook) = (Lab::open().await, Hook::open().await);
    lab.hold_run("").await;
    let repeat_after = Some(LATER);
    let options = options("w", Notifier { repeat_after, ..webhook(&hook) });
    while_working(&lab, &options, async {
        eventually("it is told", async || hook.got().len() == 1).await;
        tokio::time::sleep(Duration::from_millis(400)).await;
        assert_eq!(hook.got().len(), 1, "the time is not over");
        // Locked, because a worker that has read the time would write it back.
        lab.run(
            "select from forebay.notifiers for update;
            update forebay.notifier_alerts set told_at = told_at - interval '1 hour'",
        )
        .await;
        eventually("it is repeated", async || hook.got().len() == 2).await;
    })
    .await;
    assert_eq!(alerts(&hook.got()[1])[0].0, "repeated");
}

#[tokio::test]
async fn nothing_is_lost_while_the_receiver_is_away() {
    let (lab, hook) = (Lab::open().await, Hook::open().await);
    hook.answer(503);
    let first = lab.hold_run("a=1").await;
    let options = options("w", webhook(&hook));
    while_working(&lab, &options, async {
        eventually("it is refused for now", async || {
            lab.waiting().await.first().is_some_and(|row| row.num_attempts > 0)
        })
        .await;
        // News comes meanwhile, and waits behind it.
        let second = lab.hold_run("a=2").await;
        eventually("both wait", async || lab.waiting().await.len() == 2).await;
        let row = notifications::list(&lab.client).await.unwrap().remove(0);
        assert_eq!((row.num_waiting, row.failure_code.as_deref()), (2, Some("webhook_throttled")));
        assert_eq!(row.kind, NotifierKind::Webhook);
        let refused = hook.got().len();
        hook.answer(200);
        eventually("both are accepted", async || {
            lab.run("update forebay.notifications set not_before = now()").await;
            lab.waiting().await.is_empty()
        })
        .await;
        let accepted = hook.got().split_off(refused);
        assert_eq!(alerts(&accepted[0]), [told("firing", NotifyEvent::RunHeld, &format!("run {first}"))]);
        assert_eq!(alerts(&accepted[1]), [told("firing", NotifyEvent::RunHeld, &format!("run {second}"))]);
        assert_eq!(accepted[0]["id"], hook.got()[0]["id"], "each attempt has the same id");
    })
    .await;
}

#[tokio::test]
async fn a_permanent_refusal_is_visible_and_stops_nothing_else() {
    let (lab, hook) = (Lab::open().await, Hook::open().await);
    hook.answer(400);
    lab.hold_run("a=1").await;
    let options = options("w", webhook(&hook));
    while_working(&lab, &options, async {
        eventually("it failed", async || {
            lab.waiting().await.first().is_some_and(|row| row.settled_at.is_some())
        })
        .await;
        let row = lab.waiting().await.remove(0);
        assert_eq!(row.failure.unwrap().code, "webhook_refused");
        let row = notifications::list(&lab.client).await.unwrap().remove(0);
        assert_eq!((row.num_failed, row.failure_code.as_deref()), (1, Some("webhook_refused")));
        hook.answer(200);
        lab.hold_run("a=2").await;
        eventually("the next one is accepted", async || hook.got().len() == 2).await;
    })
    .await;
    let row = notifications::list(&lab.client).await.unwrap().remove(0);
    assert_eq!((row.num_failed, row.failure_code), (1, None));
}

#[tokio::test]
async fn a_worker_that_dies_while_it_sends_neither_loses_nor_renames_a_notification() {
    let (lab, hook) = (Lab::open().await, Hook::open().await);
    hook.hold(true);
    lab.hold_run("").await;
    let dying = options("dying", webhook(&hook));
    {
        // Dropped in the middle of the request, so nothing is given back.
        let work = work::follow(&lab.database, &dying, &|_| {}, std::future::pending());
        let asked = eventually("the request is under way", async || hook.got().len() == 1);
        tokio::select! {
            _ = work => unreachable!("nobody stops it"),
            () = asked => {}
        }
    }
    hook.hold(false);
    let heir = options("heir", webhook(&hook));
    while_working(&lab, &heir, async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        assert_eq!(hook.got().len(), 1, "its lease holds");
        lab.run("update forebay.notifications set lease_until = now()").await;
        eventually("the other one sends it", async || lab.waiting().await.is_empty()).await;
    })
    .await;
    let got = hook.got();
    assert_eq!(got.len(), 2);
    assert_eq!(got[0]["id"], got[1]["id"]);
}

#[tokio::test]
async fn a_worker_that_stops_gives_back_what_it_was_sending() {
    let (lab, hook) = (Lab::open().await, Hook::open().await);
    hook.hold(true);
    lab.hold_run("").await;
    let first = options("first", webhook(&hook));
    while_working(&lab, &first, eventually("it is under way", async || hook.got().len() == 1)).await;
    hook.hold(false);
    let second = options("second", webhook(&hook));
    while_working(&lab, &second, eventually("it is sent", async || lab.waiting().await.is_empty())).await;
    assert_eq!(hook.got()[0]["id"], hook.got()[1]["id"]);
}

#[tokio::test]
async fn a_drain_tells_at_once_what_it_finds() {
    let (lab, hook) = (Lab::open().await, Hook::open().await);
    lab.hold_run("").await;
    let options = options("w", Notifier { group_wait: LATER, ..webhook(&hook) });
    for _ in 0..2 {
        work::drain(&lab.database, &options, &|_| {}).await.unwrap();
    }
    assert_eq!(hook.got().len(), 1);
}

#[tokio::test]
async fn a_notifier_reports_what_it_chose() {
    let (lab, hook) = (Lab::open().await, Hook::open().await);
    lab.run(
        "insert into forebay.circuit_breaker_state (source_id, state, reason_code, changed_at)
            select source_id, 'forced_open', 'opened_by_operator', now() from forebay.sources;
        insert into forebay.workers (worker, host, pid, version, last_seen_at)
            values ('gone:1:x', 'gone', 1, '0.1.0', now() - interval '5 minutes');
        insert into forebay.scrape_runs (source_id, scope, status, reason_code, is_complete, with_handoffs, engine,
                input, observed_at, started_at, ended_at)
            select source_id, '', 'failed', 'source_unreachable', true, true, 'test', '-', now(),
                now() - interval '2 hours', now() from forebay.sources;
        insert into forebay.conservation_findings (pipeline_id, num_wrong, num_repaired) values (1, 12, 12)",
    )
    .await;
    lab.hold_run("a=1").await;
    let drain = async |notifier: Notifier| {
        let before = hook.got().len();
        work::drain(&lab.database, &options("w", notifier), &|_| {}).await.unwrap();
        let mut all: Vec<_> = hook.got()[before..].iter().flat_map(alerts).collect();
        all.sort();
        all
    };
    let all = drain(webhook(&hook)).await;
    let events: Vec<&str> = all.iter().map(|(_, event, _)| event.as_str()).collect();
    // The last run of the source is the held one, so the source is not failing.
    assert_eq!(events, ["breaker_opened", "conservation_broken", "run_held", "worker_gone"]);
    let named = |name: &str, notifier: Notifier| Notifier { name: name.to_owned(), ..notifier };
    let of_shop = Notifier { sources: vec!["shop".to_owned()], ..webhook(&hook) };
    let events: Vec<String> = drain(named("shop", of_shop)).await.into_iter().map(|one| one.1).collect();
    assert_eq!(events, ["breaker_opened", "run_held"], "what belongs to no source is left out");
    let of_others = Notifier { sources: vec!["other".to_owned()], ..webhook(&hook) };
    assert_eq!(drain(named("other", of_others)).await, []);
    let closing = Notifier { events: vec![NotifyEvent::BreakerClosed], ..webhook(&hook) };
    assert_eq!(drain(named("closing", closing.clone())).await, []);

    lab.run("delete from forebay.scrape_runs where status = 'held'; delete from forebay.workers").await;
    lab.run("update forebay.circuit_breaker_state set state = 'closed', reason_code = 'recovered'").await;
    let closed = drain(named("closing", closing)).await;
    assert_eq!(closed, [told("resolved", NotifyEvent::BreakerClosed, "source shop")]);
    let all = drain(webhook(&hook)).await;
    let words: Vec<(&str, &str)> = all.iter().map(|one| (one.0.as_str(), one.1.as_str())).collect();
    // The row of the dead worker was deleted: it did not come back.
    let expected = [("firing", "source_failing"), ("resolved", "breaker_closed"), ("resolved", "run_held")];
    assert_eq!(words, expected);
}

#[tokio::test]
async fn old_data_and_failing_hand_offs_are_told() {
    let (lab, hook) = (Lab::open().await, Hook::open().await);
    lab.run(
        "insert into forebay.sync_metadata (entity_type, scope, status, attempt, last_sync, source_name) values
            ('item', 'a=1', 'success', 1, now() - interval '3 days', 'shop'),
            ('item', 'a=2', 'success', 1, now(), 'shop');
        insert into forebay.scrape_runs (source_id, scope, status, is_complete, with_handoffs, engine, input, observed_at,
                ended_at)
            select source_id, '', 'complete', true, true, 'test', '-', now(), now() from forebay.sources;
        insert into forebay.\"references\" (reference_id, source_id, entity_type, scope, record_key, payload, version_hash,
                version, first_seen_run_id, scrape_run_id, first_seen_at, changed_at, observed_at)
            select gen_random_uuid(), source_id, 'item', '', 'k', '{}', sha256(''), 1, 1, 1, now(), now(), now()
            from forebay.sources;
        insert into forebay.ingestion_attempts (reference_id, pipeline_id, payload_hash, attempt, failure_class,
                reason_code, message)
            select reference_id, 1, version_hash, 1, 'transient', 'table_refused', '' from forebay.\"references\"",
    )
    .await;
    let mut options = options("w", webhook(&hook));
    let policy = forebay_domain::freshness::FreshnessPolicy {
        error_after: Some(SignedDuration::from_hours(48)),
        ..forebay_domain::freshness::FreshnessPolicy::default()
    };
    options.notifying.policies = forebay_engine::freshness::Policies::new([("item".to_owned(), policy)]);
    work::drain(&lab.database, &options, &|_| {}).await.unwrap();
    let got = hook.got();
    let expected = [
        told("firing", NotifyEvent::FreshnessError, "item [a=1]"),
        told("firing", NotifyEvent::HandoffsFailing, "pipeline documents"),
    ];
    assert_eq!(alerts(&got[0]), expected);
    let commands: Vec<&Value> =
        got[0]["data"]["alerts"].as_array().unwrap().iter().map(|one| &one["next_command"]).collect();
    assert_eq!(
        json!(commands),
        json!(["forebay ensure item --scope 'a=1'", "forebay handoffs counts --pipeline documents"])
    );
    let _keeps_the_database = &lab.test;
}

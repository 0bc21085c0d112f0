//! Schedules: each due schedule runs once, with any number of workers, and again after a worker died.

use std::{collections::BTreeSet, time::Duration};

use forebay_domain::schedule::Schedule;
use forebay_store::{
    schedules::{self, Due, ScheduleSpec, Scrapable},
    sources::{self, Source},
    testing,
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use tokio_postgres::Client;

const LEASE: Duration = Duration::from_mins(5);

fn at(text: &str) -> Timestamp {
    format!("2026-03-{text}Z").parse().unwrap()
}

fn spec(scope: &str, expression: &str) -> ScheduleSpec {
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    ScheduleSpec {
        scope: scope.parse().unwrap(),
        schedule: Schedule::new(expression, zone, SignedDuration::ZERO).unwrap(),
        enabled: true,
    }
}

async fn source(client: &Client) -> Source {
    let fill = "insert into forebay.sources (name, entity_type, key_fields) values ('s', 'item', '{id}')";
    client.batch_execute(fill).await.unwrap();
    sources::find(client, "s").await.unwrap().unwrap()
}

/// What a worker with only the source `s` can scrape.
const ONLY_S: Scrapable<'_> = Scrapable { enabled: &["s"], disabled: &[] };

async fn claim(client: &Client, now: Timestamp) -> Vec<Due> {
    schedules::claim_due(client, now, LEASE, "worker 1", 10, ONLY_S).await.unwrap()
}

#[tokio::test]
async fn a_due_schedule_runs_and_is_due_again() {
    let database = testing::database().await;
    let client = database.client().await;
    let source = source(&client).await;
    let specs = [spec("k=a", "0 6 * * *"), spec("k=b", "every 6h")];
    assert_eq!(schedules::declare(&client, &source, &specs, at("01T00:00:00")).await.unwrap(), 2);
    assert_eq!(schedules::next_due_at(&client, ONLY_S).await.unwrap(), Some(at("01T05:00:00")));
    assert_eq!(claim(&client, at("01T04:59:59")).await, []);

    let due = claim(&client, at("01T05:00:00")).await;
    assert_eq!(due.len(), 1);
    assert_eq!((due[0].row.scope.as_str(), due[0].due_at), ("k=a", at("01T05:00:00")));
    assert_eq!(claim(&client, at("01T05:00:01")).await, [], "it is claimed");
    assert!(schedules::finish(&client, &due[0], Some(12), at("01T05:03:00")).await.unwrap());
    assert!(!schedules::finish(&client, &due[0], Some(13), at("01T05:04:00")).await.unwrap(), "it ended");
    let row = &schedules::list(&client).await.unwrap()[0];
    assert_eq!((row.next_due_at, row.last_due_at), (Some(at("02T05:00:00")), Some(at("01T05:00:00"))));
    assert_eq!((row.last_run_id, row.claimed_until), (Some(12), None));

    // After three days without a worker, each schedule is due once, and then again as usual.
    let due = claim(&client, at("04T20:00:00")).await;
    assert_eq!(due.len(), 2);
    for due in &due {
        assert!(schedules::finish(&client, due, None, at("04T20:01:00")).await.unwrap());
    }
    assert_eq!(claim(&client, at("04T23:59:00")).await, []);
    let next: Vec<_> = schedules::list(&client).await.unwrap().iter().map(|row| row.next_due_at).collect();
    assert_eq!(next, [Some(at("05T05:00:00")), Some(at("05T00:00:00"))]);
}

#[tokio::test]
async fn declaring_again_writes_nothing_and_keeps_due_times() {
    let database = testing::database().await;
    let client = database.client().await;
    let source = source(&client).await;
    let specs = [spec("", "every 6h"), spec("k=b", "every 1d")];
    schedules::declare(&client, &source, &specs, at("01T00:00:00")).await.unwrap();
    // Later, when the first one is already due.
    assert_eq!(schedules::declare(&client, &source, &specs, at("01T07:00:00")).await.unwrap(), 0);
    let due = claim(&client, at("01T07:00:00")).await;
    assert_eq!(due.len(), 1);

    // Changed while it runs: the new time stays. The other one is deleted.
    let changed = [spec("", "every 2h")];
    assert_eq!(schedules::declare(&client, &source, &changed, at("01T07:05:00")).await.unwrap(), 2);
    assert!(schedules::finish(&client, &due[0], None, at("01T07:10:00")).await.unwrap());
    let rows = schedules::list(&client).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].next_due_at, Some(at("01T08:00:00")));

    // If the schedule or its source is disabled, it is never due.
    let off = [ScheduleSpec { enabled: false, ..spec("", "every 2h") }];
    schedules::declare(&client, &source, &off, at("01T07:20:00")).await.unwrap();
    assert_eq!(claim(&client, at("20T00:00:00")).await, []);
    schedules::declare(&client, &source, &changed, at("01T07:30:00")).await.unwrap();
    client.batch_execute("update forebay.sources set enabled = false").await.unwrap();
    assert_eq!(claim(&client, at("20T00:00:00")).await, []);
    assert_eq!(schedules::next_due_at(&client, ONLY_S).await.unwrap(), None);
}

#[tokio::test]
async fn a_worker_claims_only_known_sources() {
    let database = testing::database().await;
    let client = database.client().await;
    let source = source(&client).await;
    schedules::declare(&client, &source, &[spec("", "every 6h")], at("01T00:00:00")).await.unwrap();
    let claim = async |scrapable| {
        let due = schedules::claim_due(&client, at("01T06:00:00"), LEASE, "worker 1", 10, scrapable);
        due.await.unwrap().len()
    };
    for strangers in [&[][..], &["other"]] {
        let strangers = Scrapable { enabled: strangers, disabled: strangers };
        assert_eq!(claim(strangers).await, 0);
        assert_eq!(schedules::next_due_at(&client, strangers).await.unwrap(), None);
    }
    assert_eq!(claim(Scrapable { enabled: &["other", "s"], disabled: &[] }).await, 1);
}

#[tokio::test]
async fn a_disabled_source_is_due_if_its_fallbacks_stand_in() {
    let database = testing::database().await;
    let client = database.client().await;
    let source = source(&client).await;
    schedules::declare(&client, &source, &[spec("", "every 6h")], at("01T00:00:00")).await.unwrap();
    client.batch_execute("update forebay.sources set enabled = false").await.unwrap();
    assert_eq!(claim(&client, at("01T06:00:00")).await, [], "another process has disabled it");
    let through_fallbacks = Scrapable { enabled: &[], disabled: &["s"] };
    let next = schedules::next_due_at(&client, through_fallbacks).await.unwrap();
    assert_eq!(next, Some(at("01T06:00:00")));
    let due = schedules::claim_due(&client, at("01T06:00:00"), LEASE, "worker 1", 10, through_fallbacks);
    assert_eq!(due.await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_dead_workers_schedule_is_taken_over() {
    let database = testing::database().await;
    let client = database.client().await;
    let source = source(&client).await;
    schedules::declare(&client, &source, &[spec("", "every 6h")], at("01T00:00:00")).await.unwrap();
    let dead = claim(&client, at("01T06:00:00")).await.remove(0);
    assert!(schedules::extend(&client, &dead, at("01T06:04:00"), LEASE).await.unwrap());
    assert_eq!(claim(&client, at("01T06:08:59")).await, []);
    let taken = claim(&client, at("01T06:09:00")).await.remove(0);
    assert_eq!(taken.due_at, dead.due_at, "it is the same due time");
    assert!(!schedules::extend(&client, &dead, at("01T06:10:00"), LEASE).await.unwrap());
    assert!(!schedules::finish(&client, &dead, None, at("01T06:10:00")).await.unwrap());
    assert!(schedules::finish(&client, &taken, None, at("01T06:11:00")).await.unwrap());
    assert_eq!(claim(&client, at("01T11:59:59")).await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_due_schedule_is_claimed_by_one_of_many_workers() {
    const NUM_SCOPES: usize = 60;
    let database = testing::database().await;
    let client = database.client().await;
    let source = source(&client).await;
    let specs: Vec<ScheduleSpec> =
        (0..NUM_SCOPES).map(|number| spec(&format!("k={number}"), "every 1h")).collect();
    schedules::declare(&client, &source, &specs, at("01T00:00:00")).await.unwrap();
    let mut workers = tokio::task::JoinSet::new();
    for worker in 0..6 {
        let client = database.client().await;
        workers.spawn(async move {
            let mut mine = Vec::new();
            loop {
                let name = format!("worker {worker}");
                let due = schedules::claim_due(&client, at("01T01:00:00"), LEASE, &name, 3, ONLY_S);
                let due = due.await.unwrap();
                if due.is_empty() {
                    return mine;
                }
                for due in due {
                    assert!(schedules::finish(&client, &due, None, at("01T01:00:30")).await.unwrap());
                    mine.push(due.row.scope);
                }
            }
        });
    }
    let run: Vec<String> = workers.join_all().await.into_iter().flatten().collect();
    assert_eq!(run.len(), NUM_SCOPES);
    assert_eq!(run.iter().collect::<BTreeSet<_>>().len(), NUM_SCOPES);
}

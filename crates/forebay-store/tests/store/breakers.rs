//! Breakers in the database: workers share them, one probe is permitted at a time, and the trail records each change.

use std::time::Duration;

use forebay_domain::breaker::{
    Answer, BreakerCommand, BreakerPolicy, BreakerState, CallOutcome, Permit, RefusalReason,
};
use forebay_store::{
    breakers::{self, Asked, Ended},
    maintenance::Mode,
    testing,
};
use jiff::{SignedDuration, Timestamp};
use tokio_postgres::Client;

const SOURCE: &str =
    "insert into forebay.sources (name, entity_type, key_fields) values ('s', 'item', '{id}')";
const FAILED: Ended = Ended { outcome: CallOutcome::Transient, retry_after: None, run_id: Some(3) };

fn at(seconds: i64) -> Timestamp {
    "2026-01-05T12:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_secs(seconds)
}

fn policy() -> BreakerPolicy {
    BreakerPolicy { jitter: 0.0, ..BreakerPolicy::default() }
}

async fn ask(client: &mut Client, now: i64, probe: u8) -> Asked {
    let transaction = client.transaction().await.unwrap();
    let asked = breakers::ask(&transaction, 1, &policy(), at(now), [probe; 16]).await.unwrap();
    transaction.commit().await.unwrap();
    asked
}

async fn record(client: &mut Client, now: i64, permit: Permit, ended: &Ended) -> BreakerState {
    let transaction = client.transaction().await.unwrap();
    let (breaker, _) =
        breakers::record(&transaction, 1, &policy(), permit, ended, at(now), 0.0).await.unwrap();
    transaction.commit().await.unwrap();
    // The stored breaker equals the returned one.
    assert_eq!(breakers::find(client, 1).await.unwrap(), Some(breaker.clone()));
    breaker.state
}

/// Records failures until the breaker opens.
async fn open(client: &mut Client) {
    for second in 0..5 {
        record(client, second, Permit { probe: None }, &FAILED).await;
    }
}

#[tokio::test]
async fn a_breaker_is_stored_with_its_trail() {
    let database = testing::database().await;
    let mut client = database.client().await;
    client.batch_execute(SOURCE).await.unwrap();
    let free = Asked { answer: Answer::Permit(Permit { probe: None }), transition: None };
    assert_eq!(ask(&mut client, 0, 1).await, free);
    assert_eq!(breakers::find(&client, 1).await.unwrap(), None, "asking a closed breaker writes nothing");

    open(&mut client).await;
    let Answer::Refused { retry_after, reason } = ask(&mut client, 10, 1).await.answer else {
        panic!("the breaker is open")
    };
    assert_eq!((retry_after.as_secs(), reason), (24, RefusalReason::Open));
    for second in [40, 41] {
        let Answer::Permit(permit) = ask(&mut client, second, 1).await.answer else {
            panic!("the wait has ended")
        };
        let ended = Ended { outcome: CallOutcome::Success, retry_after: None, run_id: None };
        record(&mut client, second, permit, &ended).await;
    }
    let trail = breakers::trail(&client, 1, None, 10).await.unwrap();
    let words: Vec<String> = trail
        .iter()
        .map(|entry| format!("{} {} {:?}", entry.transition.to, entry.transition.reason, entry.run_id))
        .collect();
    assert_eq!(
        words,
        ["closed recovered None", "half_open wait_over None", "open consecutive_failures Some(3)"]
    );
    assert_eq!(trail[2].transition.at, at(4));
    let older = breakers::trail(&client, 1, Some(trail[0].transition_id), 1).await.unwrap();
    assert_eq!(older, trail[1..2]);
    assert_eq!(breakers::list(&client).await.unwrap().len(), 1);
    assert_eq!(breakers::prune(&client, Duration::ZERO, Mode::Delete).await.unwrap(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_many_workers_probes() {
    let database = testing::database().await;
    let mut client = database.client().await;
    client.batch_execute(SOURCE).await.unwrap();
    open(&mut client).await;
    let mut workers = tokio::task::JoinSet::new();
    for worker in 0..12 {
        let mut client = database.client().await;
        workers.spawn(async move { ask(&mut client, 100, worker).await });
    }
    let asked = workers.join_all().await;
    let permits = asked.iter().filter(|asked| matches!(asked.answer, Answer::Permit(_))).count();
    assert_eq!(permits, 1);
    assert_eq!(asked.iter().filter(|asked| asked.transition.is_some()).count(), 1);
    let probing = |asked: &&Asked| matches!(asked.answer, Answer::Refused { reason: RefusalReason::Probing, retry_after } if retry_after.as_secs() == 600);
    assert_eq!(asked.iter().filter(probing).count(), 11);
    // The probe is never reported: after its lease expires, another probe is permitted.
    assert!(matches!(ask(&mut client, 700, 99).await.answer, Answer::Permit(_)));
    assert!(matches!(ask(&mut client, 701, 98).await.answer, Answer::Refused { .. }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_outcome_is_lost_between_workers() {
    let database = testing::database().await;
    let client = database.client().await;
    client.batch_execute(SOURCE).await.unwrap();
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let mut client = database.client().await;
        workers.spawn(async move {
            let ended = Ended { outcome: CallOutcome::Success, retry_after: None, run_id: None };
            let transaction = client.transaction().await.unwrap();
            let permit = Permit { probe: None };
            breakers::record(&transaction, 1, &policy(), permit, &ended, at(0), 0.0).await.unwrap();
            transaction.commit().await.unwrap();
        });
    }
    workers.join_all().await;
    assert_eq!(breakers::find(&client, 1).await.unwrap().unwrap().window.len(), 8);
}

#[tokio::test]
async fn an_operators_command_is_stored_and_deleted_with_the_source() {
    let database = testing::database().await;
    let mut client = database.client().await;
    client.batch_execute(SOURCE).await.unwrap();
    let commands = [
        (BreakerCommand::ForceOpen, BreakerState::ForcedOpen),
        (BreakerCommand::Disable, BreakerState::Disabled),
        (BreakerCommand::Close, BreakerState::Closed),
        (BreakerCommand::Reset, BreakerState::Closed),
    ];
    for (number, (command, state)) in (0..).zip(commands) {
        let transaction = client.transaction().await.unwrap();
        let (breaker, transition) = breakers::operate(&transaction, 1, command, at(number)).await.unwrap();
        transaction.commit().await.unwrap();
        assert_eq!((breaker.state, transition.to), (state, state));
        assert_eq!(breakers::find(&client, 1).await.unwrap(), Some(breaker));
    }
    assert_eq!(breakers::trail(&client, 1, None, 10).await.unwrap().len(), 4);
    client.batch_execute("delete from forebay.sources").await.unwrap();
    assert_eq!(breakers::list(&client).await.unwrap(), []);
    assert_eq!(breakers::trail(&client, 1, None, 10).await.unwrap(), []);
}

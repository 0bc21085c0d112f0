//! An operator cancels attempts in progress: a request is dropped, a command is killed with everything it has started,
//! and an external worker is told with its next heartbeat.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use forebay_domain::{
    handoff::{Refusal, State},
    identity::ReferenceId,
};
use forebay_engine::work::{self, PipelineSpec, WorkOptions};
use forebay_store::{
    handoffs::{self, Mode, Operated, Operation, Selection},
    jobs::{self, Ack, FailureReport},
    workers,
};
use serde_json::json;

use super::{
    SOURCE, Shop, pipeline_id,
    receiver::Receiver,
    slots::{options, work_during},
    subscriber,
};
use crate::wait::eventually;

/// Cancels what runs of a record, or of all.
async fn cancel(shop: &Shop, key: Option<&str>, running: bool) -> Operated {
    let selection = Selection {
        reference_ids: key.map(|key| ReferenceId::compute(SOURCE, key)).into_iter().collect(),
        state: Some(State::Active),
        ..Selection::default()
    };
    let mut client = shop.test.client().await;
    handoffs::operate(&mut client, Operation::Cancel { running }, &selection, Mode::Act, &crate::operator())
        .await
        .unwrap()
}

const LOGGED: &str = "select coalesce(http_status::text, 'none') || ' ' || coalesce(failure_code, 'delivered') \
     from forebay.ingestion_deliveries order by 1";

/// A receiver of two requests at a time, which holds them.
async fn holding() -> (Shop, Receiver) {
    let (mut shop, receiver) = (Shop::open().await, Receiver::open().await);
    receiver.only(&mut shop, 2).await;
    receiver.behave(|manner| manner.holds_all = true);
    (shop, receiver)
}

async fn put_two(shop: &Shop) {
    shop.put_all(&[("a", json!({"id": "a"})), ("b", json!({"id": "b"}))]).await;
}

#[tokio::test]
async fn a_cancelled_request_is_dropped_and_the_others_go_on() {
    let (shop, receiver) = holding().await;
    put_two(&shop).await;
    let during = async {
        eventually("both run", async || receiver.got().len() == 2).await;
        let refused = cancel(&shop, Some("a"), false).await;
        assert_eq!((refused.num_done, refused.refused.get(&Refusal::AttemptUnderWay)), (0, Some(&1)));
        let began = Instant::now();
        assert_eq!(cancel(&shop, Some("a"), true).await.num_done, 1);
        eventually("one is cancelled", async || shop.states().await == ["active 1", "cancelled 1"]).await;
        // About a second: far less than the third of a lease between two heartbeats.
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
        receiver.behave(|manner| manner.holds_all = false);
        eventually("the other succeeds", async || shop.states().await == ["cancelled 1", "succeeded 1"])
            .await;
    };
    work_during(&shop.database, &options(&shop).await, during).await;
    assert!(receiver.counts().values().all(|count| *count == 1), "{:?}", receiver.counts());
    assert_eq!(shop.column(LOGGED).await, ["200 delivered", "none cancelled"]);
    assert_eq!(shop.row("select count(*) from forebay.ingestion_claims").await.get::<_, i64>(0), 0);
}

#[tokio::test]
async fn newer_content_is_delivered_after_a_cancelled_attempt() {
    let (shop, receiver) = holding().await;
    shop.put("a", &json!({"id": "a", "n": 1})).await;
    let during = async {
        eventually("it runs", async || receiver.got().len() == 1).await;
        shop.put("a", &json!({"id": "a", "n": 2})).await;
        assert_eq!(cancel(&shop, Some("a"), true).await.num_done, 1);
        eventually("the newer content runs", async || receiver.got().len() == 2).await;
        assert_eq!(receiver.got()[1]["data"]["payload"]["n"], 2);
        receiver.behave(|manner| manner.holds_all = false);
        eventually("it succeeds", async || shop.states().await == ["cancelled 1", "succeeded 1"]).await;
    };
    work_during(&shop.database, &options(&shop).await, during).await;
}

#[tokio::test]
async fn a_request_that_is_dropped_when_its_worker_stops_is_logged() {
    let (shop, receiver) = holding().await;
    put_two(&shop).await;
    let during = async {
        eventually("both run", async || receiver.got().len() == 2).await;
    };
    let options = WorkOptions { grace: Duration::from_millis(50), ..options(&shop).await };
    work_during(&shop.database, &options, during).await;
    assert_eq!(shop.states().await, ["pending 2"]);
    assert_eq!(shop.column(LOGGED).await, ["none interrupted", "none interrupted"]);
}

/// Whether the process whose id is in a file runs; `None`: it has not begun.
fn runs(file: &Path) -> Option<bool> {
    let pid = fs::read_to_string(file).ok().filter(|pid| pid.ends_with('\n'))?;
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    Some(!stat.is_empty() && !stat.rsplit(") ").next().unwrap().starts_with('Z'))
}

#[tokio::test]
async fn a_cancelled_command_dies_with_processes_that_have_left_its_group() {
    let mut shop = Shop::open().await;
    let folder = tempfile::tempdir().unwrap();
    let (own, left) = (folder.path().join("own"), folder.path().join("left"));
    let script = format!(
        "setsid sh -c 'echo $$ > {}; exec sleep 1000' & echo $$ > {}; exec sleep 1000",
        left.display(),
        own.display()
    );
    let config = json!({"command": ["sh", "-c", script], "timeout": "1h"});
    let spec = PipelineSpec::new("commands", "exec", config).of_source(SOURCE);
    work::declare(&shop.database, &[spec]).await.unwrap();
    shop.subscribers = vec![subscriber(pipeline_id(&shop.client, "commands").await)];
    put_two(&shop).await;
    let during = async {
        let running = async || (runs(&own), runs(&left)) == (Some(true), Some(true));
        eventually("both processes run", running).await;
        // Before it is cancelled: the second command writes its own soon after.
        let first = [fs::read_to_string(&own).unwrap(), fs::read_to_string(&left).unwrap()];
        // The command has both: the other one returns to the queue, and the command begins again with it.
        assert_eq!(cancel(&shop, Some("a"), true).await.num_done, 1);
        eventually("it is cancelled", async || shop.states().await.contains(&"cancelled 1".to_owned())).await;
        eventually("the other one is tried again", async || {
            running().await
                && fs::read_to_string(&own).unwrap() != first[0]
                && fs::read_to_string(&left).unwrap() != first[1]
        })
        .await;
        for pid in first {
            let environment = fs::read(format!("/proc/{}/environ", pid.trim())).unwrap_or_default();
            assert!(environment.is_empty(), "{pid} is still there");
        }
        cancel(&shop, None, true).await;
        eventually("all are cancelled", async || shop.states().await == ["cancelled 2"]).await;
        eventually("nothing is left", async || (runs(&own), runs(&left)) == (Some(false), Some(false))).await;
    };
    work_during(
        &shop.database,
        &WorkOptions { grace: Duration::from_secs(1), ..options(&shop).await },
        during,
    )
    .await;
}

#[tokio::test]
async fn an_external_worker_is_told_with_its_heartbeat() {
    let shop = Shop::external().await;
    put_two(&shop).await;
    let lease = Duration::from_mins(1);
    let claimed = jobs::claim(&shop.client, "workers", 2, lease, "w", None).await.unwrap();
    let receipt = claimed[0].receipt;
    let told = async || {
        let answers = jobs::heartbeat(&shop.client, "workers", &[receipt], lease).await.unwrap();
        answers[0].clone().expect("the claim is held").cancelled
    };
    assert!(told().await.is_empty());
    let id = ReferenceId::compute(SOURCE, "a");
    for _ in 0..2 {
        assert_eq!(cancel(&shop, Some("a"), true).await.num_done, 1);
        assert_eq!(told().await, [id], "once, however often it is cancelled");
    }
    // Nobody else gets it before its worker has stopped.
    assert!(jobs::claim(&shop.client, "workers", 2, lease, "w", None).await.unwrap().is_empty());
    let acks = jobs::release(&shop.client, "workers", &[(id, receipt)]).await.unwrap();
    assert_eq!((acks, shop.states().await), (vec![Ack::Done], vec!["active 1".into(), "cancelled 1".into()]));

    // The cancel of the other one comes too late.
    let other = ReferenceId::compute(SOURCE, "b");
    assert_eq!(cancel(&shop, Some("b"), true).await.num_done, 1);
    jobs::complete(&shop.client, "workers", &[(other, receipt)], None).await.unwrap();
    assert_eq!(shop.states().await, ["cancelled 1", "succeeded 1"]);
}

#[tokio::test]
async fn a_cancelled_attempt_counts_when_its_worker_is_released() {
    let shop = Shop::external().await;
    put_two(&shop).await;
    assert_eq!(
        jobs::claim(&shop.client, "workers", 2, Duration::from_mins(1), "w", None).await.unwrap().len(),
        2
    );
    assert_eq!(cancel(&shop, Some("a"), true).await.num_done, 1);
    let freed = workers::release(&shop.client, "w").await.unwrap();
    assert_eq!(freed, FailureReport { num_retrying: 1, num_cancelled: 1, ..FailureReport::default() });
    assert_eq!(shop.states().await, ["cancelled 1", "retrying 1"]);
}

//! Work outside the database in slots: what is slow, throttled or unreachable holds nothing else up.

use std::{fs, time::Duration};

use forebay_engine::work::{self, PipelineSpec, WorkOptions};
use forebay_store::connect::{Database, OpenOptions, Target};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::{SOURCE, Shop, pipeline_id, proxy::Proxy, receiver::Receiver, subscriber};
use crate::wait::eventually;

async fn put_many(shop: &Shop, number: usize) {
    let keys: Vec<String> = (0..number).map(|n| format!("k{n:03}")).collect();
    let records: Vec<(&str, Value)> = keys.iter().map(|key| (key.as_str(), json!({"id": key}))).collect();
    shop.put_all(&records).await;
}

pub(super) async fn options(shop: &Shop) -> WorkOptions {
    WorkOptions { reconcile_every: None, ..shop.options().await }
}

/// Works while `during` runs, and stops then.
pub(super) async fn work_during(
    database: &Database,
    options: &WorkOptions,
    during: impl Future<Output = ()>,
) {
    let (sender, stopped) = oneshot::channel::<()>();
    let work = work::follow(database, options, &|_| {}, async { drop(stopped.await) });
    let until_then = async {
        during.await;
        sender.send(()).unwrap();
    };
    let (report, ()) = tokio::join!(work, until_then);
    report.unwrap();
}

#[tokio::test]
async fn a_slow_response_holds_up_nothing_else() {
    let (mut shop, receiver) = (Shop::open().await, Receiver::open().await);
    receiver.only(&mut shop, 4).await;
    put_many(&shop, 60).await;
    receiver.behave(|manner| manner.held = vec!["k007".to_owned()]);
    let during = async {
        let others = ["active 1", "succeeded 59"];
        eventually("all others are settled", async || {
            let states = shop.states().await;
            states == others
        })
        .await;
        // New work is begun while it still waits.
        put_many(&shop, 1).await;
        shop.put("late", &json!({"id": "late"})).await;
        eventually("the late one is settled", async || shop.states().await[1] == "succeeded 60").await;
        receiver.behave(|manner| manner.held.clear());
        eventually("the slow one is settled", async || shop.states().await == ["succeeded 61"]).await;
    };
    work_during(&shop.database, &options(&shop).await, during).await;
    assert!(receiver.counts().iter().all(|(key, count)| *count == if key == "k000" { 2 } else { 1 }));
    assert_eq!(shop.row("select count(*) from forebay.ingestion_claims").await.get::<_, i64>(0), 0);
}

#[tokio::test]
async fn after_a_throttle_nothing_more_is_sent_and_nothing_unsent_has_an_attempt() {
    for retry_after in [Some(600), None] {
        let (mut shop, receiver) = (Shop::open().await, Receiver::open().await);
        receiver.only(&mut shop, 3).await;
        put_many(&shop, 40).await;
        receiver.behave(|manner| (manner.status, manner.retry_after) = (429, retry_after));
        let report = shop.drain().await;
        assert_eq!(receiver.got().len(), 3, "one request for each slot: {:?}", receiver.counts());
        assert_eq!((report.num_claimed, report.num_retried), (3, 3), "{report:?}");
        assert_eq!(shop.states().await, ["pending 37", "retrying 3"]);
        let attempts = "select state || ' ' || attempt || ' ' || count(*) from forebay.ingestion_handoffs \
             group by state, attempt order by 1";
        assert_eq!(shop.column(attempts).await, ["pending 0 37", "retrying 1 3"]);

        shop.client
            .batch_execute(
                "delete from forebay.ingestion_limits; \
                 update forebay.ingestion_handoffs set not_before = now() where state = 'retrying'",
            )
            .await
            .unwrap();
        receiver.behave(|manner| manner.status = 200);
        shop.drain().await;
        assert_eq!(shop.states().await, ["succeeded 40"]);
        let number = |attempt: i64| receiver.got().iter().filter(|event| event["attempt"] == attempt).count();
        assert_eq!((number(1), number(2), receiver.got().len()), (40, 3, 43));
    }
}

#[tokio::test]
async fn a_command_is_heard_while_it_runs_and_several_run_at_once() {
    let mut shop = Shop::open().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display();
    // The first line is answered at once, the second when the test permits.
    let script = format!(
        "echo >> {path}/started
         answer() {{ sed -n 's/.*\"reference_id\":\"\\([^\"]*\\)\".*/{{\"reference_id\":\"\\1\",\"status\":\"done\"}}/p'; }}
         read -r first; echo \"$first\" | answer
         until [ -e {path}/go ]; do sleep 0.05; done
         answer"
    );
    let config = json!({"command": ["bash", "-c", script], "batch": 2, "concurrency": 3});
    let spec = PipelineSpec::new("commands", "exec", config).of_source(SOURCE);
    work::declare(&shop.database, &[spec]).await.unwrap();
    shop.subscribers = vec![subscriber(pipeline_id(&shop.client, "commands").await)];
    put_many(&shop, 10).await;
    let during = async {
        let halves = ["active 3", "pending 4", "succeeded 3"];
        eventually("each of three commands has answered once", async || shop.states().await == halves).await;
        assert_eq!(fs::read_to_string(folder.path().join("started")).unwrap().lines().count(), 3);
        fs::write(folder.path().join("go"), "").unwrap();
        eventually("all are done", async || shop.states().await == ["succeeded 10"]).await;
    };
    work_during(&shop.database, &options(&shop).await, during).await;
}

#[tokio::test]
async fn a_stop_returns_what_was_not_begun_at_once() {
    let (mut shop, receiver) = (Shop::open().await, Receiver::open().await);
    receiver.only(&mut shop, 4).await;
    put_many(&shop, 40).await;
    let (has_begun, begun) = oneshot::channel();
    // Quick enough that the worker claims ahead.
    let warm = async {
        eventually("they are settled", async || shop.states().await == ["succeeded 40"]).await;
        receiver.behave(|manner| manner.holds_all = true);
        put_many(&shop, 40).await;
        let claims_ahead = async || receiver.got().len() == 44 && shop.states().await[0] != "active 4";
        eventually("all slots run, and more is claimed", claims_ahead).await;
        has_begun.send(()).unwrap();
    };
    let options = WorkOptions { grace: Duration::from_mins(2), ..options(&shop).await };
    let stopping = work_during(&shop.database, &options, warm);
    let watching = async {
        begun.await.unwrap();
        let states = ["active 4", "pending 36"];
        let held = async || receiver.got().len() == 44 && shop.states().await == states;
        eventually("only what runs is held", held).await;
        let attempts = "select distinct attempt::text from forebay.ingestion_handoffs where receipt is null";
        assert_eq!(shop.column(attempts).await, ["0"]);
        receiver.behave(|manner| manner.holds_all = false);
    };
    tokio::join!(stopping, watching);
    assert_eq!(shop.states().await, ["pending 36", "succeeded 4"]);
}

#[tokio::test]
async fn responses_during_an_outage_longer_than_the_lease_are_reported_after_it() {
    let (mut shop, receiver) = (Shop::open().await, Receiver::open().await);
    receiver.only(&mut shop, 8).await;
    put_many(&shop, 32).await;
    let proxy = Proxy::open(&shop.test).await;
    let database = Database::open(Target::Url(proxy.url.clone()), OpenOptions::default()).await.unwrap();
    receiver.behave(|manner| manner.holds_all = true);
    let options =
        WorkOptions { lease: Duration::from_secs(2), grace: Duration::from_secs(20), ..options(&shop).await };
    let during = async {
        eventually("all slots run", async || receiver.got().len() == 8).await;
        // A claim whose answer is lost is lost, so none is under way.
        tokio::time::sleep(Duration::from_millis(500)).await;
        proxy.cut();
        receiver.behave(|manner| manner.holds_all = false);
        tokio::time::sleep(Duration::from_secs(6)).await;
        let expired = "select exists (select from forebay.ingestion_claims where lease_until < now())";
        assert!(shop.row(expired).await.get::<_, bool>(0));
        proxy.restore();
        eventually("all are settled", async || shop.states().await == ["succeeded 32"]).await;
    };
    work_during(&database, &options, during).await;
    assert!(receiver.counts().values().all(|count| *count == 1), "{:?}", receiver.counts());
    assert_eq!(shop.row("select count(*) from forebay.ingestion_attempts").await.get::<_, i64>(0), 0);
}

#[tokio::test]
async fn a_claim_whose_answer_gets_lost_is_given_back_without_an_attempt() {
    let (mut shop, receiver) = (Shop::open().await, Receiver::open().await);
    receiver.only(&mut shop, 4).await;
    let proxy = Proxy::open(&shop.test).await;
    let database = Database::open(Target::Url(proxy.url.clone()), OpenOptions::default()).await.unwrap();
    let options = WorkOptions { lease: Duration::from_secs(20), ..options(&shop).await };
    let during = async {
        proxy.lose_answers(Some("forebay_private.claim("));
        put_many(&shop, 8).await;
        let claimed = "select exists (select from forebay.ingestion_claims)";
        eventually("they are claimed", async || shop.row(claimed).await.get::<_, bool>(0)).await;
        proxy.lose_answers(None);
        proxy.cut();
        proxy.restore();
        eventually("all are settled", async || shop.states().await == ["succeeded 8"]).await;
    };
    work_during(&database, &options, during).await;
    assert!(receiver.got().iter().all(|event| event["attempt"] == 1), "{:?}", receiver.got());
    assert_eq!(receiver.got().len(), 8);
    assert_eq!(shop.row("select count(*) from forebay.ingestion_attempts").await.get::<_, i64>(0), 0);
}

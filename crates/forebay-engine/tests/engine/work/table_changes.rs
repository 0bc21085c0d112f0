//! Tables that are renamed, dropped, replaced or altered, under a running worker and between two.

use std::{sync::Mutex, time::Duration};

use forebay_engine::work::{
    self, Progress, WorkOptions,
    reconciliation::{self, Target},
};
use forebay_store::{doctor::Attention, pipelines};
use serde_json::{Value, json};

use super::{Shop, pipeline_id, subscriber};
use crate::wait::eventually;

fn items() -> Value {
    json!({"table": "public.items", "columns": {"title": "title", "seats": {"field": "seats", "type": "int"}}})
}

async fn titles(shop: &Shop) -> Vec<String> {
    shop.column("select title from public.items order by title").await
}

async fn run(shop: &Shop, statement: &str) {
    shop.client.batch_execute(statement).await.unwrap();
}

/// Waits until the worker has stopped the pipeline with this message.
async fn stopped(errors: &Mutex<Vec<String>>, message: &str) {
    let has_stopped = || errors.lock().unwrap().iter().any(|error| error.contains(message));
    let wait = async {
        while !has_stopped() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_mins(1), wait).await.is_ok();
    assert!(in_time, "no error says {message:?}: {:?}", errors.lock().unwrap());
    errors.lock().unwrap().clear();
}

#[tokio::test]
async fn a_running_worker_writes_to_the_table_that_it_opened_or_nowhere() {
    let mut shop = Shop::open().await;
    shop.only_table(items()).await;
    shop.subscribers.push(subscriber(pipeline_id(&shop.client, "documents").await));
    shop.put("0", &json!({"title": "0", "seats": 1})).await;
    shop.drain().await;
    let errors = Mutex::new(Vec::new());
    let note = |progress: Progress<'_>| {
        if let Progress::Batch(report) = progress
            && let Some(error) = &report.error
        {
            errors.lock().unwrap().push(format!("{} {error}", error.code()));
        }
    };
    let (ending, end) = tokio::sync::oneshot::channel::<()>();
    let options = WorkOptions { reconcile_every: None, ..shop.options().await };
    let working = work::follow(&shop.database, &options, &note, async { drop(end.await) });
    let changing = async {
        let arrives = async |expected: &[&str]| {
            eventually("the rows arrive", async || titles(&shop).await == expected).await;
        };
        let put = async |key: &str| {
            shop.put(key, &json!({"title": key, "seats": 1})).await;
        };
        put("a").await;
        arrives(&["0", "a"]).await;

        // Another pipeline goes on meanwhile, and the same table is used as soon as it is back.
        run(&shop, "alter table public.items rename to former").await;
        put("b").await;
        stopped(
            &errors,
            "table_changed the table public.items changed while a worker used it: it was renamed",
        )
        .await;
        let indexed = "select title from forebay.documents where title = 'b'";
        eventually("the document is indexed", async || shop.column(indexed).await.len() == 1).await;
        assert!(shop.column("select title from public.former where title = 'b'").await.is_empty());

        // Another table by that name lacks what came before.
        run(&shop, "create table public.items (like public.former including all)").await;
        stopped(&errors, "another table has its name now").await;
        assert!(titles(&shop).await.is_empty());
        run(&shop, "drop table public.items; alter table public.former rename to items").await;
        arrives(&["0", "a", "b"]).await;

        run(&shop, "alter table public.items alter column seats type bigint").await;
        put("c").await;
        stopped(&errors, "the type of its column seats was integer and is bigint").await;
        run(&shop, "alter table public.items alter column seats type int").await;
        arrives(&["0", "a", "b", "c"]).await;

        run(&shop, "alter table public.items drop column seats").await;
        put("d").await;
        stopped(&errors, "its column seats is gone").await;
        run(&shop, "drop table public.items").await;
        stopped(&errors, "it was renamed or dropped").await;
        let waiting = "select count(*)::text from forebay.ingestion_handoffs where state = 'pending'";
        assert_eq!(shop.column(waiting).await, ["1"]);

        // An operator creates it again, and the worker uses it.
        let recreated = work::recreate_tables(&shop.database, &options).await.unwrap();
        assert_eq!((recreated[0].pipeline.as_str(), recreated[0].num_handoffs), ("rows", 4));
        arrives(&["0", "a", "b", "c", "d"]).await;
        assert!(work::recreate_tables(&shop.database, &options).await.unwrap().is_empty());
        ending.send(()).unwrap();
    };
    let (report, ()) = tokio::join!(working, changing);
    report.unwrap();
    assert_eq!(shop.column("select distinct state from forebay.handoffs").await, ["succeeded"]);
    assert_eq!(shop.column("select reason_code from forebay.ingestion_attempts").await, [""; 0]);
}

#[tokio::test]
async fn a_table_that_is_gone_is_a_loss_and_no_worker_creates_it_again() {
    let mut shop = Shop::open().await;
    shop.only_table(items()).await;
    shop.put("a", &json!({"title": "a"})).await;
    shop.drain().await;
    run(&shop, "drop table public.items").await;
    shop.put("b", &json!({"title": "b"})).await;
    assert_eq!(shop.drain().await.error.unwrap().code(), "table_gone");
    assert_eq!(shop.states().await, ["pending 1", "succeeded 1"]);
    let gone = Attention::read(&shop.client).await.unwrap().gone;
    assert_eq!((gone[0].pipeline.as_str(), gone[0].table.as_str()), ("rows", "public.items"));
    let pipeline = pipelines::find(&shop.client, "rows").await.unwrap().unwrap();
    let target = Target::of(&pipeline).unwrap().unwrap();
    let found = reconciliation::compare(&shop.database, &pipeline, &target, false).await.unwrap();
    assert!(found.target.unwrap().is_gone);

    // Only its own program may.
    let other = WorkOptions { pipelines: vec!["rows".to_owned()], ..WorkOptions::default() };
    assert!(work::recreate_tables(&shop.database, &other).await.unwrap().is_empty());
    let options = WorkOptions { pipelines: other.pipelines, ..shop.options().await };
    assert_eq!(work::recreate_tables(&shop.database, &options).await.unwrap().len(), 1);
    shop.drain().await;
    assert_eq!(titles(&shop).await, ["a", "b"]);
    assert!(Attention::read(&shop.client).await.unwrap().gone.is_empty());
}

#[tokio::test]
async fn a_worker_that_starts_uses_the_table_as_it_is() {
    let mut shop = Shop::open().await;
    shop.only_table(items()).await;
    shop.put("a", &json!({"title": "a", "seats": 1})).await;
    shop.drain().await;
    run(&shop, "alter table public.items alter column seats type text").await;
    shop.put("b", &json!({"title": "b", "seats": "2"})).await;
    assert_eq!(shop.drain().await.num_succeeded, 1);
    // Another table is a new target, which is created at its first use.
    let mut other = items();
    other["table"] = json!("public.others");
    shop.only_table(other).await;
    assert_eq!(shop.drain().await.num_succeeded, 2);
    assert_eq!(shop.column("select title from public.others order by title").await, ["a", "b"]);
}

#[tokio::test]
async fn a_table_that_was_replaced_while_no_worker_ran_is_a_loss_until_an_operator_accepts_it() {
    let mut shop = Shop::open().await;
    shop.only_table(items()).await;
    shop.put("a", &json!({"title": "a", "seats": 1})).await;
    shop.drain().await;
    run(
        &shop,
        "alter table public.items rename to former; create table public.items (like public.former including all)",
    )
    .await;
    shop.put("b", &json!({"title": "b", "seats": 2})).await;
    let error = shop.drain().await.error.unwrap();
    assert_eq!(error.code(), "table_gone");
    assert!(error.to_string().ends_with("another table has its name now"), "{error}");
    assert_eq!(titles(&shop).await, [""; 0]);
    let gone = &Attention::read(&shop.client).await.unwrap().gone[0];
    assert_eq!((gone.table.as_str(), gone.is_replaced), ("public.items", true));

    // The former one is restored.
    run(&shop, "drop table public.items; alter table public.former rename to items").await;
    assert_eq!(shop.drain().await.num_succeeded, 1);
    assert_eq!(titles(&shop).await, ["a", "b"]);

    // A copy with one of its rows.
    let copy = "alter table public.items rename to former; create table public.items (like public.former including all); \
         insert into public.items select * from public.former where title = 'a'; drop table public.former";
    run(&shop, copy).await;
    assert_eq!(shop.drain().await.error.map(|error| error.code()), None, "nothing is due");
    shop.put("c", &json!({"title": "c", "seats": 3})).await;
    assert_eq!(shop.drain().await.error.unwrap().code(), "table_gone");
    let options = WorkOptions { pipelines: vec!["rows".to_owned()], ..shop.options().await };
    assert_eq!(work::recreate_tables(&shop.database, &options).await.unwrap().len(), 1);
    shop.drain().await;
    assert_eq!(titles(&shop).await, ["a", "b", "c"]);
    assert!(work::recreate_tables(&shop.database, &options).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_running_worker_leaves_a_pipeline_alone_once_it_is_disabled_or_declared_otherwise() {
    let mut shop = Shop::open().await;
    shop.only_table(items()).await;
    shop.put("first", &json!({"title": "first"})).await;
    shop.drain().await;
    run(
        &shop,
        "create function public.slowly() returns trigger language plpgsql as \
             $$ begin perform pg_sleep(0.05); return new; end $$; \
         create trigger slowly before insert on public.items for each row execute function public.slowly()",
    )
    .await;
    let keys: Vec<String> = (0..200).map(|n| format!("k{n}")).collect();
    let records: Vec<(&str, Value)> = keys.iter().map(|key| (key.as_str(), json!({"title": key}))).collect();
    shop.put_all(&records).await;
    let options = WorkOptions { reconcile_every: None, batch: 1, concurrency: 1, ..shop.options().await };
    for (change, back) in [
        ("enabled = false", "enabled = true"),
        ("config = config || '{\"removed\": \"mark\"}'", "config = config - 'removed'"),
    ] {
        let before = titles(&shop).await.len();
        let (ending, end) = tokio::sync::oneshot::channel::<()>();
        let working = work::follow(&shop.database, &options, &|_| {}, async { drop(end.await) });
        let changing = async {
            eventually("rows arrive", async || titles(&shop).await.len() > before + 2).await;
            run(&shop, &format!("update forebay.pipelines set {change} where handler = 'table'")).await;
            // The worker looks once a second.
            tokio::time::sleep(Duration::from_millis(1500)).await;
            let then = titles(&shop).await.len();
            tokio::time::sleep(Duration::from_millis(500)).await;
            assert_eq!(titles(&shop).await.len(), then, "{change}");
            assert!(then < 200, "{change}: {then}");
            ending.send(()).unwrap();
        };
        let (report, ()) = tokio::join!(working, changing);
        report.unwrap();
        run(&shop, &format!("update forebay.pipelines set {back} where handler = 'table'")).await;
    }
}

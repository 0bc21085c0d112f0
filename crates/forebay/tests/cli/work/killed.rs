//! Workers that are killed, asked to stop or cut off from Postgres while webhooks are under way: real processes, and a
//! receiver that counts what it gets.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    response::Response,
};
use forebay_store::connect::{Database, OpenOptions, Target};
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    runtime::{Builder, Runtime},
    sync::watch,
};

use crate::{
    Sandbox,
    database::{TestDb, database, write_records},
    server::Server,
    shown,
    site::{PATIENCE, POLL},
    worker::Worker,
};

/// A receiver on loopback that answers a number of requests with success and holds the others back.
struct Receiver {
    url: String,
    got: Arc<Mutex<Vec<String>>>,
    num_answered: watch::Sender<usize>,
    _runtime: Runtime,
}

#[derive(Clone)]
struct Shared {
    got: Arc<Mutex<Vec<String>>>,
    num_answered: watch::Receiver<usize>,
}

impl Receiver {
    fn open(num_answered: usize) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (num_answered, watched) = watch::channel(num_answered);
        let got: Arc<Mutex<Vec<String>>> = Arc::default();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Shared { got: Arc::clone(&got), num_answered: watched };
        let router = Router::new().fallback(answer).with_state(shared);
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { url, got, num_answered, _runtime: runtime }
    }

    fn num_got(&self) -> usize {
        self.got.lock().unwrap().len()
    }

    /// Answers everything.
    fn release(&self) {
        self.num_answered.send_replace(usize::MAX);
    }

    /// How many records it got once, twice and so on.
    fn counts(&self) -> BTreeMap<usize, usize> {
        let mut by_record: BTreeMap<String, usize> = BTreeMap::new();
        for record in self.got.lock().unwrap().iter() {
            *by_record.entry(record.clone()).or_default() += 1;
        }
        let mut counts = BTreeMap::new();
        for count in by_record.into_values() {
            *counts.entry(count).or_default() += 1;
        }
        counts
    }

    fn configure(&self, sandbox: &Sandbox, concurrency: usize) {
        let text = format!(
            "[pipelines.hook]\nsource = \"courses\"\nhandler = \"webhook\"\nurl = \"{}\"\n\
             concurrency = {concurrency}\n\
             [pipelines.documents]\nsource = \"*\"\nhandler = \"documents\"\nenabled = false\n",
            self.url
        );
        sandbox.configure(&text);
    }
}

async fn answer(State(mut shared): State<Shared>, request: Request) -> Response {
    let body = to_bytes(request.into_body(), usize::MAX).await.unwrap();
    let event: Value = serde_json::from_slice(&body).unwrap();
    let place = {
        let mut got = shared.got.lock().unwrap();
        got.push(event["subject"].as_str().unwrap().to_owned());
        got.len()
    };
    // The sender is dropped when the test ends.
    let _ended = shared.num_answered.wait_for(|number| place <= *number).await;
    Response::new(Body::empty())
}

impl Server {
    /// The only value of a query, as text; `None`: it cannot be asked now.
    fn value(&self, sql: &str) -> Option<String> {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let target = Target::Url(self.url.clone());
            let database = Database::open(target, OpenOptions::default()).await.ok()?;
            let client = database.client().await.ok()?;
            let row = client.query_typed_one(sql, &[]).await.ok()?;
            row.try_get(0).ok()
        })
    }
}

fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "timed out waiting until {what}");
        std::thread::sleep(POLL);
    }
}

fn persist(sandbox: &Sandbox, url: &str, number: usize) {
    let records = (0..number).map(|n| json!({ "id": format!("c{n}"), "title": "Logic" }));
    let file = write_records(sandbox, "many.jsonl", records);
    for line in ["db up".to_owned(), format!("persist {file} --source courses --key id")] {
        let output = sandbox.command(&line).env("FOREBAY_DATABASE_URL", url).output().unwrap();
        assert!(output.status.success(), "{line}: {}", shown(&output));
    }
}

fn states(db: &TestDb) -> String {
    let of_state = "select state || ' ' || count(*) as of_state from forebay.handoffs group by state";
    db.value(&format!("select string_agg(of_state, ', ' order by of_state) from ({of_state}) as s"))
}

#[test]
fn after_a_kill_only_what_was_in_flight_comes_again() {
    let (sandbox, db, receiver) = (Sandbox::new(), database(), Receiver::open(10));
    receiver.configure(&sandbox, 4);
    persist(&sandbox, &db.url, 40);
    let mut worker = Worker::start(&sandbox, &db.url, "work --no-schedules --reconcile-every never");
    wait_until("ten are settled and four in flight", || {
        receiver.num_got() == 14 && states(&db).contains("succeeded 10")
    });
    worker.signal(Signal::KILL);
    worker.exit();

    db.execute("update forebay.ingestion_claims set lease_until = now() - interval '1 s'");
    receiver.release();
    let _second = Worker::start(&sandbox, &db.url, "work --no-schedules --reconcile-every never");
    wait_until("all are settled", || states(&db) == "succeeded 40");
    assert_eq!(receiver.counts(), BTreeMap::from([(1, 36), (2, 4)]));
}

#[test]
fn a_worker_that_is_asked_to_stop_returns_what_it_has_not_begun_and_finishes_the_rest() {
    let (sandbox, db, receiver) = (Sandbox::new(), database(), Receiver::open(10));
    receiver.configure(&sandbox, 4);
    persist(&sandbox, &db.url, 40);
    let mut worker =
        Worker::start(&sandbox, &db.url, "work --no-schedules --reconcile-every never --grace 2m");
    wait_until("four are in flight", || receiver.num_got() == 14);
    worker.signal(Signal::TERM);
    wait_until("the rest waits", || states(&db) == "active 4, pending 26, succeeded 10");
    assert_eq!(
        db.value("select max(attempt) from forebay.ingestion_handoffs where receipt is null"),
        "0",
        "they were not tried"
    );
    receiver.release();
    assert_eq!(worker.exit(), Some(130));
    assert_eq!(states(&db), "pending 26, succeeded 14");
    assert_eq!(receiver.counts(), BTreeMap::from([(1, 14)]));
}

#[test]
fn what_was_delivered_while_postgres_was_stopped_is_reported_and_not_sent_again() {
    let (sandbox, server, receiver) = (Sandbox::new(), Server::start(), Receiver::open(0));
    receiver.configure(&sandbox, 32);
    persist(&sandbox, &server.url, 32);
    let worker = Worker::start(&sandbox, &server.url, "work --no-schedules --reconcile-every never");
    wait_until("all are in flight", || receiver.num_got() == 32);
    // The lease is shorter than the outage, and another worker would free the claim.
    let shorten =
        "update forebay.ingestion_claims set lease_until = now() + interval '2 s' returning 'short'";
    assert_eq!(server.value(shorten).as_deref(), Some("short"));
    server.stop();
    receiver.release();
    std::thread::sleep(Duration::from_secs(6));
    server.restart();
    let rescuer = Worker::start(&sandbox, &server.url, "work --no-schedules --reconcile-every never");
    let settled = "select count(*)::text from forebay.ingestion_outcomes where state = 'succeeded'";
    wait_until("all are settled", || server.value(settled).as_deref() == Some("32"));
    assert_eq!(receiver.counts(), BTreeMap::from([(1, 32)]));
    assert_eq!(server.value("select count(*)::text from forebay.ingestion_attempts").as_deref(), Some("0"));
    drop((worker, rescuer));
}

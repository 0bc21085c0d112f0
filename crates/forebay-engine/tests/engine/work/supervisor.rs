//! Workers as a service: parallel pipelines, handlers outside the database, limits, and graceful stops.

use std::{fs, path::Path, slice, time::Duration};

use forebay_engine::work::{self, Declarations, Limits, PipelineSpec, WorkOptions, WorkReport};
use forebay_store::{
    handoffs,
    pipelines::{self, Effect, Stored},
    projects::OnConflict,
};
use serde_json::{Value, json};

use super::{SOURCE, Shop, subscriber};

/// A pipeline that hands changes to a shell script.
pub(super) fn exec_spec(script: &str) -> PipelineSpec {
    PipelineSpec::new("commands", "exec", json!({"command": ["sh", "-c", script], "batch": 10}))
        .of_source(SOURCE)
}

/// Answers every line with a verdict.
pub(super) const SAYS_DONE: &str =
    r#"sed -n 's/.*"reference_id":"\([^"]*\)".*/{"reference_id":"\1","status":"done"}/p'"#;

pub(super) async fn only(shop: &mut Shop, spec: PipelineSpec) {
    work::declare(&shop.database, slice::from_ref(&spec)).await.unwrap();
    let subscribers = handoffs::subscribers_of(&shop.client, SOURCE, "item").await.unwrap();
    let id = super::pipeline_id(&shop.client, &spec.name).await;
    shop.subscribers = subscribers.into_iter().filter(|subscriber| subscriber.pipeline_id == id).collect();
}

async fn drain(shop: &Shop) -> WorkReport {
    work::drain(&shop.database, &shop.options().await, &|_| {}).await.unwrap()
}

/// Works until a query returns true, then stops.
async fn follow_until(shop: &Shop, options: &WorkOptions, query: &str) -> WorkReport {
    let there = async {
        let wait = async {
            while !shop.row(query).await.get::<_, bool>(0) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_mins(3), wait)
            .await
            .unwrap_or_else(|_| panic!("timed out: {query}"));
    };
    work::follow(&shop.database, options, &|_| {}, there).await.unwrap()
}

pub(super) async fn put_many(shop: &Shop, number: usize) {
    let keys: Vec<String> = (0..number).map(|n| format!("k{n}")).collect();
    let records: Vec<(&str, Value)> = keys.iter().map(|key| (key.as_str(), json!({"id": key}))).collect();
    shop.put_all(&records).await;
}

#[tokio::test]
async fn a_command_gets_each_change_and_its_verdicts_end_the_hand_offs() {
    let mut shop = Shop::open().await;
    let folder = tempfile::tempdir().unwrap();
    let seen = folder.path().join("seen");
    only(&mut shop, exec_spec(&format!("tee -a {} | {SAYS_DONE}", seen.display()))).await;
    put_many(&shop, 25).await;
    let report = drain(&shop).await;
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(report.pipelines.iter().map(|pipeline| pipeline.num_succeeded).sum::<u64>(), 25);
    assert_eq!(shop.states().await, ["succeeded 25"]);
    assert_eq!(lines(&seen), 25);
    assert_eq!(shop.row("select count(*) from forebay.ingestion_claims").await.get::<_, i64>(0), 0);
    // Removals have no payload.
    shop.remove("k3").await;
    drain(&shop).await;
    let last = fs::read_to_string(&seen).unwrap().lines().last().unwrap().to_owned();
    let event: Value = serde_json::from_str(&last).unwrap();
    assert_eq!((&event["change"], &event["payload"]), (&json!("removed"), &Value::Null));
}

fn lines(path: &Path) -> usize {
    fs::read_to_string(path).unwrap().lines().count()
}

#[tokio::test]
async fn a_failed_verdict_follows_the_policy_of_its_class() {
    let mut shop = Shop::open().await;
    let script = r#"sed -n 's/.*"reference_id":"\([^"]*\)".*/{"reference_id":"\1","status":"failed","class":"permanent","reason_code":"no_room","message":"full"}/p'"#;
    only(&mut shop, exec_spec(script)).await;
    put_many(&shop, 3).await;
    assert_eq!(drain(&shop).await.pipelines.iter().map(|pipeline| pipeline.num_failed).sum::<u64>(), 3);
    let failures = "select distinct state || ' ' || reason_code || ' ' || failure_code || ' ' || last_error \
         from forebay.handoffs";
    assert_eq!(shop.column(failures).await, ["failed permanent no_room full"]);
}

#[tokio::test]
async fn a_stopped_worker_releases_its_claims() {
    let mut shop = Shop::open().await;
    only(&mut shop, exec_spec("sleep 600")).await;
    put_many(&shop, 5).await;
    // Missing hand-offs in other pipelines are irrelevant here.
    let options =
        WorkOptions { grace: Duration::from_millis(50), reconcile_every: None, ..shop.options().await };
    follow_until(&shop, &options, "select exists (select from forebay.ingestion_claims)").await;
    assert_eq!(shop.states().await, ["pending 5"]);
    let free = "select attempt || ' ' || (receipt is null)::text from forebay.ingestion_handoffs group by 1";
    assert_eq!(shop.column(free).await, ["0 true"]);
    assert_eq!(shop.row("select count(*) from forebay.ingestion_claims").await.get::<_, i64>(0), 0);
    assert_eq!(shop.row("select count(*) from forebay.ingestion_attempts").await.get::<_, i64>(0), 0);
}

#[tokio::test]
async fn new_work_is_done_and_slow_pipelines_do_not_block_others() {
    let mut shop = Shop::open().await;
    work::declare(&shop.database, &[exec_spec("sleep 600")]).await.unwrap();
    shop.subscribers = vec![
        subscriber(super::pipeline_id(&shop.client, "commands").await),
        subscriber(super::pipeline_id(&shop.client, "documents").await),
    ];
    put_many(&shop, 5).await;
    let options = WorkOptions { grace: Duration::from_millis(50), ..shop.options().await };
    let busy = "select exists (select from forebay.ingestion_claims) \
         and (select count(*) = 5 from forebay.documents)";
    follow_until(&shop, &options, busy).await;
}

#[tokio::test]
async fn limits_are_respected_and_a_drain_waits_for_them() {
    let mut shop = Shop::open().await;
    let limits = Limits { rate: Some(20.0), max_active: Some(4), ..Limits::default() };
    only(&mut shop, PipelineSpec { limits, ..exec_spec(SAYS_DONE) }).await;
    put_many(&shop, 30).await;
    let report = drain(&shop).await;
    assert_eq!(report.pipelines.iter().map(|pipeline| pipeline.num_succeeded).sum::<u64>(), 30);
    // Claims are never larger than the limit, although the bucket has more tokens.
    assert_eq!(shop.states().await, ["succeeded 30"]);
}

#[tokio::test]
async fn a_drain_waits_for_what_a_killed_worker_still_holds() {
    let shop = Shop::open().await;
    put_many(&shop, 3).await;
    // The server ends the transaction of a killed worker after its current statement.
    let mut killed = shop.database.client().await.unwrap();
    let transaction = killed.transaction().await.unwrap();
    let taken = transaction.query("select from forebay.ingestion_handoffs for update", &[]).await.unwrap();
    assert_eq!(taken.len(), 3);
    let ending = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        transaction.rollback().await.unwrap();
    };
    let (report, ()) = tokio::join!(drain(&shop), ending);
    assert_eq!(report.pipelines[0].num_succeeded, 3, "{report:?}");

    // It doesn't wait for ever.
    put_many(&shop, 4).await;
    let transaction = killed.transaction().await.unwrap();
    transaction.query("select from forebay.ingestion_handoffs for update", &[]).await.unwrap();
    let options = WorkOptions { grace: Duration::from_millis(200), ..shop.options().await };
    let report = work::drain(&shop.database, &options, &|_| {}).await.unwrap();
    assert_eq!(
        (report.pipelines[0].num_succeeded, report.pipelines[0].backlog.num_due),
        (0, 4),
        "{report:?}"
    );
    transaction.rollback().await.unwrap();
}

#[tokio::test]
async fn transactional_handlers_have_no_limits() {
    let shop = Shop::open().await;
    let limits = Limits { max_active: Some(4), ..Limits::default() };
    let spec = PipelineSpec { limits, ..PipelineSpec::new("documents", "documents", json!({})) };
    let error = work::declare(&shop.database, &[spec]).await.unwrap_err();
    assert_eq!(error.code(), "pipeline_config");
    assert!(error.to_string().contains("limits"), "{error}");
}

#[tokio::test]
async fn an_enabled_pipeline_gets_the_changes_it_missed() {
    let mut shop = Shop::open().await;
    only(&mut shop, exec_spec(SAYS_DONE)).await;
    let disabled = PipelineSpec { enabled: false, ..exec_spec(SAYS_DONE) };
    work::declare(&shop.database, &[disabled]).await.unwrap();
    shop.subscribers = handoffs::subscribers_of(&shop.client, SOURCE, "item").await.unwrap();
    put_many(&shop, 3).await;
    let declared = work::declare(&shop.database, &[exec_spec(SAYS_DONE)]).await.unwrap().changed;
    assert_eq!(declared[0].num_handoffs, 3);
    let missed = "select distinct reason_code from forebay.handoffs as h \
         join forebay.pipelines as p using (pipeline_id) where p.name = 'commands'";
    assert_eq!(shop.column(missed).await, ["reconciled"]);
}

#[tokio::test]
async fn a_declaration_makes_up_for_one_that_was_killed() {
    let mut shop = Shop::open().await;
    only(&mut shop, exec_spec(SAYS_DONE)).await;
    put_many(&shop, 3).await;
    let late = PipelineSpec { name: "late".to_owned(), ..exec_spec(SAYS_DONE) };
    // Killed before it has handed anything off.
    let stored = pipelines::declare(&shop.client, &late, &Effect::default(), OnConflict::Keep).await.unwrap();
    assert_eq!(stored, Stored::Written);
    let declare = async || work::declare(&shop.database, slice::from_ref(&late)).await.unwrap().changed;
    assert_eq!(declare().await[0].num_handoffs, 3);
    assert!(declare().await.is_empty(), "it came to its end");
    // Killed halfway through a change.
    let changed = PipelineSpec { retry: json!({"transient": {"max_failures": 2}}), ..late.clone() };
    pipelines::declare(&shop.client, &changed, &Effect::default(), OnConflict::Keep).await.unwrap();
    let declared = work::declare(&shop.database, slice::from_ref(&changed)).await.unwrap().changed;
    assert_eq!((declared.len(), declared[0].num_handoffs), (1, 0));
    assert!(work::declare(&shop.database, &[changed]).await.unwrap().changed.is_empty());
}

#[tokio::test]
async fn a_worker_hands_off_missing_references_by_itself() {
    let mut shop = Shop::open().await;
    only(&mut shop, exec_spec(SAYS_DONE)).await;
    // Handed off only to the command; the pipeline `documents` is missing them.
    put_many(&shop, 3).await;
    let report =
        follow_until(&shop, &shop.options().await, "select count(*) = 3 from forebay.documents").await;
    assert_eq!(report.maintenance.num_repaired, 3);
}

/// Runs a statement as another role that row-level security doesn't hold back.
async fn write_as_another_role(shop: &Shop, statement: &str) {
    let role = format!("writer_of_{}", shop.test.config().get_dbname().unwrap());
    let make = format!(
        "drop role if exists {role}; create role {role} bypassrls; grant usage on schema forebay to {role}; \
         grant select, insert, update on forebay.pipelines to {role}; set role {role}; {statement}; reset role; \
         drop owned by {role}; drop role {role}"
    );
    shop.client.batch_execute(&make).await.unwrap();
}

#[tokio::test]
async fn a_row_that_another_role_has_written_runs_nothing() {
    let mut shop = Shop::open().await;
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("mark");
    let own = exec_spec(SAYS_DONE);
    only(&mut shop, own.clone()).await;
    put_many(&shop, 2).await;
    let hostile = json!({"command": ["touch", mark.to_str().unwrap()]});
    let insert = format!(
        "insert into forebay.pipelines (name, handler, config) values ('shell', 'exec', '{hostile}'); \
         update forebay.pipelines set config = '{hostile}' where name = 'commands'"
    );
    write_as_another_role(&shop, &insert).await;
    let shell = super::pipeline_id(&shop.client, "shell").await;
    shop.subscribers.push(subscriber(shell));
    put_many(&shop, 3).await;
    let options = WorkOptions {
        declarations: Declarations::new([own.clone()]),
        reconcile_every: None,
        ..WorkOptions::default()
    };

    let report = work::drain(&shop.database, &options, &|_| {}).await.unwrap();
    let left_alone: Vec<_> = report
        .left_alone
        .iter()
        .map(|left| (left.pipeline.as_str(), left.error.code(), left.backlog.num_due))
        .collect();
    assert_eq!(
        left_alone,
        [("commands", "pipeline_declared_otherwise", 3), ("shell", "pipeline_undeclared", 3)]
    );
    follow_until(&shop, &options, "select pg_sleep(0.5) is not null").await;
    assert!(!mark.exists() && shop.states().await == ["pending 6"], "{:?}", shop.states().await);
    // Asked for by its name, it is an error.
    let named = WorkOptions { pipelines: vec!["shell".to_owned()], ..options.clone() };
    let error = work::drain(&shop.database, &named, &|_| {}).await.unwrap_err();
    assert_eq!((error.code(), error.is_usage()), ("pipeline_undeclared", true));

    // The worker's own declaration, once stored again, is run.
    work::declare(&shop.database, &[own]).await.unwrap();
    let report = work::drain(&shop.database, &options, &|_| {}).await.unwrap();
    assert_eq!(report.left_alone.len(), 1, "{report:?}");
    assert_eq!(
        shop.column("select distinct state from forebay.handoffs order by 1").await,
        ["pending", "succeeded"]
    );
    assert!(!mark.exists());
}

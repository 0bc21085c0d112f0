//! The ways to call the functions: as in the guide, as `PostgREST` does, and through a pooler.

use std::{collections::HashSet, fs, path::Path};

use forebay_store::connect::OpenOptions;
use serde_json::{Value, json};
use tokio_postgres::{Client, SimpleQueryMessage, SimpleQueryRow, types::Type};

use super::{PIPELINE, World, claim};
use crate::pooler;

/// The statements of a guide, in order.
fn sql_of(guide: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guides").join(guide);
    let text = fs::read_to_string(path).unwrap();
    let blocks = text.split("```sql\n").skip(1);
    blocks.map(|rest| rest.split_once("```").unwrap().0.to_owned()).collect()
}

#[tokio::test]
async fn the_statements_of_the_guide_run_in_order() {
    let world = World::new().await;
    world.hand_off_many("pages", 5).await;
    let mut statements = sql_of("external-workers.md").into_iter();
    let role = statements.next().unwrap();
    assert!(role.contains("create role indexer login"), "{role}");
    // Another role with the guide's name may exist; ours is dropped first and created as in the guide.
    world.run(&format!("drop role {}", world.role)).await;
    world.run(&role.replace("indexer", &world.role)).await;
    let worker = world.worker().await;

    let jobs = rows_of(&worker, &statements.next().unwrap()).await;
    assert_eq!(jobs.len(), 5);
    let mut verdicts = Vec::new();
    for mut statement in statements {
        for (place, job) in jobs.iter().enumerate() {
            let (id, receipt) = (job.get("reference_id").unwrap(), job.get("receipt").unwrap());
            statement =
                statement.replace(&format!("REFERENCE_{}", place + 1), id).replace("RECEIPT", receipt);
        }
        for row in rows_of(&worker, &statement).await {
            verdicts.push(row.get("verdict").unwrap().to_owned());
        }
    }
    assert_eq!(verdicts, ["extended", "done", "done", "failed", "retrying", "done"]);
    assert_eq!(
        world.handoffs().await,
        ["failed permanent 1", "pending added 1", "retrying throttled 1", "succeeded added 2"]
    );
    assert_eq!(world.number("select count(*) from forebay.ingestion_claims").await, 0);
    world.end().await;
}

/// The rows of a statement, with all values as text.
async fn rows_of(client: &Client, statement: &str) -> Vec<SimpleQueryRow> {
    let messages = client.simple_query(statement).await.unwrap();
    let rows = messages.into_iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    rows.collect()
}

/// Calls a function like `PostgREST`: one JSON document with the named arguments, in a transaction that has assumed
/// the role.
async fn rpc(client: &mut Client, role: &str, function: &str, columns: &str, body: &Value) -> Vec<Value> {
    let arguments: Vec<String> =
        body.as_object().unwrap().keys().map(|name| format!("\"{name}\" := pgrst_body.\"{name}\"")).collect();
    let statement = format!(
        "with pgrst_source as (
            select pgrst_call.*
            from (select $1::json as json_data) as pgrst_payload,
                lateral (select * from json_to_record(pgrst_payload.json_data) as _ ({columns})) as pgrst_body,
                lateral forebay.{function}({}) as pgrst_call
        )
        select to_jsonb(t) from pgrst_source as t",
        arguments.join(", ")
    );
    let transaction = client.transaction().await.unwrap();
    transaction.batch_execute(&format!("set local role {role}")).await.unwrap();
    let rows = transaction.query_typed(&statement, &[(body, Type::JSON)]).await.unwrap();
    let answered = rows.iter().map(|row| row.get(0)).collect();
    transaction.commit().await.unwrap();
    answered
}

#[tokio::test]
async fn the_functions_can_be_called_like_postgrest_does() {
    let world = World::new().await;
    world.hand_off_many("pages", 3).await;
    let mut client = world.database.client().await;

    let jobs = rpc(
        &mut client,
        "forebay_worker",
        "claim_jobs",
        "pipeline text, max_jobs int, lease interval",
        &json!({"pipeline": PIPELINE, "max_jobs": 10, "lease": "2 minutes"}),
    )
    .await;
    assert_eq!(jobs.len(), 3);
    assert_eq!(jobs[0]["payload"], json!({"title": "t"}));
    let id = |place: usize| jobs[place]["reference_id"].clone();
    let receipt = &jobs[0]["receipt"];

    let beats = rpc(
        &mut client,
        "forebay_worker",
        "heartbeat_jobs",
        "pipeline text, receipts uuid[]",
        &json!({"pipeline": PIPELINE, "receipts": [receipt]}),
    )
    .await;
    assert_eq!(beats[0]["verdict"], "extended");

    let reported = "pipeline text, reference_ids uuid[], receipts uuid[]";
    let body = json!({"pipeline": PIPELINE, "reference_ids": [id(0)], "receipts": [receipt]});
    let done = rpc(&mut client, "forebay_worker", "complete_jobs", reported, &body).await;
    assert_eq!(done, [json!({"reference_id": id(0), "verdict": "done"})]);
    let body = json!({"pipeline": PIPELINE, "reference_ids": [id(1)], "receipts": [receipt]});
    let freed = rpc(&mut client, "forebay_worker", "release_jobs", reported, &body).await;
    assert_eq!(freed, [json!({"reference_id": id(1), "verdict": "done"})]);
    let failures =
        json!([{"reference_id": id(2), "receipt": receipt, "class": "permanent", "message": "no"}]);
    let failed = rpc(
        &mut client,
        "forebay_worker",
        "fail_jobs",
        "pipeline text, failures jsonb",
        &json!({"pipeline": PIPELINE, "failures": failures}),
    )
    .await;
    assert_eq!(failed, [json!({"reference_id": id(2), "verdict": "failed"})]);
    world.end().await;
}

#[tokio::test]
async fn a_null_lease_means_the_default() {
    let world = World::new().await;
    world.hand_off_many("pages", 150).await;
    let mut client = world.database.client().await;
    let body = json!({"pipeline": PIPELINE, "lease": null});
    let columns = "pipeline text, lease interval";
    let jobs = rpc(&mut client, "forebay_worker", "claim_jobs", columns, &body).await;
    assert_eq!(jobs.len(), 100);
    let lease =
        "select count(*) from forebay.ingestion_claims where lease_until - claimed_at = interval '5 minutes'";
    assert_eq!(world.number(lease).await, 1);
    world.end().await;
}

#[tokio::test]
async fn invalid_calls_report_the_problem() {
    let world = World::new().await;
    let worker = world.worker().await;
    for (statement, state, word) in [
        ("select forebay.claim_jobs('indx')", "P0002", "no_such_pipeline"),
        ("select forebay.claim_jobs('index', lease => '0')", "22023", "invalid_lease"),
        ("select forebay.fail_jobs('index', '[{}]')", "22023", "invalid_failure"),
    ] {
        let error = worker.query(statement, &[]).await.expect_err(statement);
        assert_eq!(error.code().unwrap().code(), state, "{statement}");
        let message = error.as_db_error().unwrap().message();
        assert!(message.starts_with(word), "{statement}: {message}");
    }
    world.end().await;
}

#[tokio::test]
async fn workers_share_two_connections_of_a_transaction_pooler() {
    let world = World::new().await;
    world.hand_off_many("pages", 400).await;
    let Some(pooler) = pooler::start(&world.database).await else {
        world.end().await;
        return;
    };
    let opened = std::sync::Arc::new(pooler::open(&pooler, &world.database, OpenOptions::default()).await);
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let opened = opened.clone();
        workers.spawn(async move {
            let client = opened.client().await.unwrap();
            let mut ids = Vec::new();
            loop {
                let jobs = claim(&client, 7).await;
                if jobs.is_empty() {
                    return ids;
                }
                let mut open: Vec<(&str, &str)> =
                    jobs.iter().map(|job| (job.id.as_str(), job.receipt.as_str())).collect();
                assert_eq!(super::heartbeat(&client, open[0].1).await, "extended");
                while !open.is_empty() {
                    let verdicts = super::report(&client, "complete_jobs", &open).await;
                    // A worker that claims briefly locks jobs that another one has just claimed.
                    assert!(
                        verdicts.iter().all(|verdict| verdict == "done" || verdict == "busy"),
                        "{verdicts:?}"
                    );
                    let mut verdicts = verdicts.into_iter();
                    open.retain(|_| verdicts.next().as_deref() == Some("busy"));
                }
                ids.extend(jobs.into_iter().map(|job| job.id));
            }
        });
    }
    let ids: Vec<String> = workers.join_all().await.into_iter().flatten().collect();
    assert_eq!(ids.len(), 400, "none twice");
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), 400);
    assert_eq!(world.handoffs().await, ["succeeded added 400"]);
    world.end().await;
}

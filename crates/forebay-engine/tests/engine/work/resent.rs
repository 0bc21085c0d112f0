//! What hands off again when settings change, and the ids of what is sent again.

use std::{collections::BTreeSet, fs, path::Path, time::Duration};

use forebay_domain::handoff::FailureClass;
use forebay_engine::work::{self, Limits, PipelineSpec, WorkOptions};
use forebay_store::{
    connect::Database,
    jobs::{self, Claimed, Failure},
    pipelines,
};
use serde_json::{Value, json};

use super::{
    Shop, all_stored,
    supervisor::{SAYS_DONE, exec_spec, only, put_many},
    table_spec,
};
use crate::persist::{self, complete};

const REASONS: &str = "select state || ' ' || reason_code || ' ' || count(*) from forebay.handoffs \
     group by state, reason_code order by 1";

/// Refuses everything for good.
const FAILS: &str = r#"sed -n 's/.*"reference_id":"\([^"]*\)".*/{"reference_id":"\1","status":"failed","class":"permanent"}/p'"#;

/// Declares a pipeline, and returns how many hand-offs that made.
async fn declare(database: &Database, spec: PipelineSpec) -> u64 {
    work::declare(database, &[spec]).await.unwrap().changed[0].num_handoffs
}

async fn drain(database: &Database) {
    let declarations = all_stored(&**database.client().await.unwrap()).await;
    let options = WorkOptions { declarations, ..WorkOptions::default() };
    work::drain(database, &options, &|_| {}).await.unwrap();
}

#[tokio::test]
async fn settings_that_do_not_change_what_is_sent_hand_nothing_off() {
    let mut shop = Shop::open().await;
    let base = exec_spec(SAYS_DONE);
    only(&mut shop, base.clone()).await;
    put_many(&shop, 3).await;
    drain(&shop.database).await;
    let mut config = base.config.clone();
    config["timeout"] = json!("5s");
    config["batch"] = json!(2);
    config["env"] = json!(["TOKEN"]);
    let changes = [
        PipelineSpec { limits: Limits { max_active: Some(1), ..Limits::default() }, ..base.clone() },
        PipelineSpec { retry: json!({"transient": {"max_failures": 2}}), ..base.clone() },
        PipelineSpec { enabled: false, ..base.clone() },
        base.clone(),
        PipelineSpec { config, ..base },
    ];
    for changed in changes {
        assert_eq!(declare(&shop.database, changed.clone()).await, 0, "{changed:?}");
    }
    assert_eq!(shop.column(REASONS).await, ["succeeded updated 3"]);
}

#[tokio::test]
async fn another_effect_hands_everything_off_again_what_failed_too() {
    let mut shop = Shop::open().await;
    let typed =
        |field: &str| json!({"table": "public.items", "columns": {"n": {"field": field, "type": "int"}}});
    shop.only_table(typed("n")).await;
    shop.put_all(&[("a", json!({"n": 1, "m": 2})), ("b", json!({"n": "x", "m": 3}))]).await;
    shop.drain().await;
    assert_eq!(shop.column(REASONS).await, ["failed permanent 1", "succeeded updated 1"]);
    assert_eq!(declare(&shop.database, table_spec(typed("m"))).await, 2);
    assert_eq!(shop.column(REASONS).await, ["pending reconfigured 2"]);
    assert_eq!(shop.drain().await.num_succeeded, 2);
    assert_eq!(shop.column("select n::text from public.items order by n").await, ["2", "3"]);
}

#[tokio::test]
async fn another_receiver_gets_only_what_failed() {
    let mut shop = Shop::open().await;
    // The members of an event are sorted.
    let fails = r#"sed -n 's/.*"record_key":"k1".*"reference_id":"\([^"]*\)".*/{"reference_id":"\1","status":"failed","class":"permanent"}/p;t;s/.*"reference_id":"\([^"]*\)".*/{"reference_id":"\1","status":"done"}/p'"#;
    only(&mut shop, exec_spec(fails)).await;
    put_many(&shop, 3).await;
    drain(&shop.database).await;
    assert_eq!(shop.column(REASONS).await, ["failed permanent 1", "succeeded updated 2"]);
    assert_eq!(declare(&shop.database, exec_spec(SAYS_DONE)).await, 1);
    assert_eq!(shop.column(REASONS).await, ["pending reconfigured 1", "succeeded updated 2"]);
    drain(&shop.database).await;
    assert_eq!(shop.column(REASONS).await, ["succeeded reconfigured 1", "succeeded updated 2"]);
}

/// Hands off again what needs it, and returns how much that was.
async fn repair(shop: &Shop, pipeline: &str) -> u64 {
    let pipeline = pipelines::find(&shop.client, pipeline).await.unwrap().unwrap();
    work::reconciliation::repair(&shop.database, &pipeline).await.unwrap().num_repaired
}

#[tokio::test]
async fn what_waits_while_the_settings_change_is_sent_once() {
    let mut shop = Shop::open().await;
    let column =
        |field: &str| json!({"table": "public.items", "columns": {"n": {"field": field, "type": "int"}}});
    shop.only_table(column("n")).await;
    shop.put_all(&[("a", json!({"n": 1, "m": 2})), ("b", json!({"n": "x", "m": 3}))]).await;
    assert_eq!(declare(&shop.database, table_spec(column("m"))).await, 0);
    drain(&shop.database).await;
    assert_eq!(shop.column("select n::text from public.items order by n").await, ["2", "3"]);
    assert_eq!(repair(&shop, "rows").await, 0);

    // And what fails at another receiver fails once.
    only(&mut shop, exec_spec(SAYS_DONE)).await;
    put_many(&shop, 1).await;
    assert_eq!(declare(&shop.database, exec_spec(FAILS)).await, 0);
    drain(&shop.database).await;
    assert_eq!(repair(&shop, "commands").await, 0);
}

#[tokio::test]
async fn what_is_delivered_while_the_receiver_changes_is_sent_again_if_that_failed() {
    let mut shop = Shop::open().await;
    only(&mut shop, exec_spec(SAYS_DONE)).await;
    put_many(&shop, 3).await;
    let claimed =
        jobs::claim(&shop.client, "commands", 3, Duration::from_mins(1), "old", None).await.unwrap();
    assert_eq!(declare(&shop.database, exec_spec(FAILS)).await, 0);
    let [done, refused, returned] = &claimed[..] else { panic!("{claimed:?}") };
    let key = |job: &Claimed| [(job.reference_id, job.receipt)];
    jobs::complete(&shop.client, "commands", &key(done), None).await.unwrap();
    let failure = Failure {
        reference_id: refused.reference_id,
        class: FailureClass::Permanent,
        reason_code: "refused".to_owned(),
        message: String::new(),
        retry_after: None,
    };
    jobs::fail(&shop.client, shop.pipeline(), &[(failure, refused.receipt)], None).await.unwrap();
    jobs::release(&shop.client, "commands", &key(returned)).await.unwrap();
    drain(&shop.database).await;
    assert_eq!(shop.states().await, ["failed 2", "succeeded 1"]);
    assert_eq!(repair(&shop, "commands").await, 1, "only the new receiver has refused the other one");
    drain(&shop.database).await;
    assert_eq!(repair(&shop, "commands").await, 0);
}

/// The ids of the events that the command has read so far.
fn ids(seen: &Path) -> Vec<String> {
    let text = fs::read_to_string(seen).unwrap();
    let id = |line: &str| serde_json::from_str::<Value>(line).unwrap()["id"].as_str().unwrap().to_owned();
    text.lines().map(id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_change_has_an_id_of_its_own_and_every_delivery_of_it_the_same() {
    const A: &str = "{\"id\":\"a\",\"title\":\"A\"}\n{\"id\":\"other\"}\n";
    const B: &str = "{\"id\":\"a\",\"title\":\"B\"}\n{\"id\":\"other\"}\n";
    const WITHOUT: &str = "{\"id\":\"other\"}\n";

    let shop = persist::Shop::open().await;
    let folder = tempfile::tempdir().unwrap();
    let (seen, flag) = (folder.path().join("seen"), folder.path().join("fails"));
    let script = format!(
        "grep '\"record_key\":\"a\"' | tee -a {} | if [ -e {} ]; then cat > /dev/null; exit 1; else {SAYS_DONE}; fi",
        seen.display(),
        flag.display()
    );
    let commands = PipelineSpec { source_name: Some(persist::SOURCE.to_owned()), ..exec_spec(&script) };
    work::declare(&shop.database, &[commands]).await.unwrap();
    // To B and back, then removed and restored, twice.
    for (number, content) in (1..).zip([A, B, A, WITHOUT, A, WITHOUT, A]) {
        shop.persist(complete(number), content).await;
        drain(&shop.database).await;
    }
    let changes = ids(&seen);
    assert_eq!(changes.len(), 7, "{changes:?}");
    assert_eq!(changes.iter().collect::<BTreeSet<_>>().len(), 7, "{changes:?}");

    // Asked for again, with at least two attempts: the second may be due at once.
    fs::write(&flag, "").unwrap();
    let enqueue = format!("select forebay.enqueue('commands', array['{}']::uuid[])", persist::id("a"));
    assert_eq!(shop.row(&enqueue).await, "1");
    drain(&shop.database).await;
    fs::remove_file(&flag).unwrap();
    shop.rows("update forebay.ingestion_handoffs set not_before = now()").await;
    drain(&shop.database).await;
    let resent = &ids(&seen)[7..];
    assert!(resent.len() >= 2 && resent.iter().all(|id| *id == changes[6]), "{changes:?} {resent:?}");
}

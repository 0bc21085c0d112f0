//! Every statement matches the schema, hot statements use their index, and SQL computes the same ids as Rust.
//!
//! Plans are checked with fresh statistics and without any, for small and large batches: they must not depend on the
//! time of the last `analyze`.

use std::{fs, path::Path, path::PathBuf, sync::Arc};

use forebay_domain::{
    identity::ReferenceId,
    prepare::{Preparer, RecordPolicy},
};
use forebay_store::{
    changes::REMOVALS,
    handoffs, jobs,
    references::{self, COUNT_IN_SCOPES, CURRENT, PROBE, REMOVE, UPDATE},
    testing,
};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use serde_json::{Value, json};
use tokio_postgres::{
    Client,
    types::{ToSql, Type},
};

/// Number of references in the table that plans are made for.
const NUM_REFERENCES: usize = 60_000;
/// Their scopes. Where one scope has nearly all references, a scan of the table costs about as much as its index.
const NUM_SCOPES: usize = 1_000;
/// Batch sizes to plan for: a few records, and about a window.
const BATCHES: [usize; 2] = [10, 20_000];

fn sql_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sql_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "sql") {
            found.push(path);
        }
    }
}

#[tokio::test]
async fn every_statement_matches_the_schema() {
    let database = testing::database().await;
    let client = database.client().await;
    let mut files = Vec::new();
    sql_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    assert!(files.len() >= 30, "only {} statements were found", files.len());
    let mut refused = Vec::new();
    for file in files {
        let statement = fs::read_to_string(&file).unwrap();
        if let Err(error) = client.prepare(&statement).await {
            let why = error.as_db_error().map_or_else(|| error.to_string(), ToString::to_string);
            refused.push(format!("{}: {why}", file.display()));
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

/// A database with 60,000 references, each with an open hand-off, a settled one, and revisions in three months.
/// Statistics are gathered only if the test does so.
async fn stock(client: &Client) {
    let tables = "forebay.\"references\", forebay.ingestion_handoffs, forebay.ingestion_outcomes, forebay.scrape_run_changes";
    for table in tables.split(", ") {
        client.batch_execute(&format!("alter table {table} set (autovacuum_enabled = off)")).await.unwrap();
    }
    for month in ["2026-01-15", "2026-02-15", "2026-03-15"] {
        let at: jiff::Timestamp = format!("{month}T00:00:00Z").parse().unwrap();
        references::ensure_revision_month(client, at).await.unwrap();
        let partition = format!("forebay.reference_revisions_{}", month[..7].replace('-', ""));
        let off = format!("alter table {partition} set (autovacuum_enabled = off)");
        client.batch_execute(&off).await.unwrap();
    }
    let fill = format!(
        "insert into forebay.sources (name, entity_type, key_fields) values ('s', 'record', '{{id}}');
        insert into forebay.scrape_runs (source_id, scope, status, is_complete, with_handoffs, engine, input, observed_at)
            select source_id, '', 'running', true, true, 'test', '-', '2026-03-20' from forebay.sources;
        insert into forebay.\"references\" (reference_id, first_seen_at, changed_at, observed_at, first_seen_run_id,
                scrape_run_id, source_id, version, version_hash, entity_type, scope, record_key, payload)
            select forebay.reference_id('s', n::text), '2026-01-01', '2026-03-15', '2026-03-15', 1, 1, source_id, 4,
                sha256(n::text::bytea), 'record',
                case n % {NUM_SCOPES} when 0 then '' else 'part=' || n % {NUM_SCOPES} end, n::text,
                jsonb_build_object('id', n, 'title', repeat('x', 200))
            from forebay.sources, generate_series(1, {NUM_REFERENCES}) as n;
        insert into forebay.reference_revisions
            select reference_id, at, 1, 1 + ord, 'updated', 'title', '\"a\"', '\"b\"'
            from forebay.\"references\",
                unnest('{{2026-01-15, 2026-02-15, 2026-03-15}}'::timestamptz[]) with ordinality as m (at, ord);
        insert into forebay.ingestion_outcomes (reference_id, pipeline_id, payload_hash, version, generation, state, change,
                reason_code, enqueued_at)
            select reference_id, 1, sha256(version_hash), 1, 1, 'succeeded', 'added', 'added', now()
            from forebay.\"references\";
        insert into forebay.ingestion_handoffs (pipeline_id, reference_id, source_id, payload_hash)
            select 1, reference_id, source_id, version_hash from forebay.\"references\";
        insert into forebay.scrape_run_changes (run_id, reference_id, change, missing_since, num_missing_runs)
            select 1, reference_id, 'removed', now(), 1 from forebay.\"references\" where record_key::int % 3 = 0"
    );
    client.batch_execute(&fill).await.unwrap();
}

/// The nodes of a plan: type, relation and index of each.
fn nodes(plan: &Value, out: &mut Vec<String>) {
    let word = |name: &str| plan[name].as_str().unwrap_or_default().to_owned();
    let arbiters =
        plan["Conflict Arbiter Indexes"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let indexes = arbiters.chain(plan["Index Name"].as_str()).collect::<Vec<_>>().join(",");
    let (node, relation, parent) = (word("Node Type"), word("Relation Name"), word("Parent Relationship"));
    out.push(format!("{node} {relation} {indexes} {parent}"));
    for child in plan["Plans"].as_array().into_iter().flatten() {
        nodes(child, out);
    }
}

/// A statement, with the types of its parameters and literals for them.
struct Planned {
    statement: String,
    types: &'static str,
    literals: String,
}

impl Planned {
    /// The nodes of its plan, as in one of our transactions.
    async fn nodes(&self, client: &mut Client, hold_plans: bool) -> Vec<String> {
        let transaction = client.transaction().await.unwrap();
        if hold_plans {
            references::hold_plans(&transaction).await.unwrap();
        }
        transaction.batch_execute("set local plan_cache_mode = force_custom_plan").await.unwrap();
        let prepare = format!("prepare planned ({}) as {}", self.types, self.statement);
        transaction.batch_execute(&prepare).await.unwrap();
        let explain = format!("explain (format json) execute planned ({})", self.literals);
        let plan: Value = transaction.query_one(&explain, &[]).await.unwrap().get(0);
        transaction.rollback().await.unwrap();
        client.batch_execute("deallocate all").await.unwrap();
        let mut found = Vec::new();
        nodes(&plan[0]["Plan"], &mut found);
        found
    }
}

/// An array literal of `n` values, computed by SQL from the first references.
async fn array(client: &Client, expression: &str, n: usize) -> String {
    let statement = format!(
        "select quote_literal(array_agg({expression} order by reference_id)::text) from (
            select * from forebay.\"references\" order by reference_id limit {n}) as r"
    );
    client.query_one(&statement, &[]).await.unwrap().get(0)
}

/// Checks that a plan reads a table through one index, without scanning it or joining whole tables.
fn assert_index(what: &str, found: &[String], table: &str, index: &str) {
    let listed = found.join("\n");
    assert!(found.iter().any(|node| node.contains(index)), "{what} does not use {index}:\n{listed}");
    let scan = format!("Seq Scan {table}");
    assert!(!found.iter().any(|node| node.starts_with(&scan)), "{what} scans {table}:\n{listed}");
    let joined = |node: &String| node.starts_with("Hash Join") || node.starts_with("Merge Join");
    assert!(!found.iter().any(joined), "{what} joins whole tables:\n{listed}");
}

/// Checks the plan of every hot statement, for one batch size.
async fn assert_plans(client: &mut Client, batch: usize) {
    let ids = array(client, "reference_id", batch).await;
    let hashes = array(client, "sha256(reference_id::text::bytea)", batch).await;
    let ones = array(client, "1", batch).await;
    let words = array(client, "'updated'::text", batch).await;
    let planned =
        |statement: &str, types, literals| Planned { statement: statement.to_owned(), types, literals };

    let probe = planned(PROBE, "uuid[], bytea[], text", format!("{ids}, {hashes}, ''"));
    // The probe runs outside a transaction, without the plan settings; it must be as good inside.
    for hold_plans in [false, true] {
        let found = probe.nodes(client, hold_plans).await;
        let index_only =
            found.iter().any(|node| node == "Index Only Scan references references_pkey SubPlan");
        assert!(index_only, "the probe is not index-only:\n{}", found.join("\n"));
        assert_index("the probe", &found, "references", "references_pkey");
    }

    let current = planned(CURRENT, "uuid[]", ids.clone());
    for hold_plans in [false, true] {
        let found = current.nodes(client, hold_plans).await;
        assert_index("reading stored rows", &found, "references", "references_pkey");
    }

    let literals = format!(
        "{ids}, {ones}, {}, {ones}, {hashes}, {}, {ones}, {}, {}, '2026-03-20', 1, '', 'record'",
        array(client, "null::text", batch).await,
        array(client, "payload", batch).await,
        array(client, "null::text", batch).await,
        array(client, "null::text", batch).await,
    );
    let types = "uuid[], int4[], timestamptz[], int4[], bytea[], text[], int8[], text[], timestamptz[], timestamptz, int8, text, text";
    let found = planned(UPDATE, types, literals).nodes(client, true).await;
    assert_index("writing new versions", &found, "references", "references_pkey");

    let literals = format!("1, '2026-03-20', {ids}, '', false");
    let found = planned(REMOVE, "int8, timestamptz, uuid[], text, bool", literals).nodes(client, true).await;
    assert_index("removing", &found, "references", "references_pkey");

    let found = planned(COUNT_IN_SCOPES, "text[], text[]", "'{record}', '{part=1}'".to_owned());
    let found = found.nodes(client, true).await;
    assert_index("counting a scope", &found, "references", "references_active_by_scope");

    let literals = format!("1, '{}', {batch}", ReferenceId([0; 16]));
    let found = planned(REMOVALS, "int8, uuid, int8", literals).nodes(client, true).await;
    assert_index("removing", &found, "scrape_run_changes", "scrape_run_changes_pkey");

    // Functions have their own settings.
    let call = format!(
        "begin; select forebay_private.enqueue({ids}, {hashes}, {ones}, {words}, '{{1}}', 1, 1); \
         create temporary table scans on commit drop as \
             select relname::text, seq_scan, idx_scan from pg_stat_xact_all_tables \
             where schemaname = 'forebay' and relname in ('ingestion_handoffs', 'ingestion_outcomes')"
    );
    // The counters of a transaction include those of earlier ones that were not reported yet.
    client.batch_execute("select pg_stat_force_next_flush()").await.unwrap();
    client.batch_execute(&call).await.unwrap();
    let scans = "select relname, seq_scan, idx_scan from scans order by relname";
    for row in client.query_typed(scans, &[]).await.unwrap() {
        let (table, num_read, num_looked_up): (String, i64, i64) = (row.get(0), row.get(1), row.get(2));
        assert!(num_read == 0 && num_looked_up > 0, "handing off reads {table} {num_read} times as a whole");
    }
    client.batch_execute("rollback").await.unwrap();

    let found = planned(jobs::COMPLETE_TAKEN, "int4, uuid[], timestamptz", format!("1, {ids}, now()"))
        .nodes(client, true)
        .await;
    assert_index("ending", &found, "ingestion_handoffs", "ingestion_handoffs_pkey");

    let verify = planned(handoffs::VERIFY, "int4, uuid[]", format!("1, {ids}"));
    for hold_plans in [false, true] {
        let found = verify.nodes(client, hold_plans).await;
        assert_index("proving", &found, "references", "references_pkey");
        assert_index("proving", &found, "ingestion_handoffs", "ingestion_handoffs_pkey");
        assert_index("proving", &found, "ingestion_outcomes", "ingestion_outcomes_pkey");
    }

    let range = "1, '00000000-0000-0000-0000-000000000000', '01000000-0000-0000-0000-000000000000', true";
    let sieve = planned(handoffs::SIEVE, "int4, uuid, uuid, bool", range.to_owned());
    let found = sieve.nodes(client, false).await;
    // Ranges of the primary keys are joined, so a merge or a hash is right here, as is a bitmap of the range.
    for table in ["references", "ingestion_handoffs", "ingestion_outcomes"] {
        let is_range = |node: &String| node.contains(&format!(" {table}_pkey "));
        assert!(found.iter().any(is_range), "{found:#?}");
        assert!(!found.iter().any(|node| node.starts_with(&format!("Seq Scan {table} "))), "{found:#?}");
    }

    let names = planned(handoffs::NAMES, "uuid[]", ids);
    for hold_plans in [false, true] {
        let found = names.nodes(client, hold_plans).await;
        assert_index("naming", &found, "references", "references_pkey");
    }
}

#[tokio::test]
async fn every_table_and_column_has_a_comment() {
    let database = testing::database().await;
    let client = database.client().await;
    let silent = "select coalesce(string_agg(c.oid::regclass || coalesce('.' || a.attname, ''), ', '), '')
        from pg_class as c
        cross join lateral (
            select 0 as attnum, null::name as attname
            union all
            select a.attnum, a.attname from pg_attribute as a
            where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        ) as a
        where c.relnamespace = 'forebay'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
            and c.relname <> 'schema_migrations'
            and coalesce(case a.attnum when 0 then obj_description(c.oid, 'pg_class')
                else col_description(c.oid, a.attnum) end, '') = ''";
    let silent: String = client.query_one(silent, &[]).await.unwrap().get(0);
    assert_eq!(silent, "");
}

/// Reading a reference at a time reads only this reference and its revisions, regardless of statistics.
async fn assert_reference_at(client: &mut Client) {
    let body = "select pg_get_function_sqlbody('forebay.reference_at(uuid, timestamptz)'::regprocedure)";
    let body: String = client.query_one(body, &[]).await.unwrap().get(0);
    // A function with a CTE is not inlined, so its body is planned on its own.
    let statement = body
        .replacen("RETURN", "select", 1)
        .replace("reference_at.reference_id", "$1")
        .replace("reference_at.at", "$2");
    assert!(statement.contains("$1") && statement.contains("$2"), "{statement}");
    let id = ReferenceId::compute("s", "77");
    let literals = format!("'{id}', '2026-01-20'");
    let found = Planned { statement, types: "uuid, timestamptz", literals }.nodes(client, false).await;
    assert_index("a reference at a time", &found, "references", "references_pkey");
    assert_index("a reference at a time", &found, "reference_revisions", "reference_revisions_202603_pkey");
}

#[tokio::test]
async fn hot_statements_use_their_index() {
    let database = testing::database().await;
    let mut client = database.client().await;
    stock(&client).await;
    let analysed = "select count(*) from pg_stats where schemaname = 'forebay' and tablename = 'references'";
    for with_statistics in [false, true] {
        if with_statistics {
            client.batch_execute("vacuum (analyze)").await.unwrap();
        }
        let num_columns: i64 = client.query_one(analysed, &[]).await.unwrap().get(0);
        assert_eq!(num_columns > 0, with_statistics);
        for batch in BATCHES {
            assert_plans(&mut client, batch).await;
        }
        assert_reference_at(&mut client).await;
    }
}

#[tokio::test]
async fn sql_computes_the_ids_that_rust_computes() {
    const NUM_KEYS: usize = 4_000;
    let database = testing::database().await;
    let client = database.client().await;
    let mut runner = TestRunner::deterministic();
    // Any text that Postgres can store, the empty text, and the separator characters of keys.
    let text = "[^\0]{0,12}|[|\\\\a-c]{0,6}|[0-9.eE+-]{1,8}";
    let strategy = (text, text);
    let mut pairs: Vec<(String, String)> =
        (0..NUM_KEYS).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect();
    pairs.push((String::new(), String::new()));

    // And real keys: of several fields, and of numbers and strings that form the same key.
    let mut same = Vec::new();
    for (fields, records) in [
        (&["id"][..], vec![json!({"id": 1}), json!({"id": "1"})]),
        (&["id"], vec![json!({"id": -0.0}), json!({"id": "0"}), json!({"id": 0})]),
        (&["id"], vec![json!({"id": 1e21}), json!({"id": "1e+21"})]),
        (&["id"], vec![json!({"id": true}), json!({"id": "true"})]),
        (&["a", "/b/0"], vec![json!({"a": "x|y", "b": [7]}), json!({"a": "x|y", "b": ["7"]})]),
        (&["a", "b"], vec![json!({"a": "", "b": "\u{1f980}\\"})]),
        (&["a", "b"], vec![json!({"a": "x", "b": "y|z"})]),
        (&["a", "b"], vec![json!({"a": "x|y", "b": "z"})]),
    ] {
        let key = fields.iter().map(|field| field.parse().unwrap()).collect();
        let mut preparer = Preparer::new(Arc::new(RecordPolicy::new("courses", key)));
        let mut ids = Vec::new();
        for record in records {
            let (mut payloads, mut keys) = (Vec::new(), String::new());
            let ready = preparer.prepare(record.to_string().as_bytes(), &mut payloads, &mut keys).unwrap();
            assert_eq!(ready.reference_id, ReferenceId::compute("courses", &keys));
            ids.push(ready.reference_id);
            pairs.push(("courses".to_owned(), keys));
        }
        assert!(ids.iter().all(|id| *id == ids[0]), "{fields:?}: {ids:?}");
        same.push(ids[0]);
    }
    same.sort_unstable();
    same.dedup();
    assert_eq!(same.len(), 8, "different keys have different ids");

    let (sources, keys): (Vec<&str>, Vec<&str>) =
        pairs.iter().map(|(source, key)| (source.as_str(), key.as_str())).unzip();
    let statement = "select forebay.reference_id(p.source, p.key)::text \
         from unnest($1::text[], $2::text[]) with ordinality as p (source, key, ord) order by p.ord";
    let parameters: [(&(dyn ToSql + Sync), Type); 2] =
        [(&sources, Type::TEXT_ARRAY), (&keys, Type::TEXT_ARRAY)];
    let rows = client.query_typed(statement, &parameters).await.unwrap();
    assert_eq!(rows.len(), pairs.len());
    for (row, (source, key)) in rows.iter().zip(&pairs) {
        assert_eq!(
            row.get::<_, &str>(0),
            ReferenceId::compute(source, key).to_string(),
            "{source:?} {key:?}"
        );
    }
}

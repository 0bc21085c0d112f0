//! What must hold for all that the migrations create, read from the catalogue.

use forebay_store::testing;

/// Each of these statements names what breaks a rule.
const RULES: [(&str, &str); 4] = [
    (
        "pg_upgrade refuses columns of these types: their oids differ in the new cluster",
        "select format('%s.%s', a.attrelid::regclass, a.attname)
         from pg_attribute as a
         join pg_class as c on c.oid = a.attrelid
         where c.relnamespace = any (ours) and a.attnum > 0 and not a.attisdropped
             and a.atttypid::regtype::text ~ '^reg'",
    ),
    (
        "a function means the same for every caller",
        "select f.oid::regprocedure::text
         from pg_proc as f
         where f.pronamespace = any (ours)
             and not exists (select from unnest(f.proconfig) as s (setting) where s.setting like 'search_path=%')",
    ),
    (
        "deleting a referenced row needs an index on the key",
        "select format('%s of %s', k.conname, k.conrelid::regclass)
         from pg_constraint as k
         where k.connamespace = any (ours) and k.contype = 'f' and k.conparentid = 0
             and to_jsonb(k) ->> 'conenforced' is distinct from 'false'
             and not exists (
                 select from pg_index as i
                 where i.indrelid = k.conrelid
                     and i.indpred is null
                     and (i.indkey::int2[])[0 : cardinality(k.conkey) - 1] @> k.conkey)",
    ),
    (
        "an index that is the beginning of another one costs twice and serves once",
        "select format('%s and %s', i.indexrelid::regclass, j.indexrelid::regclass)
         from pg_index as i
         join pg_class as c on c.oid = i.indexrelid
         join pg_index as j on j.indrelid = i.indrelid and j.indexrelid <> i.indexrelid
         join pg_class as d on d.oid = j.indexrelid and d.relam = c.relam
         where c.relnamespace = any (ours)
             and (not i.indisunique or i.indkey::text = j.indkey::text)
             and (i.indkey::int2[])[0 : i.indnkeyatts - 1] = (j.indkey::int2[])[0 : i.indnkeyatts - 1]
             and pg_get_expr(i.indpred, i.indrelid) is not distinct from pg_get_expr(j.indpred, j.indrelid)
             and (i.indexprs is null or pg_get_expr(i.indexprs, i.indrelid) = pg_get_expr(j.indexprs, j.indrelid))",
    ),
];

/// Why an id has no foreign key that the database enforces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unenforced {
    /// Many rows for each run or record: a key would cost about as much as the row, or twice that. Postgres 18
    /// has it without enforcing it.
    ManyRows,
    /// A claim or a page writes it, and it lives for minutes or is a hint.
    ShortLived,
    /// Only says which run or reference it came from, and may outlive it.
    Trace,
    /// Not the key of another table of Forebay's.
    NoKey,
}

/// Each column whose name ends in `_id` and that is in no foreign key.
const UNENFORCED: &[(&str, &[&str], Unenforced)] = &[
    ("circuit_breaker_transitions", &["run_id"], Unenforced::Trace),
    ("content_pieces", &["persona_mind_id"], Unenforced::NoKey),
    ("course_lessons", &["lesson_id"], Unenforced::NoKey),
    ("course_lessons", &["reference_id"], Unenforced::Trace),
    ("document_chunks", &["chunk_id"], Unenforced::NoKey),
    ("document_chunks", &["pipeline_id", "reference_id"], Unenforced::ManyRows),
    ("documents", &["pipeline_id", "reference_id"], Unenforced::ManyRows),
    ("http_validators", &["run_id"], Unenforced::ShortLived),
    ("ingestion_claims", &["pipeline_id"], Unenforced::ShortLived),
    ("ingestion_cursors", &["after_id", "source_id"], Unenforced::ShortLived),
    ("ingestion_deliveries", &["event_id"], Unenforced::NoKey),
    ("ingestion_deliveries", &["pipeline_id", "reference_id"], Unenforced::ManyRows),
    (
        "ingestion_handoffs",
        &["next_run_id", "pipeline_id", "reference_id", "run_id", "source_id"],
        Unenforced::ManyRows,
    ),
    ("ingestion_outcomes", &["pipeline_id", "reference_id", "run_id"], Unenforced::ManyRows),
    ("notifications", &["notification_id"], Unenforced::NoKey),
    ("reference_aliases", &["alias_id"], Unenforced::NoKey),
    ("reference_aliases", &["reference_id"], Unenforced::ManyRows),
    ("reference_revisions", &["reference_id", "scrape_run_id"], Unenforced::ManyRows),
    ("references", &["reference_id"], Unenforced::NoKey),
    ("references", &["first_seen_run_id", "scrape_run_id", "source_id"], Unenforced::ManyRows),
    ("released_changes", &["reference_id", "run_id"], Unenforced::ManyRows),
    ("run_ends", &["run_id"], Unenforced::Trace),
    ("scrape_logs", &["log_id"], Unenforced::NoKey),
    ("scrape_logs", &["run_id"], Unenforced::ManyRows),
    ("scrape_run_changes", &["alias_id"], Unenforced::NoKey),
    ("scrape_run_changes", &["reference_id"], Unenforced::ManyRows),
    ("source_schedules", &["last_run_id"], Unenforced::Trace),
    ("source_states", &["run_id"], Unenforced::Trace),
    ("sync_metadata", &["run_id", "synced_run_id"], Unenforced::Trace),
];

/// With whether there is a key that is not enforced.
const WITHOUT_KEY: &str = "
    select c.relname::text, a.attname::text, exists (
        select from pg_constraint as k where k.conrelid = c.oid and k.contype = 'f' and k.conkey = array[a.attnum])
    from pg_attribute as a
    join pg_class as c on c.oid = a.attrelid
    where c.relnamespace = 'forebay'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
        and a.attnum > 0 and not a.attisdropped and a.attname like '%\\_id'
        -- An identity is the table's own.
        and a.attidentity = ''
        and not exists (
            select from pg_constraint as k
            where k.conrelid = c.oid and k.contype = 'f' and a.attnum = any (k.conkey)
                -- Postgres has this column since version 18.
                and to_jsonb(k) ->> 'conenforced' is distinct from 'false')
    order by 1, 2";

#[tokio::test]
async fn every_id_has_a_foreign_key_or_a_reason_to_have_none() {
    let database = testing::database().await;
    let client = database.client().await;
    let version = "select current_setting('server_version_num')::int";
    let has_unenforced = client.query_one(version, &[]).await.unwrap().get::<_, i32>(0) >= 180_000;
    let rows = client.query(WITHOUT_KEY, &[]).await.unwrap();
    let found: Vec<(&str, &str, bool)> =
        rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect();
    let mut known: Vec<(&str, &str, bool)> = UNENFORCED
        .iter()
        .flat_map(|&(table, columns, reason)| {
            let is_declared = has_unenforced && reason == Unenforced::ManyRows;
            columns.iter().map(move |&column| (table, column, is_declared))
        })
        .collect();
    known.sort_unstable();
    assert_eq!(found, known);
}

#[tokio::test]
async fn every_object_keeps_the_rules() {
    let database = testing::database().await;
    let client = database.client().await;
    for (rule, statement) in RULES {
        let statement = statement.replace(
            "any (ours)",
            "any (array['forebay'::regnamespace, 'forebay_private'::regnamespace]::oid[])",
        );
        let found: Vec<String> =
            client.query(&statement, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
        assert_eq!(found, [""; 0], "{rule}");
    }
}

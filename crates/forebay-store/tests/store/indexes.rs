//! The frequent queries read few pages through their indexes, every index is used by one of them, and
//! `docs/reference/indexes.md` lists both.
//!
//! `UPDATE_DOCS=1 cargo test -p forebay-store --test store indexes` regenerates the page. It contains what the test
//! holds, and no figure of one run. Plans that must not depend on statistics are tested in `statements`.

use std::collections::{BTreeMap, BTreeSet};

use forebay_store::testing;
use serde_json::Value;
use tokio_postgres::Client;

mod page;
mod queries;
mod query;
mod stock;

use queries::QUERIES;
use query::Query;

/// Tables with more rows are not read as a whole.
const SMALL_TABLE: f32 = 5_000.0;

/// How often vacuum is repeated: it does not mark pages that others use at that moment, and then an index alone is not
/// enough.
const MOST_VACUUMS: usize = 10;

/// An index of the schema; partitions have the same.
struct Index {
    name: String,
    table: String,
    columns: String,
    /// It is unique, so it keeps rows out that must not exist.
    is_constraint: bool,
}

/// The indexes, without those of partitions.
const INDEXES: &str = "
    select c.relname::text as name, t.relname::text as table,
        regexp_replace(pg_get_indexdef(i.indexrelid), '^.* USING ', '') as columns, i.indisunique as is_constraint
    from pg_index as i
    join pg_class as c on c.oid = i.indexrelid
    join pg_class as t on t.oid = i.indrelid
    where t.relnamespace = 'forebay'::regnamespace and not t.relispartition
    order by t.relname, c.relname";

/// What a plan does.
#[derive(Default)]
struct Plan {
    indexes: BTreeSet<String>,
    scanned: BTreeSet<String>,
    is_sorted: bool,
    num_pages: i64,
}

impl Plan {
    fn add(&mut self, node: &Value) {
        let word = |name: &str| node[name].as_str().unwrap_or_default().to_owned();
        self.indexes.extend(node["Index Name"].as_str().map(str::to_owned));
        match word("Node Type").as_str() {
            "Seq Scan" => {
                self.scanned.insert(word("Relation Name"));
            }
            "Sort" | "Incremental Sort" => self.is_sorted = true,
            _ => {}
        }
        for child in node["Plans"].as_array().into_iter().flatten() {
            self.add(child);
        }
    }
}

async fn explain(client: &mut Client, query: &Query) -> Plan {
    let transaction = client.transaction().await.unwrap();
    // As unnamed statements are planned, and without workers, which read pages of their own.
    let settings =
        "set local plan_cache_mode = force_custom_plan; set local max_parallel_workers_per_gather = 0";
    transaction.batch_execute(settings).await.unwrap();
    let prepare = format!("prepare planned as {}", query.statement);
    transaction.batch_execute(&prepare).await.unwrap_or_else(|error| panic!("{prepare}: {error:?}"));
    let values = if query.values.is_empty() { String::new() } else { format!("({})", query.values) };
    let explain = format!("explain (analyze, buffers, timing off, format json) execute planned {values}");
    let answer = transaction.query_one(&explain, &[]).await;
    let answer: Value = answer.unwrap_or_else(|error| panic!("{}: {error:?}", query.finds)).get(0);
    transaction.rollback().await.unwrap();
    client.batch_execute("deallocate all").await.unwrap();
    let root = &answer[0]["Plan"];
    let pages = |name: &str| root[name].as_i64().unwrap();
    let num_pages = pages("Shared Hit Blocks") + pages("Shared Read Blocks");
    let mut plan = Plan { num_pages, ..Plan::default() };
    plan.add(root);
    plan
}

/// The index of the partitioned table for each index of a partition.
async fn parents(client: &Client) -> BTreeMap<String, String> {
    let statement = "select c.relname::text, p.relname::text
        from pg_inherits as i
        join pg_class as c on c.oid = i.inhrelid and c.relkind = 'i'
        join pg_class as p on p.oid = i.inhparent";
    let rows = client.query(statement, &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

async fn large_tables(client: &Client) -> BTreeSet<String> {
    let statement = "select relname::text from pg_class
        where relnamespace = 'forebay'::regnamespace and relkind = 'r' and reltuples > $1";
    client.query(statement, &[&SMALL_TABLE]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

async fn indexes(client: &Client) -> Vec<Index> {
    let rows = client.query(INDEXES, &[]).await.unwrap();
    rows.iter()
        .map(|row| Index {
            name: row.get("name"),
            table: row.get("table"),
            columns: row.get("columns"),
            is_constraint: row.get("is_constraint"),
        })
        .collect()
}

#[tokio::test]
async fn frequent_queries_read_few_pages_and_every_index_is_used() {
    let database = testing::database().await;
    let mut client = database.client().await;
    stock::fill(&client).await;
    let (parents, large) = (parents(&client).await, large_tables(&client).await);
    let mut wrong = Vec::new();
    for query in QUERIES {
        let mut plan = explain(&mut client, query).await;
        for _ in 0..MOST_VACUUMS {
            if plan.num_pages <= query.max_pages {
                break;
            }
            client.batch_execute("vacuum").await.unwrap();
            plan = explain(&mut client, query).await;
        }
        let used: BTreeSet<&str> =
            plan.indexes.iter().map(|index| parents.get(index).unwrap_or(index).as_str()).collect();
        let mut complain = |what: String| wrong.push(format!("{}: {what}", query.finds));
        for index in query.indexes.iter().filter(|index| !used.contains(*index)) {
            complain(format!("does not use {index}, but {used:?}"));
        }
        for table in plan.scanned.intersection(&large) {
            complain(format!("reads all of {table}"));
        }
        if query.is_ordered && plan.is_sorted {
            complain("sorts what an index has in order".to_owned());
        }
        let (read, most) = (plan.num_pages, query.max_pages);
        if read > most {
            complain(format!("reads {read} pages, more than {most}"));
        }
        // A bound far above what a query reads would hold nothing.
        if most > 10 && read * 5 < most {
            complain(format!("reads {read} pages: lower the bound of {most}"));
        }
    }
    let indexes = indexes(&client).await;
    for Index { name, is_constraint, .. } in &indexes {
        let is_used = QUERIES.iter().any(|query| query.indexes.contains(&name.as_str()));
        if !is_constraint && !is_used {
            wrong.push(format!("{name}: no query of the list uses this index; drop it, or add the query"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    crate::support::generated("docs/reference/indexes.md", &page::render(&indexes), "indexes");
}

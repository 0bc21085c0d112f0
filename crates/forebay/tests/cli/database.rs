//! One database per test, and the program run with it.

use std::{collections::BTreeMap, process::Output, thread, time::Instant};

use forebay_store::testing::{self, Pooler, TestDatabase};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::Client;

use crate::{
    Sandbox,
    site::{PATIENCE, POLL},
};

/// A migrated database; dropping it deletes the database.
pub(crate) struct TestDb {
    /// The program's database URL.
    pub(crate) url: String,
    database: TestDatabase,
    runtime: Runtime,
}

/// A new database.
pub(crate) fn database() -> TestDb {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let database = runtime.block_on(testing::database());
    TestDb { url: database.url(), database, runtime }
}

impl TestDb {
    /// A pooler in transaction mode with so many connections to the server; `None`: PgBouncer is not installed.
    pub(crate) fn pooler(&self, num_connections: u32) -> Option<Pooler> {
        self.runtime.block_on(Pooler::start(&self.database, num_connections))
    }

    /// The program's database URL through a pooler.
    pub(crate) fn url_through(&self, pooler: &Pooler) -> String {
        pooler.url(&self.database)
    }

    /// A database URL for programs that can't connect to a socket.
    pub(crate) fn tcp_url(&self) -> String {
        self.database.tcp_url()
    }

    /// The rows of a query whose columns are all text; null becomes the empty text.
    pub(crate) fn rows(&self, sql: &str) -> Vec<Vec<String>> {
        self.runtime.block_on(async {
            let client = self.database.client().await;
            let rows = client.query_typed(sql, &[]).await.unwrap();
            let mut texts = Vec::new();
            for row in &rows {
                let columns = 0..row.len();
                texts.push(
                    columns.map(|column| row.get::<_, Option<String>>(column).unwrap_or_default()).collect(),
                );
            }
            texts
        })
    }

    /// The only value of a query, as text.
    pub(crate) fn value(&self, sql: &str) -> String {
        let rows = self.rows(&format!("select ({sql})::text"));
        rows[0][0].clone()
    }

    /// A digest of the rows of each table of Forebay.
    pub(crate) fn digests(&self) -> BTreeMap<String, String> {
        let tables = self.rows(
            "select c.relname::text from pg_class as c join pg_namespace as n on n.oid = c.relnamespace \
             where n.nspname = 'forebay' and c.relkind in ('r', 'p') and not c.relispartition",
        );
        let digest = |table: &str| {
            self.value(&format!(
                "select md5(coalesce(string_agg(t::text, ',' order by t::text), '')) from forebay.\"{table}\" as t"
            ))
        };
        tables.into_iter().flatten().map(|table| (table.clone(), digest(&table))).collect()
    }

    /// Runs statements.
    pub(crate) fn execute(&self, sql: &str) {
        self.runtime
            .block_on(async { self.database.client().await.batch_execute(sql).await })
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// Runs statements in a transaction, and leaves it open.
    pub(crate) fn begin(&self, sql: &str) -> Client {
        self.runtime.block_on(async {
            let client = self.database.client().await;
            client.batch_execute(&format!("begin; {sql}")).await.unwrap();
            client
        })
    }

    /// Ends it.
    pub(crate) fn commit(&self, client: &Client) {
        self.runtime.block_on(client.batch_execute("commit")).unwrap();
    }

    /// Waits until a query returns a value.
    pub(crate) fn wait_for(&self, query: &str, value: &str) {
        let deadline = Instant::now() + PATIENCE;
        while self.value(query) != value {
            assert!(Instant::now() < deadline, "{query} is {}", self.value(query));
            thread::sleep(POLL);
        }
    }

    /// Waits until a connection of the program has executed a statement with this text, and is idle.
    pub(crate) fn wait_for_query(&self, text: &str) {
        let is_there = format!(
            "select exists (select from pg_stat_activity where application_name like 'forebay%' \
             and datname = current_database() and state = 'idle' and query ilike '%{text}%')"
        );
        self.wait_for(&is_there, "true");
    }

    /// Runs the program in a folder, with these words as arguments.
    pub(crate) fn run(&self, sandbox: &Sandbox, line: &str) -> Output {
        sandbox.command(line).env("FOREBAY_DATABASE_URL", &self.url).output().unwrap()
    }

    /// Runs it with `--output json`. Returns its exit code and the document that it printed.
    pub(crate) fn json(&self, sandbox: &Sandbox, line: &str) -> (i32, Value) {
        let output = self.run(sandbox, &format!("{line} --output json"));
        // `work` prints JSON Lines; the last one is its report.
        let is_lines = line == "work" || line.starts_with("work ");
        let stdout = if is_lines { last_line(&output.stdout) } else { output.stdout.as_slice() };
        let document = serde_json::from_slice(stdout)
            .unwrap_or_else(|error| panic!("{line}: {error}\n{}", crate::shown(&output)));
        (output.status.code().unwrap(), document)
    }

    /// Runs it in human form. Returns its exit code and its standard output.
    pub(crate) fn text(&self, sandbox: &Sandbox, line: &str) -> (i32, String) {
        let output = self.run(sandbox, line);
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
    }
}

/// The last line of JSON Lines.
pub(crate) fn last_line(lines: &[u8]) -> &[u8] {
    lines.trim_ascii_end().rsplit(|byte| *byte == b'\n').next().unwrap_or_default()
}

/// Writes records into a file in the folder, one per line, and returns the file's name.
pub(crate) fn write_records<'a>(
    sandbox: &Sandbox,
    name: &'a str,
    records: impl IntoIterator<Item = Value>,
) -> &'a str {
    let lines: Vec<String> = records.into_iter().map(|record| record.to_string()).collect();
    let text = lines.join("\n");
    std::fs::write(sandbox.path().join(name), text).unwrap();
    name
}

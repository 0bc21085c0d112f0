//! Upkeep of the tables that are partitioned by month, as workers do it and as `pg_cron` does it.

use std::time::Duration;

use forebay_store::{cluster::Cluster, maintenance, migrations, testing};
use tokio_postgres::{Client, NoTls};

use crate::support::{Place, eventually};

const MONTH: Duration = Duration::from_hours(24 * 30);

const GUIDE: &str = include_str!("../../../../docs/guides/supabase.md");
/// What the guide has `pg_cron` run.
const COMMAND: &str = "select forebay_private.maintain_months(log_retention => '30 days', months_ahead => 2)";

const OLD_MONTHS: &str = "
    select forebay_private.ensure_month(t.name, '2020-01-15')
    from unnest('{scrape_logs, reference_revisions, content_performance}'::text[]) as t (name)";

/// The partitions by name, with their first month as months from now.
async fn partitions(client: &Client) -> Vec<(String, i32)> {
    let statement = "
        select p.relname::text as table, (extract(year from a.apart) * 12 + extract(month from a.apart))::int4 as month
        from pg_inherits as i
        join pg_class as c on c.oid = i.inhrelid and c.relkind = 'r'
        join pg_class as p on p.oid = i.inhparent
        cross join lateral (select age(to_timestamp(right(c.relname, 6), 'YYYYMM')::timestamp,
            date_trunc('month', now() at time zone 'UTC')) as apart) as a
        where right(c.relname, 6) >= to_char(now() at time zone 'UTC', 'YYYYMM')
        order by 1, 2";
    let rows = client.query(statement, &[]).await.unwrap();
    rows.iter().map(|row| (row.get("table"), row.get("month"))).collect()
}

async fn has_old_month(client: &Client, table: &str) -> bool {
    let statement = format!("select to_regclass('forebay.{table}_202001') is not null");
    client.query_one(&statement, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn the_next_months_are_ready_and_only_logs_are_dropped() {
    let database = testing::database().await;
    let client = database.client().await;
    client.batch_execute(OLD_MONTHS).await.unwrap();
    assert_eq!(maintenance::months(&client, None).await.unwrap(), 0);
    assert!(has_old_month(&client, "scrape_logs").await, "without a retention, all months are kept");
    assert_eq!(maintenance::months(&client, Some(MONTH)).await.unwrap(), 1);
    assert!(!has_old_month(&client, "scrape_logs").await);
    assert!(has_old_month(&client, "reference_revisions").await, "history is complete");
    assert!(has_old_month(&client, "content_performance").await);
    let ready: Vec<(String, i32)> = ["content_performance", "reference_revisions", "scrape_logs"]
        .iter()
        .flat_map(|table| [0, 1, 2].map(|month| ((*table).to_owned(), month)))
        .collect();
    assert_eq!(partitions(&client).await, ready);
    assert_eq!(maintenance::months(&client, Some(MONTH)).await.unwrap(), 0);
    assert_eq!(partitions(&client).await, ready);
    // A program that writes by SQL needs no function of Forebay.
    let next = "insert into forebay.scrape_logs (run_id, logged_at, level, message)
        select 1, now() + n * interval '1 month', 'info', 'm' from generate_series(0, 2) as n";
    client.batch_execute(next).await.unwrap();
}

async fn connect(cluster: &Cluster) -> Client {
    let (client, connection) = cluster.config().dbname("postgres").connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// On a server with the extension.
#[tokio::test]
async fn pg_cron_does_the_same() {
    let place = Place::new();
    let cluster = Cluster::join(&place.options()).await.unwrap();
    let client = connect(&cluster).await;
    let is_available = "select exists (select from pg_available_extensions where name = 'pg_cron')";
    if !client.query_one(is_available, &[]).await.unwrap().get::<_, bool>(0) {
        eprintln!("skipped: run scripts/parts.sh to install pg_cron");
        return;
    }
    client.batch_execute("alter system set shared_preload_libraries = 'pg_cron'").await.unwrap();
    drop(client);
    cluster.leave().await.unwrap();
    let cluster = Cluster::join(&place.options()).await.unwrap();
    let mut client = connect(&cluster).await;
    migrations::up(&mut client).await.unwrap();
    client.batch_execute(OLD_MONTHS).await.unwrap();
    client.batch_execute("create extension pg_cron").await.unwrap();
    // Each minute, so the test need not wait for the hour of the guide.
    let schedule = format!("select cron.schedule('forebay months', '* * * * *', $${COMMAND}$$)");
    assert!(GUIDE.contains(&format!("$${COMMAND}$$")));
    client.batch_execute(&schedule).await.unwrap();
    // pg_cron connects like any client, and this server listens on its socket only.
    let by_socket =
        "update cron.job set nodename = trim('\"' from current_setting('unix_socket_directories'))";
    client.batch_execute(by_socket).await.unwrap();
    eventually("pg_cron has dropped the old month", || async {
        !has_old_month(&client, "scrape_logs").await
    })
    .await;
    assert!(has_old_month(&client, "reference_revisions").await);
    assert_eq!(partitions(&client).await.len(), 9);
    drop(client);
    cluster.leave().await.unwrap();
}

//! Upkeep of the tables that are partitioned by month, as workers do it and as `pg_cron` does it.

use std::time::Duration;

use forebay_store::{
    cluster::Cluster,
    doctor::{self, ExtensionState},
    maintenance::{self, Mode, Months},
    migrations, testing,
};
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
    let planned = maintenance::create_months(&client, Mode::Count).await.unwrap();
    assert_eq!((planned.created.len(), planned.dropped.len()), (9, 0));
    assert_eq!(partitions(&client).await, []);
    assert_eq!(maintenance::create_months(&client, Mode::Delete).await.unwrap(), planned);
    assert!(has_old_month(&client, "scrape_logs").await, "without a retention, all months are kept");
    let planned = maintenance::drop_months(&client, MONTH, Mode::Count).await.unwrap();
    assert_eq!(planned, Months { created: vec![], dropped: vec!["scrape_logs_202001".into()] });
    assert!(has_old_month(&client, "scrape_logs").await, "it was only planned");
    assert_eq!(maintenance::drop_months(&client, MONTH, Mode::Delete).await.unwrap(), planned);
    assert!(!has_old_month(&client, "scrape_logs").await);
    assert!(has_old_month(&client, "reference_revisions").await, "history is complete");
    assert!(has_old_month(&client, "content_performance").await);
    let ready: Vec<(String, i32)> = ["content_performance", "reference_revisions", "scrape_logs"]
        .iter()
        .flat_map(|table| [0, 1, 2].map(|month| ((*table).to_owned(), month)))
        .collect();
    assert_eq!(partitions(&client).await, ready);
    assert_eq!(maintenance::drop_months(&client, MONTH, Mode::Delete).await.unwrap(), Months::default());
    assert_eq!(partitions(&client).await, ready);
    // A program that writes by SQL needs no function of Forebay.
    let next = "insert into forebay.scrape_logs (run_id, logged_at, level, message)
        select 1, now() + n * interval '1 month', 'info', 'm' from generate_series(0, 2) as n";
    client.batch_execute(next).await.unwrap();
}

#[tokio::test]
async fn an_extension_is_recognised_before_and_after_it_is_created() {
    let database = testing::database().await;
    let client = database.client().await;
    assert_eq!(doctor::extension(&client, "plpgsql").await.unwrap(), Some(ExtensionState::Installed));
    assert_eq!(doctor::extension(&client, "no such extension").await.unwrap(), None);
    let other = "select min(name)::text from pg_available_extensions where installed_version is null";
    let Some(other) = client.query_one(other, &[]).await.unwrap().get::<_, Option<String>>(0) else {
        eprintln!("skipped: the server has no extension besides plpgsql");
        return;
    };
    assert_eq!(doctor::extension(&client, &other).await.unwrap(), Some(ExtensionState::Available));
}

/// The statements of the guide that need no extension.
#[tokio::test]
async fn logs_are_archived_as_the_guide_says() {
    let guide = include_str!("../../../../docs/guides/maintenance.md");
    let statements: Vec<&str> =
        guide.split("```sql\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let [create, _of_the_extension, copy] = statements[..] else { panic!("{statements:?}") };
    let database = testing::database().await;
    let client = database.client().await;
    client.batch_execute(OLD_MONTHS).await.unwrap();
    maintenance::create_months(&client, Mode::Delete).await.unwrap();
    let lines = "insert into forebay.scrape_logs (run_id, logged_at, level, message)
        select 1, at, 'info', 'm' from unnest(array['2020-01-15', now() - interval '2 hours', now()]) as a (at)";
    client
        .batch_execute("select forebay_private.ensure_month('scrape_logs', now() - interval '2 hours')")
        .await
        .unwrap();
    client.batch_execute(lines).await.unwrap();
    client.batch_execute(create).await.unwrap();
    assert_eq!(client.execute(copy, &[]).await.unwrap(), 2, "the newest line waits");
    assert_eq!(client.execute(copy, &[]).await.unwrap(), 0);
    maintenance::drop_months(&client, MONTH, Mode::Delete).await.unwrap();
    let archived = "select count(*) from archive.scrape_logs where logged_at < '2020-02-01'";
    assert_eq!(client.query_one(archived, &[]).await.unwrap().get::<_, i64>(0), 1);
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

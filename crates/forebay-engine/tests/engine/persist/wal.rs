//! The write-ahead log of a replay does not grow with the number of records.
//!
//! The log belongs to a whole cluster, so this test has its own cluster, with a user's durability settings.

use std::os::unix::fs::PermissionsExt;

use forebay_engine::persist;
use forebay_store::{
    cluster::ClusterOptions,
    connect::{Database, OpenOptions},
    migrations, testing,
};

use super::{complete, input, numbered, rows};

const FEW: usize = 1_000;
const MANY: usize = 100_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_logs_nothing_for_each_record() {
    let folder = tempfile::Builder::new().prefix("forebay-engine-").tempdir_in("/tmp").unwrap();
    // The server runs as another user if the tests run as root.
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    let data_dir = folder.path().join("data");
    let cluster = ClusterOptions { data_dir, durable: true, ..testing::cluster_options() };
    let database = Database::embedded(&cluster, OpenOptions::default()).await.unwrap();
    let mut client = database.client().await.unwrap();
    migrations::up(&mut client).await.unwrap();
    for quiet in ["alter system set autovacuum = off", "select pg_reload_conf()"] {
        client.batch_execute(quiet).await.unwrap();
    }

    let mut costs = Vec::new();
    for (source, num_records) in [("few", FEW), ("many", MANY)] {
        let text = numbered(0..num_records, 1);
        let request = |number| persist::PersistRequest { source: source.into(), ..complete(number) };
        let persist = async |number| {
            let input = input(text.as_bytes());
            persist::persist(&database, request(number), input, &|_| {}).await.unwrap().counts
        };
        assert_eq!(persist(1).await.num_added, num_records as u64);
        client.batch_execute("vacuum (analyze)").await.unwrap();
        let mut least = u64::MAX;
        for number in 2..5 {
            client.batch_execute("checkpoint").await.unwrap();
            let position = "select pg_current_wal_insert_lsn() - '0/0'";
            let before: u64 = rows(&client, position).await[0].parse().unwrap();
            assert_eq!(persist(number).await.num_unchanged, num_records as u64);
            let after: u64 = rows(&client, position).await[0].parse().unwrap();
            least = least.min(after - before);
        }
        costs.push(least);
    }
    drop(client);
    database.close().await.unwrap();
    let more = costs[1].abs_diff(costs[0]);
    // On a loaded machine a long run writes its progress, which costs a few hundred bytes per second.
    assert!(more < 64 * 1024, "{FEW} records cost {} bytes of log, {MANY} cost {}", costs[0], costs[1]);
}

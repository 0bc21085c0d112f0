//! Copies of a folder that sync with one database, and a folder that syncs with two.

use std::{fs, path::Path, sync::Arc, time::Duration};

use forebay_domain::{content::plan::ConflictKind, scope::Scope};
use forebay_engine::{
    Result,
    content::{self, CourseFolder, SyncOptions, SyncReport},
};
use forebay_store::{
    connect::{Database, OpenOptions},
    runs::ScopeLease,
    sources, testing,
};
use tempfile::TempDir;

use super::{Stage, files, settings};

async fn sync_with(database: &Database, folder: &TempDir) -> Result<SyncReport> {
    let folder = Arc::new(CourseFolder::open(folder.path())?);
    content::sync(database, &settings(), folder, SyncOptions::default()).await
}

/// A copy of a folder, with what it remembers of its last sync.
fn copied(stage: &Stage) -> TempDir {
    let copy = TempDir::new().unwrap();
    let mut all = files(stage.path());
    let base = Path::new(".forebay/state.json");
    all.insert(base.to_owned(), fs::read(stage.path().join(base)).unwrap());
    for (path, bytes) in all {
        let path = copy.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    copy
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_edits_at_the_same_moment_none_is_overwritten() {
    let stage = Stage::course().await;
    stage.sync().await;
    let copy = copied(&stage);
    let lesson = "lessons/1.1-part-1.md";
    stage.write(lesson, b"---\nlesson_id: L11\n---\n# Ours\n");
    fs::write(copy.path().join(lesson), "---\nlesson_id: L11\n---\n# Theirs\n").unwrap();

    // Both compare with the database, then both wait.
    let client = stage.test.client().await;
    let source = sources::find(&client, "content.rust-basics").await.unwrap().unwrap();
    let holder = stage.test.open().await;
    let lease = ScopeLease::acquire(&holder, source.source_id, &Scope::default(), Duration::MAX, |_| {})
        .await
        .unwrap();
    let open = async |name: &str| {
        let options = OpenOptions { application_name: name.into(), ..OpenOptions::default() };
        Database::open(stage.test.target(), options).await.unwrap()
    };
    let (one, other) = (open("one copy").await, open("the other copy").await);
    let release = async {
        let waiting = "select count(distinct application_name) from pg_stat_activity \
             where datname = current_database() and application_name like '% copy' \
             and query like '%forebay.scope_leases%for update skip locked%'";
        loop {
            let count: i64 = client.query_one(waiting, &[]).await.unwrap().get(0);
            if count == 2 {
                break lease.release(&client).await.unwrap();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let (ours, theirs, ()) = tokio::join!(sync_with(&one, &stage.folder), sync_with(&other, &copy), release);
    let reports = [ours.unwrap(), theirs.unwrap()];
    let written = reports.iter().filter(|report| report.is_clean() && report.run.is_some()).count();
    assert_eq!(written, 1, "{reports:?}");
    let conflicts: Vec<_> = reports.iter().flat_map(|report| &report.changes.conflicts).collect();
    assert_eq!(conflicts.len(), 1, "{reports:?}");
    assert_eq!(conflicts[0].kind, ConflictKind::BothChanged);
    let runs = "select count(*)::text from forebay.scrape_runs";
    assert_eq!(stage.texts(runs).await, ["2"]);
}

#[tokio::test]
async fn a_clock_that_is_behind_stops_nobody() {
    let stage = Stage::course().await;
    stage.sync().await;
    stage.remove("lessons/2.3-part-3.md");
    assert!(stage.sync().await.is_clean());
    // Another machine, whose clock is ahead, did all that.
    stage.execute("update forebay.scrape_runs set observed_at = observed_at + interval '70 days'").await;
    stage.edit("lessons/1.1-part-1.md", |text| text + "More.\n");
    stage.remove("lessons/2.2-part-2.md");
    let report = stage.sync().await;
    assert!(report.is_clean() && report.run.is_some(), "{report:?}");
    stage.edit("lessons/1.1-part-1.md", |text| text + "Even more.\n");
    assert!(stage.sync().await.is_clean() && stage.verify().await.is_clean());
    let ordered = "select (array_agg(run_id order by run_id) = array_agg(run_id order by observed_at))::text \
         from forebay.scrape_runs";
    assert_eq!(stage.texts(ordered).await, ["true"]);
}

#[tokio::test]
async fn another_database_gets_everything() {
    let stage = Stage::course().await;
    stage.sync().await;
    let test = testing::database().await;
    let other = test.open().await;
    for (database, num_actions) in [(&other, 12), (&other, 0), (&stage.database, 0), (&other, 0)] {
        let report = sync_with(database, &stage.folder).await.unwrap();
        assert!(report.is_clean(), "{report:?}");
        assert_eq!(report.changes.actions.len(), num_actions);
    }
    let folder = Arc::new(CourseFolder::open(stage.path()).unwrap());
    assert!(content::verify(&other, &settings(), folder).await.unwrap().is_clean());
    // What the other database has belongs to it alone.
    stage.remove("lessons/2.3-part-3.md");
    let report = stage.sync().await;
    assert_eq!(report.changes.remote.len(), 1, "{report:?}");
}

#[tokio::test]
async fn a_run_that_died_or_is_held_does_not_stop_the_next_one() {
    let stage = Stage::course().await;
    stage.sync().await;
    for (status, ended) in [("running", "null"), ("held", "now()"), ("aborted", "now()")] {
        stage
            .execute(&format!(
                "insert into forebay.scrape_runs (source_id, scope, status, is_complete, with_handoffs, engine, input, \
                 observed_at, ended_at) select source_id, '', '{status}', false, true, 'content', 'x', now(), {ended} \
                 from forebay.sources"
            ))
            .await;
        stage.edit("lessons/1.1-part-1.md", |text| text + "More.\n");
        let report = stage.sync().await;
        assert!(report.is_clean() && report.run.is_some(), "{status}: {report:?}");
    }
    // The run after the held one has seen all files, so it decided about what that one withheld.
    let statuses = "select string_agg(status, ',' order by run_id) from forebay.scrape_runs";
    assert_eq!(stage.texts(statuses).await, ["complete,aborted,complete,aborted,complete,aborted,complete"]);
}

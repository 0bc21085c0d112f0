//! `ensure`: where answers come from, and how often the source is scraped.

use std::{sync::Arc, time::Duration};

use forebay_domain::{
    freshness::FreshnessPolicy,
    guards::{GuardPolicy, RemovalPolicy},
    scope::Scope,
};
use forebay_engine::{
    ensure::{AnsweredFrom, EnsureOptions, Ensured, Gate, Wanted},
    freshness::{ListOptions, Policies, list as list_scopes},
    scrape::SourceDefinition,
};
use forebay_store::{
    profiles::{self, ScopeColumns},
    tables::SchemaName,
};
use futures_util::future::join_all;
use jiff::SignedDuration;

use crate::{
    scrape::{World, courses, list},
    site::{Answer, Asked},
    wait::eventually,
};

fn wanted() -> Wanted {
    Wanted { entity_type: "course".into(), scope: Scope::default() }
}

fn gate(world: &World) -> Gate {
    gate_with(world, FreshnessPolicy { jitter: 0.0, ..FreshnessPolicy::default() })
}

fn gate_with(world: &World, policy: FreshnessPolicy) -> Gate {
    let policies = Policies::new([("course".to_owned(), policy)]);
    // Long, because a live process may be silent for seconds on a loaded machine.
    Gate::with_lease(world.scraper.clone(), policies, Duration::from_mins(2))
}

async fn ask(gate: &Gate) -> Arc<Ensured> {
    gate.ensure(&wanted(), EnsureOptions::default()).await
}

async fn force(gate: &Gate) -> Arc<Ensured> {
    gate.ensure(&wanted(), EnsureOptions { force: true, ..EnsureOptions::default() }).await
}

/// Changes the ledger so that the last sync has this age.
async fn age(world: &World, age: &str) {
    let statement = format!("update forebay.sync_metadata set last_sync = now() - interval '{age}'");
    world.client.batch_execute(&statement).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_come_from_the_source_then_memory_then_the_ledger() {
    let world = World::open().await;
    world.site.set("/", list(&[("1", "Logic"), ("2", "Sets")], None));
    let one = gate(&world);
    let first = ask(&one).await;
    assert_eq!(
        (first.success, first.answered_from, first.is_fresh),
        (true, AnsweredFrom::Scrape, true),
        "{first:?}"
    );
    assert_eq!((first.num_records, first.answered_by.as_deref()), (Some(2), Some("courses")));
    assert_eq!(ask(&one).await.answered_from, AnsweredFrom::Memory);
    assert_eq!(ask(&gate(&world)).await.answered_from, AnsweredFrom::Ledger, "another process");
    assert_eq!(world.site.asked(), Asked { whole: 1, ..Asked::default() });
    assert_eq!(force(&one).await.answered_from, AnsweredFrom::Scrape);
    assert_eq!(world.site.asked(), Asked { not_modified: 1, ..Asked::default() });
}

#[tokio::test(flavor = "multi_thread")]
async fn records_are_counted_as_they_are_active_now() {
    let guards = GuardPolicy { removals: RemovalPolicy::Never, ..GuardPolicy::default() };
    let world =
        World::with(|url| vec![SourceDefinition { guards, ..courses("courses", &format!("{url}/")) }]).await;
    world.site.set("/", list(&[("1", "Logic"), ("2", "Sets"), ("3", "Rings")], None));
    assert_eq!(ask(&gate(&world)).await.num_records, Some(3));
    // A run of another scope takes one over, and one is removed; the ledger says what the sync had.
    let take = "update forebay.\"references\" set scope = 'term=2' where record_key = '1';
        update forebay.\"references\" set removed_at = now() where record_key = '2'";
    world.client.batch_execute(take).await.unwrap();
    let answer = ask(&gate(&world)).await;
    assert_eq!(
        (answer.answered_from, answer.is_fresh, answer.num_records),
        (AnsweredFrom::Ledger, true, Some(1))
    );
    assert_eq!(world.number("select num_records from forebay.sync_metadata").await, 3);
    let (scraper, policies, options) = (&world.scraper, Policies::default(), ListOptions::default());
    let now = forebay_engine::clock::now();
    let scopes =
        list_scopes(&scraper.database, &scraper.sources, &policies, &options, 10, now).await.unwrap();
    assert_eq!(scopes[0].entry.as_ref().unwrap().num_records, Some(1));
    // A refresh counts what it left, not what it saw.
    world.site.set("/", list(&[("1", "Logic")], None));
    age(&world, "2 days").await;
    let answer = ask(&gate(&world)).await;
    assert_eq!((answer.answered_from, answer.num_records), (AnsweredFrom::Scrape, Some(2)));
    assert_eq!(
        world.number("select num_seen from forebay.scrape_runs order by run_id desc limit 1").await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_callers_share_one_scrape() {
    let world = World::open().await;
    let page = list(&[("1", "Logic")], None);
    let Answer::Page(text) = page else { unreachable!("`list` returns a page") };
    world.site.set("/", Answer::Slow(text, Duration::from_millis(300)));
    // The database sees four processes, because they share nothing but the ledger.
    let gates: Vec<Gate> = (0..4).map(|_| gate(&world)).collect();
    let answers = join_all((0..2_000).map(|number| ask(&gates[number % 4]))).await;
    assert_eq!(world.number("select count(*) from forebay.scrape_runs").await, 1);
    assert!(answers.iter().all(|answer| answer.success && answer.is_fresh && answer.num_records == Some(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forced_scrape_that_fails_leaves_fresh_data_fresh() {
    let world = World::open().await;
    world.site.set("/", list(&[("1", "Logic")], None));
    let one = gate(&world);
    let synced = ask(&one).await;
    world.site.set("/", Answer::Status(503));
    let failed = force(&one).await;
    assert_eq!((failed.success, failed.answered_from, failed.is_fresh), (true, AnsweredFrom::Ledger, true));
    assert_eq!(failed.error.as_ref().unwrap().code, "http_status");
    // The data is from the first run, and the failed one is among those tried.
    assert_eq!((failed.run_id, failed.last_sync), (synced.run_id, synced.last_sync));
    assert_ne!(failed.tried[0].run_id, synced.run_id);
    // The next caller triggers no scrape, so it doesn't see the failure.
    let next = ask(&one).await;
    assert_eq!((next.answered_from, next.is_fresh, next.run_id), (AnsweredFrom::Memory, true, synced.run_id));
    assert_eq!((&next.error, next.tried.len(), next.warnings.len()), (&None, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_shared_and_keeps_the_last_sync() {
    let world = World::open().await;
    world.site.set("/", list(&[("1", "Logic")], None));
    let synced_at = ask(&gate(&world)).await.last_sync;
    age(&world, "2 days").await;
    world.site.set("/", Answer::Status(503));
    let answer = ask(&gate(&world)).await;
    assert_eq!(
        (answer.success, answer.answered_from, answer.is_fresh),
        (true, AnsweredFrom::Stale, false),
        "{answer:?}"
    );
    assert_eq!(answer.error.as_ref().unwrap().code, "http_status");
    assert_ne!(answer.last_sync, synced_at);
    let status = "select status || ' ' || error_code || ' ' || num_failures from forebay.sync_metadata";
    assert_eq!(world.text(status).await, "failed http_status 1");
    age(&world, "60 days").await;
    let answer = ask(&gate(&world)).await;
    assert_eq!((answer.success, answer.answered_from), (false, AnsweredFrom::None), "too old to be served");
}

#[tokio::test(flavor = "multi_thread")]
async fn stale_data_is_served_while_it_is_refreshed() {
    let world = World::open().await;
    world.site.set("/", list(&[("1", "Logic")], None));
    let policy = FreshnessPolicy {
        stale_while_revalidate: SignedDuration::from_hours(48),
        jitter: 0.0,
        ..FreshnessPolicy::default()
    };
    ask(&gate_with(&world, policy)).await;
    age(&world, "2 days").await;
    let answer = ask(&gate_with(&world, policy)).await;
    assert_eq!((answer.success, answer.answered_from, answer.is_fresh), (true, AnsweredFrom::Stale, false));
    let fresh = "select count(*) from forebay.sync_metadata where last_sync > now() - interval '1 hour'";
    eventually("the data is fresh", async || world.number(fresh).await > 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stale_answers_never_wait_for_the_refresh() {
    let world = World::open().await;
    world.site.set("/", list(&[("1", "Logic")], None));
    let policy = FreshnessPolicy {
        stale_while_revalidate: SignedDuration::from_hours(48),
        jitter: 0.0,
        ..FreshnessPolicy::default()
    };
    let gate = gate_with(&world, policy);
    ask(&gate_with(&world, policy)).await;
    age(&world, "2 days").await;
    let release = Arc::new(tokio::sync::Semaphore::new(0));
    let page = "<li class=course data-id=1><h2>Sets</h2></li>".to_owned();
    world.site.set("/", Answer::Held(page, Arc::clone(&release)));
    // More than the number of blocking threads.
    for _ in 0..700 {
        assert_eq!(ask(&gate).await.answered_from, AnsweredFrom::Stale);
    }
    release.add_permits(1);
    eventually("fresh data is served", async || ask(&gate).await.answered_from != AnsweredFrom::Stale).await;
    assert_eq!(world.number("select count(*) from forebay.scrape_runs").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scope_synced_by_a_schedule_is_not_scraped_again() {
    let world = World::open().await;
    world.site.set("/", list(&[("1", "Logic")], None));
    let abandoned = "insert into forebay.sync_metadata (entity_type, scope, status, attempt, holder, lease_until) \
         values ('course', '', 'in_progress', 1, gen_random_uuid(), now() + interval '1 hour')";
    world.client.batch_execute(abandoned).await.unwrap();
    let gate = gate(&world);
    let asked = tokio::spawn(async move { ask(&gate).await });
    // It should be waiting now, but that cannot be observed. If it is not, the test is only weaker.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let synced = "update forebay.sync_metadata set last_sync = now(), lease_until = now()";
    world.client.batch_execute(synced).await.unwrap();
    let answer = asked.await.unwrap();
    assert_eq!((answer.answered_from, answer.is_fresh), (AnsweredFrom::Ledger, true), "{answer:?}");
    assert_eq!(world.site.asked(), Asked::default());
    let status = world.text("select status || ' ' || attempt from forebay.sync_metadata").await;
    assert!(["success 2", "in_progress 1"].contains(&status.as_str()), "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partial_sync_does_not_make_the_scope_fresh() {
    let world = World::open().await;
    world.site.set("/", list(&[("1", "Logic")], Some("/p2")));
    world.site.set("/p2", Answer::Status(500));
    let answer = ask(&gate(&world)).await;
    assert_eq!((answer.is_partial, answer.is_fresh, answer.last_sync), (true, false, None), "{answer:?}");
    assert_eq!(world.number("select count(*) from forebay.\"references\"").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_source_answers_when_the_first_fails_or_comes_back_empty() {
    let world = World::with(|url| {
        let first = courses("courses", &format!("{url}/"));
        let first = forebay_engine::scrape::SourceDefinition { fallback: vec!["mirror".into()], ..first };
        vec![first, courses("mirror", &format!("{url}/mirror"))]
    })
    .await;
    world.site.set("/", list(&[("1", "Logic")], None));
    world.site.set("/mirror", list(&[("1", "Logic")], None));
    assert_eq!(ask(&gate(&world)).await.answered_by.as_deref(), Some("courses"));
    world.site.set("/", Answer::Status(500));
    let answer = force(&gate(&world)).await;
    assert_eq!(answer.answered_by.as_deref(), Some("mirror"), "{answer:?}");
    let tried: Vec<(&str, Option<&str>)> =
        answer.tried.iter().map(|tried| (tried.source.as_str(), tried.reason_code.as_deref())).collect();
    assert_eq!(tried, [("courses", Some("http_status")), ("mirror", None)]);
    world.site.set("/", list(&[], None));
    let answer = force(&gate(&world)).await;
    assert_eq!(
        (answer.answered_by.as_deref(), answer.tried[0].reason_code.as_deref()),
        (Some("mirror"), Some("empty_run"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fallback_of_a_disabled_source_answers() {
    let world = World::with(|url| {
        let first = forebay_engine::scrape::SourceDefinition {
            enabled: false,
            fallback: vec!["mirror".into()],
            ..courses("courses", &format!("{url}/"))
        };
        vec![first, courses("mirror", &format!("{url}/mirror"))]
    })
    .await;
    world.site.set("/mirror", list(&[("1", "Logic")], None));
    let answer = ask(&gate(&world)).await;
    assert_eq!(answer.answered_by.as_deref(), Some("mirror"), "{answer:?}");
    let tried: Vec<(&str, Option<&str>)> =
        answer.tried.iter().map(|tried| (tried.source.as_str(), tried.reason_code.as_deref())).collect();
    assert_eq!(tried, [("courses", Some("source_disabled")), ("mirror", None)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_keeps_failing_is_left_alone() {
    let world = World::open().await;
    world.site.set("/", Answer::Status(500));
    for _ in 0..5 {
        assert_eq!(force(&gate(&world)).await.error.as_ref().unwrap().code, "http_status");
    }
    world.site.asked();
    let answer = force(&gate(&world)).await;
    let error = answer.error.as_ref().unwrap();
    assert_eq!(error.code, "breaker_open", "{answer:?}");
    assert!(error.retry_after_seconds.is_some_and(|wait| wait > 0));
    // The ledger keeps the message, so it names a time and not a wait.
    assert!(error.message.contains("is left alone until 20"), "{}", error.message);
    assert_eq!(world.site.asked(), Asked::default(), "no request was sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_abandoned_attempt_is_taken_over_once() {
    let world = World::open().await;
    world.site.set("/", list(&[("1", "Logic")], None));
    let abandoned = "insert into forebay.sync_metadata (entity_type, scope, status, attempt, holder, lease_until) \
         values ('course', '', 'in_progress', 1, gen_random_uuid(), now() + interval '1 second')";
    world.client.batch_execute(abandoned).await.unwrap();
    let gates: Vec<Gate> = (0..4).map(|_| gate(&world)).collect();
    let answers = join_all(gates.iter().map(ask)).await;
    assert!(answers.iter().all(|answer| answer.success && answer.is_fresh), "{answers:?}");
    assert_eq!(world.number("select count(*) from forebay.scrape_runs").await, 1);
    assert_eq!(world.number("select attempt from forebay.sync_metadata").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_ledger_is_named_and_nothing_is_scraped() {
    let world = World::open().await;
    world.client.batch_execute("drop table forebay.sync_metadata cascade").await.unwrap();
    let answer = ask(&gate(&world)).await;
    assert_eq!(answer.error.as_ref().unwrap().code, "schema_missing", "{answer:?}");
    assert_eq!(world.site.asked(), Asked::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_caller_gets_the_stored_data() {
    let world = World::open().await;
    world.site.set("/", list(&[("1", "Logic")], None));
    let read_only = EnsureOptions { read_only: true, ..EnsureOptions::default() };
    let never = gate(&world).ensure(&wanted(), read_only).await;
    assert_eq!((never.success, never.error.as_ref().unwrap().code.as_str()), (false, "never_synced"));
    ask(&gate(&world)).await;
    age(&world, "2 days").await;
    let stale = gate(&world).ensure(&wanted(), read_only).await;
    assert_eq!((stale.success, stale.answered_from, stale.is_fresh), (true, AnsweredFrom::Stale, false));
    assert_eq!(world.site.asked(), Asked { whole: 1, ..Asked::default() });
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_database_the_source_answers_and_records_are_kept() {
    let mut world = World::open().await;
    world.site.set("/", list(&[("1", "Logic"), ("2", "Sets")], None));
    // Refuses new connections and ends open ones, as if the server stopped.
    let name = world.test.config().get_dbname().unwrap().to_owned();
    let mut elsewhere = world.test.config();
    let (admin, connection) = elsewhere.dbname("postgres").connect(tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let close = format!("alter database {name} allow_connections false");
    admin.batch_execute(&close).await.unwrap();
    let end = "select pg_terminate_backend(pid, 60000) from pg_stat_activity \
         where datname = $1 and pid <> pg_backend_pid()";
    admin.query(end, &[&name]).await.unwrap();
    let gate = gate(&world);
    let answer = ask(&gate).await;
    assert_eq!(
        (answer.success, answer.answered_from, answer.num_records),
        (true, AnsweredFrom::Scrape, Some(2)),
        "{answer:?}"
    );
    assert!(answer.warnings.iter().any(|warning| warning.contains("as soon as it is back")), "{answer:?}");
    let open = format!("alter database {name} allow_connections true");
    admin.batch_execute(&open).await.unwrap();
    world.client = world.test.client().await;
    let kept = "select count(*) from forebay.\"references\"";
    eventually("the records are stored", async || world.number(kept).await == 2).await;
    // The ledger catches up, so the source is not scraped again.
    let synced = "select count(*) from forebay.sync_metadata where status = 'success'";
    eventually("the ledger has caught up", async || world.number(synced).await == 1).await;
    // Connection attempts pause for a moment after an outage.
    eventually("the ledger answers", async || ask(&gate).await.answered_from == AnsweredFrom::Ledger).await;
    assert_eq!(world.number("select count(*) from forebay.scrape_runs").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_writes_sync_metadata_and_ensure_wait_for_each_other() {
    let world = World::open().await;
    world.site.set("/", list(&[("1", "Logic")], None));
    let columns = ScopeColumns::parse(&["semester".to_owned(), "university".to_owned()]).unwrap();
    let schema = SchemaName::parse("app").unwrap();
    profiles::create_freshness(&mut world.test.client().await, &schema, &columns).await.unwrap();
    ask(&gate(&world)).await;
    let shown = "select count(*) from app.sync_metadata as t join forebay.sync_metadata as m using (entity_type, last_sync)
        where t.sync_status = 'success' and num_nulls(t.semester, t.university) = 2";
    assert_eq!(world.number(shown).await, 1);

    // The service syncs; ensure waits for it instead of scraping.
    age(&world, "90 days").await;
    world.client.batch_execute("update app.sync_metadata set sync_status = 'in_progress'").await.unwrap();
    let service = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let done = "update app.sync_metadata set sync_status = 'success', last_sync = now()";
        world.client.batch_execute(done).await.unwrap();
    };
    let one = gate(&world);
    let (answer, ()) = tokio::join!(ask(&one), service);
    assert_eq!(
        (answer.success, answer.answered_from, answer.is_fresh),
        (true, AnsweredFrom::Ledger, true),
        "{answer:?}"
    );
    assert_eq!(world.number("select count(*) from forebay.scrape_runs").await, 1);

    // A failure that the service reports leaves the data old, and the next caller scrapes.
    age(&world, "90 days").await;
    let failed =
        "update app.sync_metadata set sync_status = 'failed', last_sync = now(), error_message = 'timeout'";
    world.client.batch_execute(failed).await.unwrap();
    assert_eq!(ask(&gate(&world)).await.answered_from, AnsweredFrom::Scrape);
    assert_eq!(world.number(shown).await, 1);
}

//! Who may read and write: every table, view and function of the catalogue is tried as every role, against a table of
//! expectations. Something new without a row there fails.
//!
//! Roles belong to the whole server, so these tests have a server of their own, with the roles of a web API.

mod api;
mod entities;
mod expectations;
mod lab;
mod pgtap;
mod postgrest;
mod seeds;

use forebay_store::{
    access,
    cluster::Cluster,
    migrations::{self, MIGRATIONS},
};
use tokio_postgres::NoTls;

use self::{expectations::Actor, lab::Lab};
use crate::support::Place;

#[tokio::test]
async fn every_role_can_do_what_it_should_and_no_more() {
    let lab = seeds::planted("rights").await;
    expectations::check(&lab).await;
    assert_eq!(access::stray_grants(&lab.owner().await).await.unwrap(), []);
    lab.close().await;
}

#[tokio::test]
async fn default_privileges_open_nothing() {
    let lab = Lab::open("defaults").await;
    for kind in ["tables", "functions", "sequences", "schemas"] {
        let grant =
            format!("alter default privileges grant all on {kind} to anon, authenticated, service_role");
        lab.owner().await.batch_execute(&grant).await.unwrap();
    }
    lab.migrate().await;
    // The partitions are created now.
    seeds::plant(&lab).await;
    expectations::check(&lab).await;
    lab.close().await;
}

#[tokio::test]
async fn policies_refuse_what_grants_allow_until_they_are_taken_back() {
    let lab = seeds::planted("grants").await;
    let mut owner = lab.owner().await;
    owner
        .batch_execute(
            "grant usage on schema forebay, forebay_private to anon, authenticated;
             grant all on all tables in schema forebay to anon, authenticated;
             grant all on all sequences in schema forebay to anon, authenticated;
             grant all on all functions in schema forebay to anon, authenticated;
             grant usage on schema forebay_api to anon;
             grant all on all tables in schema forebay_api to anon, authenticated;
             grant all on all functions in schema forebay_api to anon, authenticated",
        )
        .await
        .unwrap();
    expectations::check_harmless(&lab).await;
    let stray = access::stray_grants(&owner).await.unwrap();
    for expected in [("table", "forebay.pipelines", "anon"), ("function", "forebay.enqueue", "authenticated")]
    {
        let is_there = stray.iter().any(|grant| {
            (grant.kind.as_str(), grant.grantee.as_str()) == (expected.0, expected.2)
                && grant.object.starts_with(expected.1)
        });
        assert!(is_there, "{expected:?} is not in {stray:?}");
    }
    owner.batch_execute("alter table forebay.sources disable row level security").await.unwrap();
    assert_eq!(access::open_tables(&owner).await.unwrap(), ["forebay.sources"]);

    assert_eq!(migrations::up(&mut owner).await.unwrap(), [0; 0]);
    assert_eq!(access::stray_grants(&owner).await.unwrap(), []);
    assert_eq!(access::open_tables(&owner).await.unwrap(), [""; 0]);
    owner
        .batch_execute("revoke usage on schema forebay, forebay_private, forebay_api from anon")
        .await
        .unwrap();
    owner.batch_execute("revoke usage on schema forebay_private from authenticated").await.unwrap();
    expectations::check(&lab).await;
    lab.close().await;
}

#[tokio::test]
async fn publishing_shows_a_source_and_unpublishing_hides_it() {
    let lab = seeds::planted("publishing").await;
    let seen = async || {
        let keys = "select coalesce(string_agg(record_key, ' ' order by record_key), '') from forebay.\"references\"";
        lab.text_as(Actor::Authenticated, keys).await
    };
    let revisions = "select count(*)::text from forebay.reference_revisions";
    assert_eq!(seen().await, "shown");
    assert_eq!(lab.text_as(Actor::Authenticated, revisions).await, "1");
    let then = "select forebay.reference_at(forebay.reference_id('open', 'shown'), now()) ->> 'title'";
    assert_eq!(lab.text_as(Actor::Authenticated, then).await, "shown");
    let hidden = "select coalesce(forebay.reference_at(forebay.reference_id('closed', 'hidden'), now())::text, 'none')";
    assert_eq!(lab.text_as(Actor::Authenticated, hidden).await, "none");

    let owner = lab.owner().await;
    owner.batch_execute("update forebay.sources set is_published = name = 'closed'").await.unwrap();
    assert_eq!(seen().await, "hidden");
    owner.batch_execute("update forebay.sources set is_published = false").await.unwrap();
    assert_eq!(
        (seen().await.as_str(), lab.text_as(Actor::Authenticated, revisions).await.as_str()),
        ("", "0")
    );
    lab.close().await;
}

/// Scanning a table for what a policy compares would make each request as slow as the table is large.
#[tokio::test]
async fn an_index_serves_the_columns_of_every_policy() {
    let lab = Lab::open("indexes").await;
    lab.migrate().await;
    let columns = "select distinct d.refobjid::regclass::text, a.attname::text,
            exists (select from pg_index as i where i.indrelid = a.attrelid
                and (i.indkey[0] = a.attnum or pg_get_expr(i.indpred, i.indrelid) like '%' || a.attname || '%'))
        from pg_policy as y
        join pg_depend as d on d.classid = 'pg_policy'::regclass and d.objid = y.oid
            and d.refclassid = 'pg_class'::regclass and d.refobjid = y.polrelid and d.refobjsubid > 0
        join pg_attribute as a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
        order by 1, 2";
    let rows = lab.owner().await.query(columns, &[]).await.unwrap();
    let found: Vec<(String, String, bool)> =
        rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect();
    let expected = [
        ("forebay.\"references\"", "removed_at", true),
        ("forebay.\"references\"", "source_id", true),
        ("forebay.reference_revisions", "reference_id", true),
    ];
    assert_eq!(found, expected.map(|(table, column, has)| (table.to_owned(), column.to_owned(), has)));
    lab.close().await;
}

/// The migrations alone, as another tool applies them, give the same policies and grants.
#[tokio::test]
async fn the_migrations_alone_are_complete() {
    let lab = Lab::open("alone").await;
    let client = lab.owner().await;
    client.batch_execute("create schema forebay; create schema forebay_private").await.unwrap();
    for migration in MIGRATIONS {
        client.batch_execute(migration.up).await.unwrap();
    }
    assert_eq!(access::open_tables(&client).await.unwrap(), [""; 0]);
    let all = "select string_agg(a.line, ' ' order by a.line) from (
            select concat(p.polrelid::regclass, p.polname, p.polroles) from pg_policy as p
            union all
            select concat(c.oid::regclass, c.relacl) from pg_class as c where c.relnamespace = 'forebay'::regnamespace
            union all
            select concat(f.oid::regprocedure, f.proacl) from pg_proc as f where f.oid::regprocedure::text like 'forebay%'
        ) as a (line)";
    let alone = lab.text(all).await;
    client.batch_execute("select forebay_private.apply_access()").await.unwrap();
    assert_eq!(lab.text(all).await, alone);
    lab.close().await;
}

#[tokio::test]
async fn a_plain_postgres_has_no_policy_for_a_role_that_it_lacks() {
    let place = Place::new();
    let cluster = Cluster::join(&place.options()).await.unwrap();
    let (mut client, connection) = cluster.config().dbname("postgres").connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    migrations::up(&mut client).await.unwrap();
    assert_eq!(access::open_tables(&client).await.unwrap(), [""; 0]);
    let roles = "select coalesce(string_agg(distinct r::regrole::text, ' ' order by r::regrole::text), '') \
         from pg_policy cross join unnest(polroles) as r";
    let text = async |client: &tokio_postgres::Client, statement: &str| -> String {
        client.query_one(statement, &[]).await.unwrap().get(0)
    };
    assert_eq!(text(&client, roles).await, "forebay_reader");
    let is_there = "select (to_regnamespace('auth') is not null)::text";
    assert_eq!(text(&client, is_there).await, "false");

    // Roles without a JWT to read: policies for authenticated wait.
    client
        .batch_execute("create role authenticated nologin; create role service_role nologin")
        .await
        .unwrap();
    migrations::up(&mut client).await.unwrap();
    assert_eq!(text(&client, roles).await, "forebay_reader service_role");
    access::create_roles(&mut client).await.unwrap();
    access::create_roles(&mut client).await.unwrap();
    assert_eq!(text(&client, roles).await, "authenticated forebay_reader service_role");
    let anon = "select rolcanlogin::text from pg_roles where rolname = 'anon'";
    assert_eq!(text(&client, anon).await, "false");

    migrations::down(&mut client, 0).await.unwrap();
    assert_eq!(text(&client, is_there).await, "false", "what stood in for Supabase's function is gone");
    access::create_roles(&mut client).await.unwrap();
    client.batch_execute("create view public.mine as select auth.jwt() as claims").await.unwrap();
    migrations::up(&mut client).await.unwrap();
    migrations::down(&mut client, 0).await.unwrap();
    assert_eq!(text(&client, is_there).await, "true", "a view of the user's needs it");
    drop(client);
    cluster.leave().await.unwrap();
}

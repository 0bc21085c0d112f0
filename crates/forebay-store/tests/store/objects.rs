//! The objects of the schema as the doctor compares them with the migrations.

use forebay_store::{
    doctor::{self, Difference},
    testing,
};

#[tokio::test]
async fn each_change_of_the_schema_is_named() {
    let database = testing::database().await;
    let mut client = database.client().await;
    assert_eq!(doctor::objects(&mut client).await.unwrap(), []);
    // What is made while Forebay works is no difference, nor is the session's search path.
    client
        .batch_execute(
            "select forebay_private.ensure_month('reference_revisions', now());
             set search_path = forebay, public",
        )
        .await
        .unwrap();
    assert_eq!(doctor::objects(&mut client).await.unwrap(), []);

    let role = format!("planter_of_{}", database.config().get_dbname().unwrap());
    for (change, kind, name, difference) in [
        ("drop trigger references_forget on forebay.\"references\"", "trigger", "references_forget on", Difference::Missing),
        (
            "create function public.spy() returns trigger language plpgsql as 'begin return new; end';
             create trigger spy before insert on forebay.\"references\" for each row execute function public.spy()",
            "trigger",
            "spy on forebay.\"references\"",
            Difference::Extra,
        ),
        (
            "create or replace function forebay_private.run_ended() returns trigger language plpgsql security definer
             set search_path = pg_catalog, pg_temp as 'begin return null; end'",
            "function",
            "forebay_private.run_ended()",
            Difference::Changed,
        ),
        (
            "create or replace function forebay.reference_id(source text, record_key text) returns uuid
             language sql immutable strict parallel safe set search_path = pg_catalog, pg_temp
             return '00000000-0000-0000-0000-000000000000'::uuid",
            "function",
            "forebay.reference_id(",
            Difference::Changed,
        ),
        (
            "create or replace view forebay.handoff_counts with (security_invoker = false) as
             select * from (select p.name as pipeline, h.state, h.reason_code, h.failure_code, count(*) as num_handoffs,
                 min(h.enqueued_at) as oldest_enqueued_at
                 from forebay.handoffs as h join forebay.pipelines as p using (pipeline_id)
                 group by p.name, h.state, h.reason_code, h.failure_code) as c",
            "view",
            "forebay.handoff_counts",
            Difference::Changed,
        ),
        ("alter table forebay.sources alter column kind set not null", "column", "forebay.sources.kind", Difference::Changed),
        ("alter table forebay.sources add column mine int", "column", "forebay.sources.mine", Difference::Extra),
        ("drop index forebay.rejected_records_by_run", "index", "rejected_records_by_run on", Difference::Missing),
        ("alter table forebay.sources drop constraint sources_name_check", "constraint", "sources_name_check on", Difference::Missing),
        (
            "create policy mine on forebay.sources for select using (true)",
            "policy",
            "mine on forebay.sources",
            Difference::Extra,
        ),
        (
            &format!(
                "drop role if exists {role}; create role {role}; grant create, usage on schema forebay to {role};
                 alter table forebay.workers owner to {role}"
            ),
            "table",
            "forebay.workers",
            Difference::Foreign,
        ),
    ] {
        let before = doctor::objects(&mut client).await.unwrap();
        client.batch_execute(change).await.unwrap_or_else(|error| panic!("{change}: {error:?}"));
        let found = doctor::objects(&mut client).await.unwrap();
        let new: Vec<_> = found.iter().filter(|found| !before.contains(found)).collect();
        assert!(
            matches!(new[..], [found] if found.kind == kind && found.name.starts_with(name) && found.difference == difference),
            "{change}: {new:?}"
        );
    }
    client
        .batch_execute(&format!("reset search_path; drop owned by {role} cascade; drop role {role}"))
        .await
        .unwrap();
}

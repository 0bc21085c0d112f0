//! The self-check: judges the facts that the store collects.

mod access;
mod advice;
mod attention;
mod check;
mod checks;
mod connection;
mod deep;
mod memory;
mod notifiers;
mod workers;

use std::cmp::Reverse;

use forebay_store::{
    access as store_access,
    connect::Database,
    doctor::{self, Attention},
    handoffs, migrations, notifications, pauses,
    pipelines::{self, PipelineSpec},
    runs, workers as store,
};
use tokio_postgres::GenericClient;

pub use self::{
    check::{Check, CheckStatus, worst},
    deep::{Repair, payloads},
};
use crate::{
    clock,
    error::Result,
    freshness::{self, ListOptions, Policies},
    maintenance::TIMESCALEDB,
    notify::Notifying,
    retrieval,
    scrape::Sources,
    work::{self, Declarations},
};

/// The most jobs of a queue that a page looks at.
const MOST_JOBS: u32 = 10_000;
/// Maximum number of late scopes to judge.
const MOST_SCOPES: usize = 1_000;

/// The limit on the time of each statement behind a page.
const TIME_LIMIT: &str = "set local statement_timeout = '5s'";

/// What the checks need to know about the configuration.
#[derive(Clone, Copy, Debug)]
pub struct Configured<'a> {
    /// The option or variable that configured the database; `None`: it is the embedded cluster.
    pub by: Option<&'a str>,
    /// Why the configuration can't be used; `None`: it can.
    pub broken: Option<&'a str>,
    /// The sources of the project.
    pub sources: &'a Sources,
    /// How old data may become.
    pub policies: &'a Policies,
    /// The project; `None`: there is no configuration.
    pub project: Option<&'a str>,
    /// The pipelines of the project.
    pub declarations: &'a Declarations,
    /// The notifications of the project.
    pub notifying: &'a Notifying,
}

/// Checks the database, its maintenance, the queues and what waits for a person; the worst first. Changes nothing,
/// except that `deep`, which computes the hashes of all stored payloads, may repair those.
pub async fn check(
    database: &Database,
    configured: Configured<'_>,
    deep: Option<Repair>,
) -> Result<Vec<Check>> {
    let mut checks = all(database, configured).await?;
    let is_blocked =
        |check: &Check| matches!(check.code, "schema" | "role_rights") && check.status == CheckStatus::Failed;
    if let Some(repair) = deep
        && !checks.iter().any(is_blocked)
    {
        checks.extend(payloads(database, repair).await?);
    }
    checks.sort_by_key(|check| Reverse(check.status));
    Ok(checks)
}

/// All checks that can be made, in a fixed order.
async fn all(database: &Database, configured: Configured<'_>) -> Result<Vec<Check>> {
    let mut client = database.client().await?;
    let mut checks = vec![
        Check::ok("database", format!("{} answers", database.target())),
        connection::connection(configured.by, database.kind().await?, database.unknown_options()),
        checks::configuration(configured.broken),
        memory::memory(),
    ];
    let before = clock::now();
    let server = doctor::server(&**client).await?;
    checks.extend(checks::server(&server));
    checks.push(checks::clocks(server.now, before, clock::now()));
    checks.extend(checks::timescaledb(doctor::extension(&**client, TIMESCALEDB).await?));
    let (schema, is_usable) = checks::schema(&migrations::status(&client).await?);
    checks.push(schema);
    checks.extend(checks::holders(&doctor::holders(&**client).await?));
    let mut can_read = is_usable;
    if is_usable {
        checks.extend(attention::objects(&doctor::objects(&mut client).await?));
        let missing = doctor::missing_rights(&**client).await?;
        checks.push(checks::rights(&server.role, &missing));
        can_read = missing.is_empty();
    }
    let all = if can_read { pipelines::list(&**client).await? } else { Vec::new() };
    let disabled = attention::disabled(&all);
    let specs: Vec<PipelineSpec> = all.iter().map(|pipeline| pipeline.spec.clone()).collect();
    let in_need: Vec<String> = retrieval::with_embeddings(all, |_| true)
        .into_iter()
        .filter(|(_, settings)| settings.is_ok())
        .map(|(pipeline, _)| pipeline.spec.name)
        .collect();
    checks.push(checks::vector(&server, &in_need));
    if !can_read {
        return Ok(checks);
    }
    checks.extend(attention::unready(&work::unready(&**client, &specs).await?));
    checks.extend(attention::undeclared(&specs, configured.declarations, configured.project));
    checks.extend(disabled);
    checks.extend(attention::worker_roles(&doctor::closed_roles(&**client).await?));
    checks.extend(checks::bloat(&doctor::bloat(&**client).await?));
    checks.extend(work(&**client, None).await?);
    checks.extend(checks::future_runs(&doctor::future_runs(&**client).await?));
    checks.extend(decisions(&**client).await?);
    checks.push(access::grants(&store_access::stray_grants(&**client).await?));
    checks.push(access::row_security(&store_access::open_tables(&**client).await?));
    checks.extend(advice::policies(&client).await?);
    checks.extend(checks::failed(&handoffs::counts(&**client, None).await?));
    let stored = notifications::list(&**client).await?;
    checks.extend(notifiers::notifiers(configured.notifying, &stored, server.now));
    drop(client);
    checks.extend(syncs(database, configured.sources, configured.policies).await?);
    Ok(checks)
}

/// What needs a person, the worst first: what waits for a decision, and what doesn't get on by itself. It reads far
/// less than [`check`], so a page can show it. Failed hand-offs are not among it.
pub async fn needs_person(database: &Database, sources: &Sources, policies: &Policies) -> Result<Vec<Check>> {
    let mut client = database.client().await?;
    let transaction = client.transaction().await.map_err(forebay_store::Error::from)?;
    transaction.batch_execute(TIME_LIMIT).await.map_err(forebay_store::Error::from)?;
    let mut checks = decisions(&*transaction).await?;
    checks.extend(work(&*transaction, Some(MOST_JOBS)).await?);
    checks.extend(attention::disabled(&pipelines::list(&*transaction).await?));
    drop(transaction);
    drop(client);
    checks.extend(syncs(database, sources, policies).await?);
    checks.retain(|check| check.status != CheckStatus::Ok);
    checks.sort_by_key(|check| Reverse(check.status));
    Ok(checks)
}

/// The queues and who works on them. At most `most_jobs` of each are looked at.
async fn work(client: &impl GenericClient, most_jobs: Option<u32>) -> Result<Vec<Check>> {
    let mut checks: Vec<Check> = checks::queues(&doctor::queues(client, most_jobs).await?);
    checks.extend(workers::workers(&store::list(client, None).await?));
    checks.extend(attention::pauses(&pauses::list(client, None).await?));
    Ok(checks)
}

/// What waits for a decision.
async fn decisions(client: &impl GenericClient) -> Result<Vec<Check>> {
    let mut checks = attention::dead_runs(&runs::dead(client).await?);
    checks.extend(attention::attention(&Attention::read(client).await?));
    Ok(checks)
}

async fn syncs(database: &Database, sources: &Sources, policies: &Policies) -> Result<Vec<Check>> {
    let late = ListOptions { only_stale: true, without_counts: true, ..ListOptions::default() };
    let scopes = freshness::list(database, sources, policies, &late, MOST_SCOPES, clock::now()).await?;
    Ok(attention::syncs(&scopes))
}

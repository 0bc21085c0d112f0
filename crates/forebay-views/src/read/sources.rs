//! Reads sources.

use forebay_engine::freshness::Policies;
use forebay_store::{
    connect::Client,
    runs::{self, RunFilter},
    schedules, sources, stats, user_rows,
};

use crate::{
    ContractVersionCount, Json, Page, RunSummary, Schedule, ScopeCount, Source, SourceDetail, Time,
    failure::Failure, names,
};

/// Number of latest runs to show.
const NUM_RUNS: i64 = 5;

/// All sources with their totals. `most`: the number where counts stop.
pub async fn page(client: &Client, most: Option<i64>) -> Result<Page<Source>, Failure> {
    let summaries = sources::list(&***client, most).await?;
    let schedules = schedules::list(&***client).await?;
    let items: Vec<Source> = summaries.iter().map(|summary| Source::new(summary, &schedules)).collect();
    Ok(items.into())
}

/// One source with its policy, scopes and latest runs. Error: `no_such_source`.
pub async fn detail(client: &Client, name: &str, policies: &Policies) -> Result<SourceDetail, Failure> {
    let source = names::source(client, name).await?;
    let filter = RunFilter { source: Some(source.name.clone()), limit: NUM_RUNS, ..RunFilter::default() };
    let latest = runs::list(&***client, &filter).await?;
    let scopes = stats::scopes(&***client, source.source_id).await?;
    let mut schedules = schedules::list(&***client).await?;
    schedules.retain(|row| row.source_id == source.source_id);
    let versions = match source.kind.as_deref() {
        Some("postgres") => user_rows::references_by_version(&***client, source.source_id).await?,
        _ => Vec::new(),
    };
    let freshness_policy = policies.of(&source.entity_type).into();
    let summary = sources::summary(&***client, source).await?;
    Ok(SourceDetail {
        summary: Source::new(&summary, &schedules),
        parser_version: summary.source.parser_version,
        project: summary.source.project.clone(),
        declared_at: summary.source.declared_at.map(Time::from),
        is_published: summary.source.is_published,
        settings: Json::from(&summary.source.settings),
        freshness_policy,
        sends_end_line: summary.source.sends_end_line,
        policy: Json::from(&summary.source.policy),
        schedules: schedules.into_iter().map(Schedule::from).collect(),
        scopes: scopes.into_iter().map(ScopeCount::from).collect(),
        contract_versions: versions.into_iter().map(ContractVersionCount::from).collect(),
        latest_runs: latest.iter().map(RunSummary::from).collect(),
    })
}

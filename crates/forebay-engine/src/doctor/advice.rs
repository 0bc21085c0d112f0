//! Policies that fit a source better, learnt from its runs.

use forebay_domain::guards;
use forebay_store::{connect::Client, runs};

use super::check::{Check, CheckStatus};
use crate::{
    error::{Error, Result},
    human as format,
    persist::policy::SourcePolicy,
};

/// One check for each policy that fits a scope better.
pub(super) async fn policies(client: &Client) -> Result<Vec<Check>> {
    let mut checks = Vec::new();
    for advised in runs::scopes_to_advise(&***client).await? {
        let policy = SourcePolicy::from_json(&advised.policy)?;
        let scope = advised.scope.parse().map_err(|_| Error::Payload(format!("scope {}", advised.scope)))?;
        let history = runs::history(&***client, advised.source_id, &scope).await?;
        for suggestion in guards::suggest(&policy.guards, &history) {
            let subject = format::subject(&advised.source, &advised.scope);
            let hint = format!("set it in [sources.{}.guards]", advised.source);
            checks.push(
                Check::new(suggestion.as_str(), CheckStatus::Warning, suggestion.message())
                    .about(subject)
                    .hint(hint),
            );
        }
    }
    Ok(checks)
}

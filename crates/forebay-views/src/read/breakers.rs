//! Reads the breakers of sources.

use forebay_domain::breaker::{self, BreakerPolicy};
use forebay_engine::{clock, scrape::Sources};
use forebay_store::{
    breakers,
    connect::Client,
    sources::{self, Source},
};

use crate::{Breaker, Page, failure::Failure};

/// Number of latest state changes to show for one breaker …
pub const NUM_TRANSITIONS: u32 = 50;
/// … and for each breaker in a list.
const TRAIL_OF_ALL: u32 = 1;

/// The breaker of a source.
pub async fn of(client: &Client, configured: &Sources, source: Source) -> Result<Breaker, Failure> {
    let breaker = breakers::find(&***client, source.source_id).await?;
    line(client, configured, source, breaker, NUM_TRANSITIONS).await
}

/// The breakers of all sources that can be scraped or already have one.
pub async fn page(client: &Client, configured: &Sources) -> Result<Page<Breaker>, Failure> {
    let known = breakers::list(&***client).await?;
    let mut lines = Vec::new();
    for name in sources::names(&***client).await? {
        let Some(source) = sources::find(&***client, &name).await? else { continue };
        let breaker = known.iter().find(|(source_id, _)| *source_id == source.source_id);
        if breaker.is_some() || source.kind.is_some() {
            let breaker = breaker.map(|(_, breaker)| breaker.clone());
            lines.push(line(client, configured, source, breaker, TRAIL_OF_ALL).await?);
        }
    }
    Ok(lines.into())
}

async fn line(
    client: &Client,
    configured: &Sources,
    source: Source,
    breaker: Option<breaker::Breaker>,
    num_transitions: u32,
) -> Result<Breaker, Failure> {
    let policy = configured.get(&source.name).map_or_else(BreakerPolicy::default, |it| it.breaker);
    let trail = breakers::trail(&***client, source.source_id, None, num_transitions).await?;
    Ok(Breaker::new(source.name, breaker, &policy, trail, clock::now()))
}

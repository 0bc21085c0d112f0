//! Selects the sources and scopes to scrape, with the changes from the command line.

use forebay_domain::scope::Scope;
use forebay_engine::{
    freshness::to_scrape,
    persist::Overrides,
    scrape::{Scrape, ScrapeOptions, SourceDefinition, Sources},
};
use forebay_views::decide::scrapes;

use super::args::Args;
use crate::{
    cli::values::{Duration, Share, Switch, scope_if_given},
    failure::Failure,
};

/// The requested scrapes. Errors are usage errors: nothing has started.
pub(super) fn choose(args: &Args, sources: &Sources) -> Result<Vec<Scrape>, Failure> {
    let scope = scope_if_given(&args.scope)?;
    let mut scrapes = Vec::new();
    if args.sources.is_empty() {
        let chosen = to_scrape(sources, scope.as_ref());
        scrapes.extend(chosen.into_iter().map(|(source, scopes)| scrape(args, source, scopes)));
        return if scrapes.is_empty() { Err(nothing(sources, scope.as_ref())) } else { Ok(scrapes) };
    }
    for (index, name) in args.sources.iter().enumerate() {
        let (source, scopes) = scrapes::choose(sources, name, scope.as_ref())?;
        if !args.sources[..index].contains(name) {
            scrapes.push(scrape(args, source, scopes));
        }
    }
    Ok(scrapes)
}

fn scrape(args: &Args, source: &SourceDefinition, scopes: Vec<Scope>) -> Scrape {
    let mut source = source.clone();
    if let Some(archive) = &args.warc {
        source.fetch.warc = Some(archive.clone());
    }
    let options = ScrapeOptions {
        observed_at: args.observed_at,
        from_warc: args.from_warc.clone(),
        read_everything: args.read_everything,
        // A user who runs the command wants the current state.
        revalidate: true,
        overrides: Overrides {
            guards: args.guards.map(|switch| switch == Switch::On),
            max_removed_share: args.max_removed.map(Share::get),
            max_wait: args.wait.map(Duration::get),
            ..Overrides::default()
        },
        max_duration: args.max_duration.map(Duration::get),
        with_handoffs: !args.no_handoff,
        ignore_breaker: args.ignore_breaker,
        is_on_demand: args.ignore_breaker,
        log_level: args.run_log_level.into(),
        ..ScrapeOptions::default()
    };
    Scrape { source, scopes, options }
}

fn nothing(sources: &Sources, scope: Option<&Scope>) -> Failure {
    let message = match scope {
        Some(scope) if sources.values().any(|source| source.enabled) => {
            format!("no configured source has the scope [{scope}]")
        }
        _ => "no configured source can be scraped".to_owned(),
    };
    Failure::usage("nothing_to_scrape", message)
        .hint("add a kind to a source in forebay.toml, such as [sources.NAME.html]; `forebay init` writes an example")
}

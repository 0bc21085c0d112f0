//! Creating embeddings in the workers: again and again, and less often for a pipeline whose endpoint fails.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use forebay_domain::{backoff, handoff::FailureClass};
use forebay_store::pipelines;
use serde_json::Value;

use super::{
    report::Progress,
    shared::{Shared, Stage},
};
use crate::{
    error::Result,
    retrieval::{EmbedOptions, EmbedReport, EmbedTrouble, embed_round},
};

/// How often a worker looks for text without an embedding.
const LOOK: Duration = Duration::from_secs(2);
/// The wait after the first failure that may pass by itself; it doubles with each further one.
const FIRST_REST: Duration = Duration::from_secs(5);
/// The longest wait after a failure, and the wait after one that needs a person: a wrong key, a wrong URL.
const LONGEST_REST: Duration = Duration::from_mins(5);

/// The pipelines whose endpoint failed, by name.
#[derive(Debug, Default)]
pub(super) struct Rests(HashMap<String, Rest>);

#[derive(Debug)]
struct Rest {
    until: Instant,
    num_failures: u32,
    /// Other settings may work, so they end the rest.
    settings: Value,
    /// Reported once, not after each attempt.
    trouble: EmbedTrouble,
}

impl Rests {
    /// Whether the pipeline rests, with these settings.
    fn has(&self, pipeline: &str, settings: &Value, now: Instant) -> bool {
        self.0.get(pipeline).is_some_and(|rest| rest.until > now && rest.settings == *settings)
    }

    /// Notes how an attempt ended, and whether that is news.
    fn note(&mut self, settings: &Value, report: &EmbedReport, now: Instant) -> bool {
        let EmbedReport { pipeline, trouble, error, .. } = report;
        if error.is_some() {
            // Whether its endpoint would answer is as unknown as before.
            return false;
        }
        let Some(trouble) = trouble else { return self.0.remove(pipeline).is_some() };
        let before = self.0.remove(pipeline).filter(|rest| rest.settings == *settings);
        let num_failures = before.as_ref().map_or(0, |rest| rest.num_failures) + 1;
        let wait = match trouble.class {
            FailureClass::Permanent => LONGEST_REST,
            _ => backoff::ceiling(FIRST_REST, LONGEST_REST, num_failures)
                .max(trouble.retry_after.unwrap_or_default()),
        };
        let is_news = before.is_none_or(|rest| rest.trouble.reason_code != trouble.reason_code);
        let rest =
            Rest { until: now + wait, num_failures, settings: settings.clone(), trouble: trouble.clone() };
        self.0.insert(pipeline.clone(), rest);
        is_news
    }
}

/// Creates embeddings until it is dropped. An outage of the database is reported by the supervisor.
pub(super) async fn run(shared: &Shared<'_>) {
    let mut rests = Rests::default();
    loop {
        let _next_time = round(shared, &mut rests).await;
        tokio::time::sleep(LOOK).await;
    }
}

/// Creates missing embeddings for the pipelines that have them configured and do not rest.
pub(super) async fn round(shared: &Shared<'_>, rests: &mut Rests) -> Result<()> {
    let wanted = &shared.options.pipelines;
    let all = pipelines::list(&**shared.database.client().await?).await?;
    let now = Instant::now();
    let chosen = all.iter().filter(|pipeline| {
        let spec = &pipeline.spec;
        (wanted.is_empty() || wanted.contains(&spec.name))
            && !rests.has(&spec.name, &spec.config["embeddings"], now)
    });
    let names: Vec<String> = chosen.map(|pipeline| pipeline.spec.name.clone()).collect();
    if names.is_empty() {
        return Ok(());
    }
    let options = EmbedOptions {
        declarations: shared.options.declarations.clone(),
        pipelines: names,
        ..EmbedOptions::default()
    };
    let is_stopped = || *shared.stage.borrow() != Stage::Working;
    for embedded in embed_round(shared.database, &options, &is_stopped).await? {
        let Some(pipeline) = all.iter().find(|pipeline| pipeline.spec.name == embedded.pipeline) else {
            continue;
        };
        let is_news = rests.note(&pipeline.spec.config["embeddings"], &embedded, Instant::now());
        let EmbedReport { pipeline: name, num_embedded, num_waiting, trouble, error, .. } = embedded;
        match &trouble {
            Some(trouble) if is_news => {
                let code = trouble.reason_code;
                tracing::warn!(pipeline = name, code, num_waiting, "no embeddings: {}", trouble.message);
                (shared.progress)(Progress::EmbeddingFailed { pipeline: &name, num_waiting, trouble });
            }
            None if is_news => tracing::info!(pipeline = name, "embeddings are created again"),
            _ => {}
        }
        if num_embedded == 0 && !is_news && error.is_none() {
            continue;
        }
        shared.update(pipeline, |report| {
            report.num_embedded += num_embedded;
            report.num_unembedded = num_waiting;
            report.embed_trouble = trouble;
            if error.is_some() {
                report.error = error;
            }
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error::Error;

    fn ended(trouble: Option<EmbedTrouble>, error: Option<Error>) -> EmbedReport {
        EmbedReport {
            pipeline: "p".to_owned(),
            num_embedded: 0,
            num_stale: 0,
            num_refused: 0,
            num_waiting: 0,
            trouble,
            error,
        }
    }

    fn failed(class: FailureClass, retry_after: Option<u64>) -> EmbedReport {
        let trouble = EmbedTrouble {
            class,
            reason_code: "embeddings_unavailable",
            message: "x".to_owned(),
            retry_after: retry_after.map(Duration::from_secs),
        };
        ended(Some(trouble), None)
    }

    #[test]
    fn a_failing_endpoint_is_asked_less_and_less_often() {
        let (mut rests, settings, start) = (Rests::default(), json!({"model": "m"}), Instant::now());
        let rests_after =
            |rests: &Rests, seconds| rests.has("p", &settings, start + Duration::from_secs(seconds));
        let passing = failed(FailureClass::Transient, None);
        assert!(rests.note(&settings, &passing, start));
        assert!(rests_after(&rests, 4) && !rests_after(&rests, 5));
        assert!(!rests.note(&settings, &passing, start), "the same failure is no news");
        assert!(rests_after(&rests, 9) && !rests_after(&rests, 10));
        // As long as the endpoint asks.
        rests.note(&settings, &failed(FailureClass::Throttled, Some(60)), start);
        assert!(rests_after(&rests, 59) && !rests_after(&rests, 60));
        // A wrong key does not become right by itself, but with other settings it may.
        rests.note(&settings, &failed(FailureClass::Permanent, None), start);
        assert!(rests_after(&rests, 299) && !rests_after(&rests, 300));
        assert!(!rests.has("p", &json!({"model": "n"}), start));
        assert!(rests.note(&settings, &ended(None, None), start), "that it works again is news");
        assert!(!rests_after(&rests, 0) && !rests.note(&settings, &ended(None, None), start));
    }

    #[test]
    fn an_error_of_the_pipeline_is_no_recovery_of_its_endpoint() {
        let (mut rests, settings, start) = (Rests::default(), json!({"model": "m"}), Instant::now());
        rests.note(&settings, &failed(FailureClass::Transient, None), start);
        let error = ended(None, Some(Error::NoSuchPipeline { pipeline: "p".to_owned() }));
        assert!(!rests.note(&settings, &error, start));
        assert!(rests.note(&settings, &ended(None, None), start), "it works again only now");
    }
}

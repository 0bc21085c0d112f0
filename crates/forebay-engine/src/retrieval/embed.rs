//! Creates missing embeddings.
//!
//! The work has three steps: lease chunks, request their embeddings without holding a connection, and write the
//! embeddings that are still needed. The database is consistent after each step, and any number of workers may run at
//! the same time. If a worker dies, its chunks become available to others when the lease expires.

use std::time::Duration;

use forebay_domain::backoff;
use forebay_store::{
    connect::Database,
    documents::embeddings::{self, Opened, Picked},
    pipelines,
};

use super::{
    endpoint::Endpoint,
    settings::{EmbeddingSettings, with_embeddings},
    trouble::EmbedTrouble,
};
use crate::{
    error::{Error, Result},
    work::declarations::Declarations,
};

/// How embeddings are created.
#[derive(Clone, Debug)]
pub struct EmbedOptions {
    /// What this program declares: only the endpoints there are called. Default: nothing.
    pub declarations: Declarations,
    /// The pipelines to work for. Default: empty, for all enabled pipelines.
    pub pipelines: Vec<String>,
    /// The maximum number of chunks in one request. Default: 32.
    pub batch: u32,
    /// How long a worker leases chunks; must exceed the duration of a request with all its retries. Default: 10
    /// minutes.
    pub lease: Duration,
    /// The maximum number of attempts per request while the endpoint is busy or unavailable. Default: 4.
    pub max_attempts: u32,
    /// The wait before the second attempt, doubled for each further one. Default: 1 s.
    pub backoff: Duration,
    /// The longest wait between two attempts. If the endpoint asks for a longer wait, the round ends. Default: 30 s.
    pub max_wait: Duration,
}

impl Default for EmbedOptions {
    fn default() -> Self {
        Self {
            declarations: Declarations::default(),
            pipelines: Vec::new(),
            batch: 32,
            lease: Duration::from_mins(10),
            max_attempts: 4,
            backoff: Duration::from_secs(1),
            max_wait: Duration::from_secs(30),
        }
    }
}

/// The result for one pipeline.
#[derive(Debug)]
pub struct EmbedReport {
    /// The pipeline's name.
    pub pipeline: String,
    /// Embeddings written.
    pub num_embedded: u64,
    /// Embeddings discarded because their chunks had changed in the meantime or were locked by a writer.
    pub num_stale: u64,
    /// Chunks that the endpoint refused; the reason is in each chunk's `embedding_error`.
    pub num_refused: u64,
    /// Chunks that still have no embedding.
    pub num_waiting: u64,
    /// Why the work for this pipeline ended early; the next round retries the waiting chunks.
    pub trouble: Option<EmbedTrouble>,
    /// An error of the pipeline itself.
    pub error: Option<Error>,
}

/// Creates embeddings for each pipeline that has them configured, until no chunk waits or `is_stopped` returns true.
/// Other pipelines get no report, and neither do those that the options don't declare; if no pipeline has embeddings,
/// the call costs one query.
///
/// Returns an error only if the database fails; other errors are in the pipelines' reports.
pub async fn embed_round(
    database: &Database,
    options: &EmbedOptions,
    is_stopped: &(dyn Fn() -> bool + Sync),
) -> Result<Vec<EmbedReport>> {
    let all = pipelines::list(&**database.client().await?).await?;
    if let Some(unknown) =
        options.pipelines.iter().find(|name| !all.iter().any(|known| known.spec.name == **name))
    {
        return Err(Error::NoSuchPipeline { pipeline: unknown.clone() });
    }
    let is_chosen =
        |name: &str| options.pipelines.is_empty() || options.pipelines.iter().any(|chosen| chosen == name);
    let mut reports = Vec::new();
    for (pipeline, settings) in with_embeddings(all, is_chosen) {
        if options.declarations.check(&pipeline.spec).is_err() {
            continue;
        }
        let mut report = EmbedReport {
            pipeline: pipeline.spec.name.clone(),
            num_embedded: 0,
            num_stale: 0,
            num_refused: 0,
            num_waiting: 0,
            trouble: None,
            error: None,
        };
        match settings {
            Err(error) => report.error = Some(error),
            Ok(settings) => {
                let opened = {
                    let mut client = database.client().await?;
                    let (model, dimensions) = (&settings.model, settings.dimensions);
                    embeddings::open(&mut client, pipeline.pipeline_id, model, dimensions).await?
                };
                match opened {
                    None => report.trouble = Some(EmbedTrouble::lacks_vector(&pipeline.spec.name)),
                    Some(opened) => {
                        work_off(database, options, is_stopped, &opened, settings, &mut report).await?;
                    }
                }
                let client = database.client().await?;
                report.num_waiting = embeddings::num_waiting(&**client, pipeline.pipeline_id).await?;
            }
        }
        reports.push(report);
    }
    Ok(reports)
}

/// Works for one pipeline until no chunk waits or the endpoint fails.
async fn work_off(
    database: &Database,
    options: &EmbedOptions,
    is_stopped: &(dyn Fn() -> bool + Sync),
    opened: &Opened,
    settings: EmbeddingSettings,
    report: &mut EmbedReport,
) -> Result<()> {
    let endpoint = match Endpoint::open(settings) {
        Ok(endpoint) => endpoint,
        Err(trouble) => {
            report.trouble = Some(trouble);
            return Ok(());
        }
    };
    while !is_stopped() && report.trouble.is_none() {
        let picked = opened.pick(&**database.client().await?, options.batch, options.lease).await?;
        if picked.is_empty() {
            return Ok(());
        }
        let mut parts = vec![picked.as_slice()];
        while let Some(part) = parts.pop() {
            if report.trouble.is_some() {
                opened.release(&**database.client().await?, part, None).await?;
                continue;
            }
            let texts: Vec<String> = part.iter().map(text_of).collect();
            match ask(&endpoint, &texts, options, is_stopped).await {
                Ok(embeddings) => {
                    let num_stored = opened.store(&**database.client().await?, part, &embeddings).await?;
                    report.num_embedded += num_stored;
                    report.num_stale += part.len() as u64 - num_stored;
                }
                // One refused text must not block the others: halve the batch to find it.
                Err(trouble) if trouble.reason_code == EmbedTrouble::INPUT_REFUSED => {
                    if part.len() > 1 {
                        let (first, second) = part.split_at(part.len() / 2);
                        parts.extend([second, first]);
                    } else {
                        let client = database.client().await?;
                        opened.release(&**client, part, Some(&trouble.message)).await?;
                        report.num_refused += 1;
                    }
                }
                Err(trouble) => {
                    opened.release(&**database.client().await?, part, None).await?;
                    report.trouble = Some(trouble);
                }
            }
        }
    }
    Ok(())
}

/// Retries while the endpoint is busy or unavailable. Waits as long as the endpoint asks, otherwise twice as long each
/// time.
async fn ask(
    endpoint: &Endpoint,
    texts: &[String],
    options: &EmbedOptions,
    is_stopped: &(dyn Fn() -> bool + Sync),
) -> std::result::Result<Vec<Vec<f32>>, EmbedTrouble> {
    let mut attempts = 1;
    loop {
        let trouble = match endpoint.embed(texts).await {
            Ok(embeddings) => return Ok(embeddings),
            Err(trouble) => trouble,
        };
        let backoff = || backoff::ceiling(options.backoff, options.max_wait, attempts);
        let wait = trouble.retry_after.unwrap_or_else(backoff);
        if !trouble.is_passing()
            || attempts >= options.max_attempts
            || wait > options.max_wait
            || is_stopped()
        {
            return Err(trouble);
        }
        tokio::time::sleep(wait).await;
        attempts += 1;
    }
}

/// The text to embed: exactly the text that the content hash covers, so an embedding is stale if and only if the hash
/// is.
fn text_of(chunk: &Picked) -> String {
    if chunk.heading.is_empty() {
        chunk.content.clone()
    } else {
        format!("{}\n\n{}", chunk.heading, chunk.content)
    }
}

//! The kinds of handlers: the names of their settings, and whose workers serve them.

use forebay_domain::handoff::HandlerKind;
use forebay_store::pipelines::{Pipeline, PipelineSpec};

/// Whose workers ingest the hand-offs of a pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workers {
    /// Those of Forebay: `forebay work`, [`drain`](super::drain) and [`follow`](super::follow).
    Forebay,
    /// The user's own.
    External,
    /// No workers: the pipeline is disabled, and its hand-offs wait.
    None,
}

/// The names of a handler's settings.
pub const fn settings_of(kind: HandlerKind) -> &'static [&'static str] {
    match kind {
        HandlerKind::Documents => &["title", "fields", "language", "language_field", "chunk", "embeddings"],
        HandlerKind::Table => &["table", "columns", "removed", "publish"],
        HandlerKind::Webhook => &[
            "url",
            "secret",
            "timeout",
            "concurrency",
            "headers",
            "payload",
            "allow_http",
            "log_deliveries",
            "disable",
        ],
        HandlerKind::Exec => &["command", "timeout", "batch", "concurrency", "env", "directory"],
        HandlerKind::External => &[],
    }
}

/// Whether the effect of a handler is in the same database, so the effect and its settlement are one transaction.
pub(super) const fn is_transactional(kind: HandlerKind) -> bool {
    matches!(kind, HandlerKind::Documents | HandlerKind::Table)
}

impl Workers {
    /// The workers of a stored pipeline, which can be disabled although its declaration is enabled.
    pub fn of_pipeline(pipeline: &Pipeline) -> Self {
        if pipeline.health.disabled.is_some() { Self::None } else { Self::of(&pipeline.spec) }
    }

    /// The workers of a declared pipeline.
    pub fn of(spec: &PipelineSpec) -> Self {
        Self::of_handler(&spec.handler, spec.enabled)
    }

    /// The workers of a pipeline with this handler. An unknown handler may be one of a newer Forebay.
    pub fn of_handler(handler: &str, is_enabled: bool) -> Self {
        match HandlerKind::parse(handler) {
            _ if !is_enabled => Self::None,
            Some(HandlerKind::External) => Self::External,
            _ => Self::Forebay,
        }
    }
}

#[cfg(test)]
mod tests {
    use forebay_domain::words::Word;

    use super::*;

    #[test]
    fn a_disabled_pipeline_has_no_workers() {
        assert_eq!(Workers::of_handler("external", true), Workers::External);
        assert_eq!(Workers::of_handler("exec", true), Workers::Forebay);
        for handler in HandlerKind::WORDS {
            assert_eq!(Workers::of_handler(handler, false), Workers::None, "{handler}");
        }
    }
}

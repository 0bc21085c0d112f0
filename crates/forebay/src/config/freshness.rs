//! `[freshness]` and `[entities.NAME]`: how old data may get.
//!
//! `[freshness]` overrides the shipped policy of an entity type, and `[entities.NAME]` overrides both.

use forebay_domain::{freshness::FreshnessPolicy, units::PeriodOrZero};
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::cli::values::{Duration, Share};

/// How old data may get before `ensure` scrapes it again.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Freshness {
    /// Time to live, counted from the last complete scrape of a scope. Default: `1d`; for `course` and `professor`
    /// `7d`, for `review` `30d`.
    pub(super) ttl: Option<Duration>,
    /// Maximum share (0 to 1) by which `ttl` is shortened, differently for each scope, so that they don't all expire
    /// at once. Default: 0.1.
    pub(super) jitter: Option<Share>,
    /// Age to report to operators as a warning. Default: none.
    pub(super) warn_after: Option<Duration>,
    /// Age to report to operators as an error. Default: none.
    pub(super) error_after: Option<Duration>,
    /// How long after expiry to serve stale data at once while it is refreshed (RFC 5861). Default: `0s`, not at all.
    #[schemars(with = "Option<Duration>")]
    pub(super) stale_while_revalidate: Option<PeriodOrZero>,
    /// How long after expiry to serve stale data if the refresh fails (RFC 5861). Default: `30d`.
    #[schemars(with = "Option<Duration>")]
    pub(super) stale_if_error: Option<PeriodOrZero>,
}

impl Freshness {
    /// The policy with these settings applied.
    pub(super) fn over(&self, policy: FreshnessPolicy) -> FreshnessPolicy {
        FreshnessPolicy {
            ttl: self.ttl.map_or(policy.ttl, SignedDuration::from),
            jitter: self.jitter.map_or(policy.jitter, Share::get),
            warn_after: self.warn_after.map(SignedDuration::from).or(policy.warn_after),
            error_after: self.error_after.map(SignedDuration::from).or(policy.error_after),
            stale_while_revalidate: self
                .stale_while_revalidate
                .map_or(policy.stale_while_revalidate, SignedDuration::from),
            stale_if_error: self.stale_if_error.map_or(policy.stale_if_error, SignedDuration::from),
        }
    }

    /// Error: the invalid key and the problem.
    pub(super) fn check(&self) -> Result<(), (&'static str, &'static str)> {
        let limits = self.warn_after.zip(self.error_after);
        if limits.is_some_and(|(warn, error)| warn.get() > error.get()) {
            return Err(("warn_after", "warn_after must not be longer than error_after"));
        }
        Ok(())
    }
}

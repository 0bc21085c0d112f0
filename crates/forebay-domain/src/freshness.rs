//! Freshness: whether the stored data of an entity type and scope is young enough, and what to do if it isn't.
//!
//! Age counts from the last successful sync of the whole scope; failures and syncs of a part don't reset it. After the
//! time to live come two windows as in RFC 5861, both counted from its end. During one, stale data is served while it
//! is refreshed; during the other, stale data is served if the refresh fails.
//!
//! Scopes that were synced together would also expire together. So each time to live is shortened by a part computed
//! from entity type and scope ([`jitter`]), which is the same in every process.

use jiff::{SignedDuration, Timestamp};
use ring::digest::{SHA256, digest};

use crate::scope::Scope;

/// A day, which is always 24 hours here.
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// The time to live of entity types without a configured one.
pub const DEFAULT_TTL: SignedDuration = DAY;

/// Default times to live of some entity types, as examples; configuration overrides them.
pub const SHIPPED_TTLS: [(&str, SignedDuration); 3] = [
    ("course", SignedDuration::from_hours(7 * 24)),
    ("professor", SignedDuration::from_hours(7 * 24)),
    ("review", SignedDuration::from_hours(30 * 24)),
];

/// The freshness policy of an entity type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FreshnessPolicy {
    /// How long data is fresh. Default: [`DEFAULT_TTL`], for some entity types [`SHIPPED_TTLS`].
    pub ttl: SignedDuration,
    /// Up to this share (0 to 1) of the time to live is left out, by [`jitter`]. Default: 0.1.
    pub jitter: f64,
    /// Age at which operators get a warning; `None`: never. Default: `None`.
    pub warn_after: Option<SignedDuration>,
    /// Age at which operators get an error. Default: `None`.
    pub error_after: Option<SignedDuration>,
    /// How long after the time to live data is served while it is refreshed. Default: 0.
    pub stale_while_revalidate: SignedDuration,
    /// How long after the time to live data is served if the refresh fails. Default: 30 days.
    pub stale_if_error: SignedDuration,
}

impl Default for FreshnessPolicy {
    fn default() -> Self {
        Self {
            ttl: DEFAULT_TTL,
            jitter: 0.1,
            warn_after: None,
            error_after: None,
            stale_while_revalidate: SignedDuration::ZERO,
            stale_if_error: SignedDuration::from_hours(30 * 24),
        }
    }
}

impl FreshnessPolicy {
    /// The default policy of an entity type.
    pub fn shipped(entity_type: &str) -> Self {
        let known = SHIPPED_TTLS.iter().find(|(name, _)| *name == entity_type);
        Self { ttl: known.map_or(DEFAULT_TTL, |(_, ttl)| *ttl), ..Self::default() }
    }
}

crate::words! {
    /// How the stored data may be used.
    pub enum Freshness {
        /// Serve it.
        Fresh = "fresh",
        /// Serve it, and refresh it in the background.
        StaleWhileRevalidate = "stale_while_revalidate",
        /// Refresh it; if that fails, serve it.
        StaleIfError = "stale_if_error",
        /// Refresh it; if that fails, there is nothing to serve.
        Expired = "expired",
        /// The whole scope was never synced.
        Never = "never",
    }
}

impl Freshness {
    /// Whether it may be served without waiting for a sync.
    pub const fn may_serve(self) -> bool {
        matches!(self, Self::Fresh | Self::StaleWhileRevalidate)
    }

    /// Whether it may be served when a sync fails.
    pub const fn may_serve_on_error(self) -> bool {
        matches!(self, Self::Fresh | Self::StaleWhileRevalidate | Self::StaleIfError)
    }
}

crate::words! {
    /// The status of an age, for operators.
    pub enum AgeStatus {
        /// Young enough.
        Ok = "ok",
        /// Older than `warn_after`.
        Warn = "warn",
        /// Older than `error_after`.
        Error = "error",
    }
}

/// The result of [`judge`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// How the data may be used.
    pub freshness: Freshness,
    /// The status for operators; `None`: never synced, and the policy limits no age.
    pub status: Option<AgeStatus>,
    /// The time since the last sync; `None`: never synced.
    pub age: Option<SignedDuration>,
    /// When freshness ends or ended.
    pub fresh_until: Option<Timestamp>,
}

/// A number from 0 to 1 (excluded) for an entity type and scope: evenly distributed, and the same in every process.
pub fn jitter(entity_type: &str, scope: &Scope) -> f64 {
    let digest = digest(&SHA256, format!("forebay freshness {entity_type}\0{scope}").as_bytes());
    let number = digest.as_ref().first_chunk().copied().map_or(0, u32::from_be_bytes);
    f64::from(number) / (f64::from(u32::MAX) + 1.0)
}

/// Judges data that was last synced at `last_sync`. `jitter` is [`jitter`] of its entity type and scope.
///
/// A sync in the future comes from a clock ahead of ours, and counts as now.
pub fn judge(
    last_sync: Option<Timestamp>,
    now: Timestamp,
    policy: &FreshnessPolicy,
    jitter: f64,
) -> Judgement {
    let Some(last_sync) = last_sync else {
        let status = match (policy.error_after, policy.warn_after) {
            (Some(_), _) => Some(AgeStatus::Error),
            (None, Some(_)) => Some(AgeStatus::Warn),
            (None, None) => None,
        };
        return Judgement { freshness: Freshness::Never, status, age: None, fresh_until: None };
    };
    let age = last_sync.duration_until(now).max(SignedDuration::ZERO);
    let ttl = effective_ttl(policy, jitter);
    let is_within = |window: SignedDuration| age < ttl.checked_add(window).unwrap_or(SignedDuration::MAX);
    let freshness = if age < ttl {
        Freshness::Fresh
    } else if is_within(policy.stale_while_revalidate) {
        Freshness::StaleWhileRevalidate
    } else if is_within(policy.stale_if_error) {
        Freshness::StaleIfError
    } else {
        Freshness::Expired
    };
    let is_past = |limit: Option<SignedDuration>| limit.is_some_and(|limit| age >= limit);
    let status = if is_past(policy.error_after) {
        AgeStatus::Error
    } else if is_past(policy.warn_after) {
        AgeStatus::Warn
    } else {
        AgeStatus::Ok
    };
    let fresh_until = Some(last_sync.checked_add(ttl).unwrap_or(Timestamp::MAX));
    Judgement { freshness, status: Some(status), age: Some(age), fresh_until }
}

/// The time to live after jitter.
fn effective_ttl(policy: &FreshnessPolicy, jitter: f64) -> SignedDuration {
    let share = |value: f64| if value.is_nan() { 0.0 } else { value.clamp(0.0, 1.0) };
    policy.ttl.max(SignedDuration::ZERO).mul_f64(1.0 - share(policy.jitter) * share(jitter))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(hours: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours)
    }

    fn policy() -> FreshnessPolicy {
        FreshnessPolicy {
            ttl: SignedDuration::from_hours(10),
            jitter: 0.0,
            warn_after: Some(SignedDuration::from_hours(12)),
            error_after: Some(SignedDuration::from_hours(20)),
            stale_while_revalidate: SignedDuration::from_hours(5),
            stale_if_error: SignedDuration::from_hours(30),
        }
    }

    #[test]
    fn each_age_has_its_freshness() {
        use AgeStatus::{Error, Ok, Warn};
        use Freshness::{Expired, Fresh, StaleIfError, StaleWhileRevalidate};
        let cases = [
            (0, Fresh, Ok),
            (9, Fresh, Ok),
            (10, StaleWhileRevalidate, Ok),
            (12, StaleWhileRevalidate, Warn),
            (14, StaleWhileRevalidate, Warn),
            (15, StaleIfError, Warn),
            (20, StaleIfError, Error),
            (39, StaleIfError, Error),
            (40, Expired, Error),
            (-3, Fresh, Ok),
        ];
        for (hours, freshness, status) in cases {
            let found = judge(Some(at(100)), at(100 + hours), &policy(), 0.5);
            assert_eq!((found.freshness, found.status), (freshness, Some(status)), "{hours} h");
            assert_eq!(found.age, Some(SignedDuration::from_hours(hours.max(0))));
            assert_eq!(found.fresh_until, Some(at(110)));
        }
    }

    #[test]
    fn never_synced_is_an_error_only_with_an_age_limit() {
        let mut policy = policy();
        assert_eq!(judge(None, at(0), &policy, 0.0).status, Some(AgeStatus::Error));
        policy.error_after = None;
        assert_eq!(judge(None, at(0), &policy, 0.0).status, Some(AgeStatus::Warn));
        policy.warn_after = None;
        let found = judge(None, at(0), &policy, 0.0);
        assert_eq!((found.freshness, found.status, found.age), (Freshness::Never, None, None));
    }

    #[test]
    fn the_shipped_times_to_live_are_the_documented_ones() {
        let days = |entity_type| FreshnessPolicy::shipped(entity_type).ttl.as_hours() / 24;
        assert_eq!((days("course"), days("professor"), days("review"), days("event")), (7, 7, 30, 1));
    }

    #[test]
    fn the_jitter_never_changes() {
        // Different versions of the program must agree.
        let scope: Scope = "semester=Spring 2026".parse().unwrap();
        let found = [jitter("course", &scope), jitter("course", &Scope::default()), jitter("review", &scope)];
        assert_eq!(found.map(|number| format!("{number:.6}")), ["0.052243", "0.665527", "0.487643"]);
    }

    proptest! {
        #[test]
        fn data_only_becomes_staler_with_age(ages in proptest::collection::vec(0_i64..10_000_000, 2), jitter in 0.0_f64..1.0) {
            let policy = FreshnessPolicy { jitter: 0.3, ..policy() };
            let last_sync = at(100);
            let judged = |age: i64| judge(Some(last_sync), last_sync + SignedDuration::from_secs(age), &policy, jitter);
            let (younger, older) = (judged(ages[0].min(ages[1])), judged(ages[0].max(ages[1])));
            prop_assert!(younger.freshness <= older.freshness && younger.status <= older.status);
            let fresh_until = younger.fresh_until.unwrap();
            prop_assert!(fresh_until <= last_sync + policy.ttl);
            prop_assert!(fresh_until > last_sync + policy.ttl.mul_f64(0.69));
        }

        #[test]
        fn no_policy_makes_it_panic(
            ttl in any::<i64>(), max_jitter in any::<f64>(), window in any::<i64>(), jitter in any::<f64>(), age in 0_i64..1_000_000
        ) {
            let policy = FreshnessPolicy {
                ttl: SignedDuration::from_secs(ttl),
                jitter: max_jitter,
                stale_while_revalidate: SignedDuration::from_secs(window),
                stale_if_error: SignedDuration::from_secs(window),
                ..FreshnessPolicy::default()
            };
            let found = judge(Some(at(0)), at(0) + SignedDuration::from_secs(age), &policy, jitter);
            prop_assert_ne!(found.freshness, Freshness::Never);
        }

        #[test]
        fn jitter_lies_between_0_and_1(entity_type in "[a-z]{1,8}", value in "[a-z0-9]{0,9}") {
            let scope = Scope::parse([format!("k={value}")]).unwrap();
            let number = jitter(&entity_type, &scope);
            prop_assert!((0.0..1.0).contains(&number));
        }
    }
}

//! The maximum age of data, by entity type.

use std::collections::BTreeMap;

use forebay_domain::{
    freshness::{self, FreshnessPolicy, Judgement, SHIPPED_TTLS},
    scope::Scope,
};
use forebay_store::freshness::StaleBefore;
use jiff::Timestamp;

/// The policy of every entity type: the configured one, otherwise the default.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policies {
    by_type: BTreeMap<String, FreshnessPolicy>,
    /// The changes that `[freshness]` of the configuration makes for types without their own policy; `None`: no
    /// changes.
    fallback: Option<FreshnessPolicy>,
}

impl Policies {
    /// Policies by entity type. Other types use the policy that Forebay ships with.
    pub fn new(by_type: impl IntoIterator<Item = (String, FreshnessPolicy)>) -> Self {
        Self { by_type: by_type.into_iter().collect(), fallback: None }
    }

    /// Uses this policy for entity types without a configured or shipped one.
    #[must_use]
    pub fn with_fallback(self, fallback: FreshnessPolicy) -> Self {
        Self { fallback: Some(fallback), ..self }
    }

    /// The policy of an entity type.
    pub fn of(&self, entity_type: &str) -> FreshnessPolicy {
        let configured = self.by_type.get(entity_type).copied();
        let is_shipped = SHIPPED_TTLS.iter().any(|(name, _)| *name == entity_type);
        configured
            .or(self.fallback.filter(|_| !is_shipped))
            .unwrap_or_else(|| FreshnessPolicy::shipped(entity_type))
    }

    /// Judges data that was last synced at `last_sync`.
    pub fn judge(
        &self,
        entity_type: &str,
        scope: &Scope,
        last_sync: Option<Timestamp>,
        now: Timestamp,
    ) -> Judgement {
        let jitter = freshness::jitter(entity_type, scope);
        freshness::judge(last_sync, now, &self.of(entity_type), jitter)
    }

    /// The earliest sync of each entity type that can still be fresh. Each scope's jitter shortens its time to live a
    /// little, so listed scopes still have to be judged.
    pub(super) fn stale_before(&self, now: Timestamp) -> StaleBefore {
        let before = |policy: &FreshnessPolicy| {
            let jitter = if policy.jitter.is_nan() { 0.0 } else { policy.jitter.clamp(0.0, 1.0) };
            now.checked_sub(policy.ttl.mul_f64(1.0 - jitter)).unwrap_or(Timestamp::MIN)
        };
        let shipped = SHIPPED_TTLS.iter().map(|(name, _)| (*name).to_owned());
        let by_type = self
            .by_type
            .keys()
            .cloned()
            .chain(shipped)
            .map(|name| {
                let before = before(&self.of(&name));
                (name, before)
            })
            .collect();
        StaleBefore { by_type, otherwise: before(&self.fallback.unwrap_or_default()) }
    }
}

impl From<BTreeMap<String, FreshnessPolicy>> for Policies {
    fn from(by_type: BTreeMap<String, FreshnessPolicy>) -> Self {
        Self::new(by_type)
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    fn living(hours: i64) -> FreshnessPolicy {
        FreshnessPolicy { ttl: SignedDuration::from_hours(hours), jitter: 0.5, ..FreshnessPolicy::default() }
    }

    #[test]
    fn configured_policies_take_precedence_over_shipped_ones_and_the_fallback() {
        let policies = Policies::new([("room".to_owned(), living(1))]).with_fallback(living(2));
        assert_eq!(policies.of("room"), living(1));
        assert_eq!(policies.of("course"), FreshnessPolicy::shipped("course"));
        assert_eq!(policies.of("anything"), living(2));
        assert_eq!(Policies::default().of("anything"), FreshnessPolicy::default());
    }

    #[test]
    fn the_list_omits_only_fresh_scopes() {
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * 365);
        let policies = Policies::new([("room".to_owned(), living(10))]).with_fallback(living(4));
        let stale = policies.stale_before(now);
        let of = |name: &str| stale.by_type.iter().find(|(known, _)| known == name).map(|(_, at)| *at);
        assert_eq!(of("room"), Some(now - SignedDuration::from_hours(5)));
        assert_eq!(stale.otherwise, now - SignedDuration::from_hours(2));
        assert!(of("course").is_some());
        for hours in 0..12 {
            let synced = now - SignedDuration::from_hours(hours);
            let judged = policies.judge("room", &Scope::default(), Some(synced), now);
            let is_listed = of("room").is_some_and(|before| synced < before);
            assert!(is_listed || judged.freshness.may_serve(), "{hours} h old: {judged:?}");
        }
    }
}

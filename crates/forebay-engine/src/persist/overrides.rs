//! Settings of one run that override its source's policy and are not stored with it.

use std::time::Duration;

use super::policy::SourcePolicy;

/// How long a run waits for another one of its scope.
pub const DEFAULT_MAX_WAIT: Duration = Duration::from_hours(1);

/// Settings of one run that override its source's policy. They are not stored, so the next run uses the policy again.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Overrides {
    /// Whether guards may hold the run. Default: as the source's policy says.
    pub guards: Option<bool>,
    /// The share (0 to 1) of the scope's active references that the run may remove. Default: that of the policy.
    pub max_removed_share: Option<f64>,
    /// The share (0 to 1) of rejected records above which the run fails. Default: that of the policy.
    pub max_rejected_share: Option<f64>,
    /// How long to wait for another run of the scope. Default: [`DEFAULT_MAX_WAIT`].
    pub max_wait: Option<Duration>,
}

impl Overrides {
    /// The policy of the run.
    pub(super) fn apply_to(self, mut policy: SourcePolicy) -> SourcePolicy {
        policy.guards.enabled = self.guards.unwrap_or(policy.guards.enabled);
        policy.guards.max_removed_share = self.max_removed_share.or(policy.guards.max_removed_share);
        policy.max_rejected_share = self.max_rejected_share.unwrap_or(policy.max_rejected_share);
        policy
    }
}

#[cfg(test)]
mod tests {
    use forebay_domain::guards::GuardPolicy;

    use super::*;

    #[test]
    fn only_the_given_settings_change() {
        let guards = GuardPolicy { max_changed_share: 0.3, ..GuardPolicy::off() };
        let policy = SourcePolicy { guards, ..SourcePolicy::default() };
        assert_eq!(Overrides::default().apply_to(policy.clone()), policy);
        let overrides = Overrides {
            guards: Some(true),
            max_removed_share: Some(0.9),
            max_rejected_share: Some(0.2),
            max_wait: None,
        };
        let expected = SourcePolicy {
            guards: GuardPolicy { enabled: true, max_removed_share: Some(0.9), ..guards },
            max_rejected_share: 0.2,
            ..policy
        };
        assert_eq!(overrides.apply_to(SourcePolicy { guards, ..SourcePolicy::default() }), expected);
    }
}

//! `POST /v1/sources/{source}/breaker/disable`

use forebay_domain::breaker::BreakerCommand;

use super::command::BreakerControl;

/// Disabling the breaker of a source.
pub(crate) struct Disable;

impl BreakerControl for Disable {
    const PATH: &'static str = "/v1/sources/{source}/breaker/disable";
    const NAME: &'static str = "disable_breaker";
    const SUMMARY: &'static str = "Ignore failures of a source until further notice";
    const COMMAND: BreakerCommand = BreakerCommand::Disable;
}

//! `POST /v1/sources/{source}/breaker/reset`

use forebay_domain::breaker::BreakerCommand;

use super::command::BreakerControl;

/// Resetting the breaker of a source.
pub(crate) struct Reset;

impl BreakerControl for Reset {
    const PATH: &'static str = "/v1/sources/{source}/breaker/reset";
    const NAME: &'static str = "reset_breaker";
    const SUMMARY: &'static str = "Clear the recorded failures of a source and allow requests again";
    const COMMAND: BreakerCommand = BreakerCommand::Reset;
}

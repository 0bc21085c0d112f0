//! `POST /v1/sources/{source}/breaker/open`

use forebay_domain::breaker::BreakerCommand;

use super::command::BreakerControl;

/// Opening the breaker of a source.
pub(crate) struct Open;

impl BreakerControl for Open {
    const PATH: &'static str = "/v1/sources/{source}/breaker/open";
    const NAME: &'static str = "open_breaker";
    const SUMMARY: &'static str = "Block requests to a source until further notice";
    const COMMAND: BreakerCommand = BreakerCommand::ForceOpen;
}

//! `POST /v1/sources/{source}/breaker/close`

use forebay_domain::breaker::BreakerCommand;

use super::command::BreakerControl;

/// Closing the breaker of a source.
pub(crate) struct Close;

impl BreakerControl for Close {
    const PATH: &'static str = "/v1/sources/{source}/breaker/close";
    const NAME: &'static str = "close_breaker";
    const SUMMARY: &'static str = "Allow requests to a source again, at once";
    const COMMAND: BreakerCommand = BreakerCommand::Close;
}

//! `POST /v1/runs/{run}/revert`

use forebay_views::decide::runs::Decision;

use super::decide::RunDecider;

/// Undoing an applied run.
pub(crate) struct Revert;

impl RunDecider for Revert {
    const PATH: &'static str = "/v1/runs/{run}/revert";
    const NAME: &'static str = "revert_run";
    const SUMMARY: &'static str = "Undo an applied run with a new run";
    const DECISION: Decision = Decision::Revert;
}

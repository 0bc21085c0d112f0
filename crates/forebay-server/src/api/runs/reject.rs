//! `POST /v1/runs/{run}/reject`

use forebay_views::decide::runs::Decision;

use super::decide::RunDecider;

/// Rejecting a held run.
pub(crate) struct Reject;

impl RunDecider for Reject {
    const PATH: &'static str = "/v1/runs/{run}/reject";
    const NAME: &'static str = "reject_run";
    const SUMMARY: &'static str = "Drop what a held run withholds";
    const DECISION: Decision = Decision::Reject;
}

//! `POST /v1/runs/{run}/release`

use forebay_views::decide::runs::Decision;

use super::decide::RunDecider;

/// Releasing a held run.
pub(crate) struct Release;

impl RunDecider for Release {
    const PATH: &'static str = "/v1/runs/{run}/release";
    const NAME: &'static str = "release_run";
    const SUMMARY: &'static str = "Apply what a held run withholds";
    const DECISION: Decision = Decision::Release;
}

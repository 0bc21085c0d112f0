//! `POST /v1/runs/{run}/rekey`

use forebay_views::decide::runs::Decision;

use super::decide::RunDecider;

/// Accepting a held run as a re-key.
pub(crate) struct Rekey;

impl RunDecider for Rekey {
    const PATH: &'static str = "/v1/runs/{run}/rekey";
    const NAME: &'static str = "rekey_run";
    const SUMMARY: &'static str =
        "Accept a held run as a change of keys: its references keep their ids and history";
    const DECISION: Decision = Decision::Rekey;
}

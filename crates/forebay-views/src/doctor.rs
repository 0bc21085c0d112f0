//! The results of the self-check.

use forebay_engine::doctor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// All checks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Doctor {
    /// The worst status of all checks.
    #[schemars(schema_with = "crate::words::check_status")]
    pub status: String,
    /// The checks, the worst first.
    pub checks: Vec<Check>,
}

/// One check. The code is stable, the sentences are not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    /// The kind of check, as a stable word.
    pub code: String,
    /// The table, pipeline or session that was checked; null: the check has only one subject.
    pub subject: Option<String>,
    /// The result. `ok`: no problem. `warning`: a problem that may grow. `failed`: a problem that needs repair.
    #[schemars(schema_with = "crate::words::check_status")]
    pub status: String,
    /// The observation, as a sentence.
    pub message: String,
    /// What to do; null: nothing.
    pub hint: Option<String>,
    /// The command to type next; null: none, see `hint`.
    pub next: Option<String>,
}

impl From<doctor::Check> for Check {
    fn from(check: doctor::Check) -> Self {
        Self {
            code: check.code.to_owned(),
            subject: check.subject,
            status: check.status.as_str().to_owned(),
            message: check.message,
            hint: check.hint,
            next: check.next,
        }
    }
}

impl From<Vec<doctor::Check>> for Doctor {
    fn from(checks: Vec<doctor::Check>) -> Self {
        let status = doctor::worst(&checks).as_str().to_owned();
        Self { status, checks: checks.into_iter().map(Check::from).collect() }
    }
}

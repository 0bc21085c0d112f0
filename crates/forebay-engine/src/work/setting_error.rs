//! The error of a pipeline whose settings its handler does not accept.

/// A setting that the handler of a pipeline does not accept.
///
/// It names the pipeline and the place of the setting as the configuration spells them, so a program can point to it.
/// It contains no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the pipeline {pipeline:?} cannot be used: {problem}")]
pub struct SettingError {
    /// The pipeline.
    pub pipeline: String,
    /// The path to the setting in the pipeline, such as `["columns", "seats", "type"]`. Empty: the pipeline itself.
    pub setting: Vec<String>,
    /// What is wrong, in one sentence.
    pub problem: String,
    /// The unknown name in the problem and the valid names, for a suggestion.
    pub unknown: Option<(String, &'static [&'static str])>,
}

impl SettingError {
    /// A problem with a setting.
    pub(crate) fn new(pipeline: &str, setting: &[&str], problem: impl Into<String>) -> Self {
        Self {
            pipeline: pipeline.to_owned(),
            setting: setting.iter().map(|&part| part.to_owned()).collect(),
            problem: problem.into(),
            unknown: None,
        }
    }

    /// Adds the unknown name and the valid names.
    pub(crate) fn unknown(self, name: &str, known: &'static [&'static str]) -> Self {
        Self { unknown: Some((name.to_owned(), known)), ..self }
    }
}

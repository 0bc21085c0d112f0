//! Errors of declaring sources and pipelines, and of changing sources. All of them are the caller's to resolve.

/// A declaration that doesn't count, or a change of a source that is not possible. Nothing was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeclarationError {
    /// A source or pipeline that another project declared differently.
    #[error(
        "the {what} {name:?} is declared by the project {owner:?}, and the project {project:?} declares it differently: \
         the declaration of {owner:?} counts"
    )]
    Elsewhere {
        /// `source` or `pipeline`.
        what: &'static str,
        /// Its name.
        name: String,
        /// The project that declared it first.
        owner: String,
        /// The project that declares it now.
        project: String,
    },
    /// A stored pipeline that this program does not declare.
    #[error(
        "this worker's configuration doesn't declare the pipeline {pipeline:?}, so it is left to other workers"
    )]
    PipelineUndeclared {
        /// The pipeline.
        pipeline: String,
    },
    /// A stored pipeline with another handler or other settings than this program declares.
    #[error(
        "the database has other settings for the pipeline {pipeline:?} than this worker's configuration, so it is left \
         to other workers"
    )]
    PipelineOtherwise {
        /// The pipeline.
        pipeline: String,
    },
    /// A run of the source is in progress.
    #[error("run {run_id} of {source_name:?} is in progress")]
    Busy {
        /// The source.
        source_name: String,
        /// The run.
        run_id: i64,
    },
    /// A run of the source is held, with records as they were before the change.
    #[error("run {run_id} of {source_name:?} is held, and its records have the fields of before")]
    Held {
        /// The source.
        source_name: String,
        /// The run.
        run_id: i64,
    },
    /// The source belongs to a generated course.
    #[error("the source {source_name:?} belongs to a generated course")]
    Course {
        /// The source.
        source_name: String,
    },
    /// A name that no field can have.
    #[error(
        "{field:?} can't be the name of a field: it is empty, too long, or the name that the field already has"
    )]
    FieldName {
        /// The name.
        field: String,
    },
    /// The source has no field of this name.
    #[error("the source {source_name:?} has no field {field:?}")]
    NoSuchField {
        /// The source.
        source_name: String,
        /// The name.
        field: String,
    },
    /// A reference has or had both names, so two histories would become one.
    #[error("records of {source_name:?} already have a field {field:?} beside it, with a history of its own")]
    FieldExists {
        /// The source.
        source_name: String,
        /// The name.
        field: String,
    },
    /// A renamed field would give all records of the source other keys.
    #[error(
        "the records of {source_name:?} are identified by their content (`$hash`), so with a renamed field they are other \
         records"
    )]
    KeyIsHash {
        /// The source.
        source_name: String,
    },
    /// The new name is that of the field by which records say that they are gone.
    #[error(
        "`removed_when` of {source_name:?} names the field {field:?}: every record with a value there would be removed"
    )]
    FieldMarksRemoved {
        /// The source.
        source_name: String,
        /// The name.
        field: String,
    },
    /// A source with references cannot be renamed.
    #[error(
        "the source {source_name:?} has references, and their ids are computed from its name: under another name, every \
         record would be a new reference without its history"
    )]
    HasReferences {
        /// The source.
        source_name: String,
    },
    /// Another source has the name.
    #[error("there is already a source {source_name:?}")]
    NameTaken {
        /// The name.
        source_name: String,
    },
}

impl DeclarationError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Elsewhere { .. } => "declared_elsewhere",
            Self::PipelineUndeclared { .. } => "pipeline_undeclared",
            Self::PipelineOtherwise { .. } => "pipeline_declared_otherwise",
            Self::Busy { .. } => "source_busy",
            Self::Held { .. } => "source_has_held_runs",
            Self::Course { .. } => "source_is_course",
            Self::FieldName { .. } => "field_name_invalid",
            Self::NoSuchField { .. } => "no_such_field",
            Self::FieldExists { .. } => "field_exists",
            Self::KeyIsHash { .. } => "key_is_hash",
            Self::FieldMarksRemoved { .. } => "field_marks_removed",
            Self::HasReferences { .. } => "source_has_references",
            Self::NameTaken { .. } => "source_exists",
        }
    }

    /// What to do next, if there is something to do.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Elsewhere { what, .. } => format!(
                "use another name for this {what}; or give both files the same `name` in [project]; or make the \
                 declaration of this project count: `forebay config apply --take-over`"
            ),
            Self::PipelineUndeclared { pipeline } => format!(
                "run the worker with the forebay.toml that has [pipelines.{pipeline}]: commands, URLs and tables are taken \
                 from the worker's own file and never from the database"
            ),
            Self::PipelineOtherwise { pipeline } => format!(
                "start the worker again with the latest [pipelines.{pipeline}]; `forebay config apply` stores the settings \
                 of this file"
            ),
            Self::Busy { run_id, .. } => {
                format!("wait until it has ended; `forebay runs show {run_id}` shows whether it has")
            }
            Self::Held { run_id, .. } => format!(
                "reject it first: `forebay runs reject {run_id}`; the next run finds the records under the new name"
            ),
            Self::Course { .. } => {
                "its records are the files of the course: change the folder, and sync it".to_owned()
            }
            Self::KeyIsHash { .. } => {
                "persist them under their new names: a complete run removes those of before and adds \
                                       the others"
                    .to_owned()
            }
            Self::FieldMarksRemoved { .. } => {
                "choose another name; or if `removed_when` already has the new name of a field that was \
                 renamed, set it back, rename the field, and then change the setting"
                    .to_owned()
            }
            Self::FieldName { .. } => return None,
            Self::NoSuchField { source_name, .. } => format!(
                "spell it as in the records; `forebay export --source {source_name}` shows them. Only top-level fields can \
                 be renamed"
            ),
            Self::FieldExists { .. } => {
                "choose another name; if a run has already stored the records under the new \
                 name, undo that run first"
                    .to_owned()
            }
            Self::HasReferences { source_name } => format!(
                "keep the name; or persist the records under the new name, and then delete the old source with \
                 `forebay sources delete {source_name}`"
            ),
            Self::NameTaken { .. } => "choose another name".to_owned(),
        })
    }
}

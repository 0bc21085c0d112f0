//! The parameters of a lesson and of its measures.

use forebay_domain::content::{ValidationStatus, lesson::LessonFacts};
use forebay_engine::content::{LessonInput, LessonPlace};
use forebay_store::content::LessonMeasures;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

/// A lesson. Give its `path`, or `module` and `lesson`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LessonParams {
    /// Its Markdown.
    pub text: String,
    /// The path of its file in the course folder. Default: from `module`, `lesson` and `slug`.
    #[serde(default)]
    pub path: Option<String>,
    /// The number of its module.
    #[serde(default)]
    pub module: Option<u32>,
    /// Its number in the module.
    #[serde(default)]
    pub lesson: Option<u32>,
    /// A short name for the path of a new file. It is made lower case, and other characters become `-`. Default: made
    /// from the title.
    #[serde(default)]
    pub slug: Option<String>,
    /// Its stable id. If the text has no front matter, this, `title`, `bloom_level`, `objectives` and `key_concepts`
    /// become it. Front matter without an id gets this one.
    #[serde(default)]
    pub lesson_id: Option<String>,
    /// Its title.
    #[serde(default)]
    pub title: Option<String>,
    /// Its level in Bloom's revised taxonomy, in English, Portuguese or Spanish.
    #[serde(default)]
    pub bloom_level: Option<String>,
    /// Learning objectives.
    #[serde(default)]
    pub objectives: Vec<String>,
    /// The concepts that it introduces.
    #[serde(default)]
    pub key_concepts: Vec<String>,
    /// Its measures.
    #[serde(default)]
    pub measures: MeasureParams,
}

/// Measures of a lesson. Absent values do not change.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MeasureParams {
    /// How clearly goal, position and steps are stated, 0 to 1.
    pub gps_score: Option<f64>,
    /// How many elements of good teaching it has, 0 to 1.
    pub didatica_score: Option<f64>,
    /// `pending`, `passed`, `warning` or `failed`.
    #[schemars(schema_with = "crate::words::validation_status")]
    pub validation_status: Option<ValidationStatus>,
    /// The findings of its validation, a list of objects.
    pub validation_issues: Option<Vec<Value>>,
    /// Duration of its generation.
    pub generation_seconds: Option<f64>,
    /// Cost of its generation.
    pub generation_cost: Option<f64>,
    /// Number of failed attempts before its text was generated.
    pub num_retries: Option<u16>,
}

/// The parameters of `update_lesson_validation`. Give its `path`, or `module` and `lesson`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ValidationParams {
    /// The path of its file in the course folder.
    #[serde(default)]
    pub path: Option<String>,
    /// The number of its module.
    #[serde(default)]
    pub module: Option<u32>,
    /// Its number in the module.
    #[serde(default)]
    pub lesson: Option<u32>,
    /// Its measures.
    pub measures: MeasureParams,
}

impl LessonParams {
    /// A line of JSON Lines as a lesson in the engine's form. The error is a sentence.
    pub fn read_line(line: &[u8]) -> Result<LessonInput, String> {
        serde_json::from_slice::<Self>(line).map_err(|error| sentence(&error)).and_then(Self::input)
    }

    /// The lesson in the engine's form. The error is a sentence.
    pub fn input(self) -> Result<LessonInput, String> {
        let numbers = self.module.zip(self.lesson);
        Ok(LessonInput {
            place: place(self.path, self.module, self.lesson, self.slug)?,
            text: self.text,
            facts: LessonFacts {
                lesson_id: self.lesson_id,
                title: self.title,
                numbers,
                bloom_level: self.bloom_level,
                objectives: self.objectives,
                key_concepts: self.key_concepts,
            },
            measures: self.measures.into(),
        })
    }
}

impl ValidationParams {
    /// The place and the measures in the engine's form. The error is a sentence.
    pub fn input(self) -> Result<(LessonPlace, LessonMeasures), String> {
        Ok((place(self.path, self.module, self.lesson, None)?, self.measures.into()))
    }
}

impl From<MeasureParams> for LessonMeasures {
    fn from(measures: MeasureParams) -> Self {
        Self {
            gps_score: measures.gps_score,
            didatica_score: measures.didatica_score,
            validation_status: measures.validation_status.map(|status| status.as_str().to_owned()),
            validation_issues: measures.validation_issues.map(Value::Array),
            generation_seconds: measures.generation_seconds,
            generation_cost: measures.generation_cost,
            num_retries: measures.num_retries.map(i32::from),
        }
    }
}

fn place(
    path: Option<String>,
    module: Option<u32>,
    lesson: Option<u32>,
    slug: Option<String>,
) -> Result<LessonPlace, String> {
    match (path, module, lesson) {
        (Some(path), _, _) => Ok(LessonPlace::Path(path)),
        (None, Some(module), Some(lesson)) => Ok(LessonPlace::Number { module, lesson, slug }),
        (None, _, _) => Err("a lesson needs a path, or module and lesson".to_owned()),
    }
}

/// Why a line is no lesson, without the line number of serde, which is always 1.
fn sentence(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let message = text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message);
    format!("{message}, at column {}", error.column())
}

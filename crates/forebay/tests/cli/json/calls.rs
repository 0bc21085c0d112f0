//! `docs/reference/content-calls.md`: the methods of `forebay content serve-stdio`.

use std::{collections::BTreeMap, env, fmt::Write, fs};

use forebay_views::{
    ContentCounts, ContentCourse, ContentMethod, ContentOpened, ContentPersisted, ContentVerified,
    ContentWritten, CourseParams, CurriculumParams, GetCourseParams, LessonParams, LessonsParams,
    MetadataParams, NoParams, OpenParams, PerformanceParams, ResearchParams, StatusParams, ValidationParams,
    VoiceParams, schema,
};
use serde_json::Value;

use super::page::{collect, fields, section};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/content-calls.md");

const HEAD: &str = "\
# Calls of a generator

This page is a reference: the methods of `forebay content serve-stdio`. A generator in any language calls them to write a
course to its folder and to the database. It is generated. The Python module `forebay.content` makes these calls.

The program reads one JSON object a line on standard input and writes one answer a line on standard output, in the same
order. Messages go to standard error. The program ends at the end of its input.

    {\"id\": 1, \"method\": \"open\", \"params\": {\"folder\": \"outputs/courses/rust-basics\"}}
    {\"id\": 1, \"result\": {\"folder\": \"outputs/courses/rust-basics\", \"persist\": \"on\", …}}
    {\"id\": 2, \"method\": \"persist_lesson\", \"params\": {\"module\": 1, \"lesson\": 1, \"text\": \"# Ownership\"}}
    {\"id\": 2, \"result\": {\"paths\": [\"lessons/1.1-ownership.md\"], \"num_written\": 1, …}}
    {\"id\": 3, \"method\": \"persist_lesson\", \"params\": {\"path\": \"../x.md\", \"text\": \"\"}}
    {\"id\": 3, \"error\": {\"code\": \"unsafe_path\", \"message\": \"…\", \"hint\": null, \"place\": \"../x.md\"}}

- `id` is a number or a text, and the answer repeats it. It is null in the answer to a line that cannot be read.
- An error means that the call is wrong or that a file cannot be written. The program does not end.
- A failing database is not an error: the files are written, and `database.status` is `failed`. If the schema does not fit,
  `open` answers with an error.
- Every call may be repeated. Unchanged data is not written again.
- A process has one open course. `open` closes the previous one.
- A line may have 64 MiB; `--max-line` changes this limit.

Absent parameters have their default. Unknown parameters are an error.
";

/// What a method does, the schema of its parameters, and the name of its result.
fn of(method: ContentMethod) -> (&'static str, Value, Value) {
    macro_rules! call {
        ($about:literal, $params:ty, $result:ty) => {
            ($about, schemars::schema_for!($params).to_value(), schema::<$result>().to_value())
        };
    }
    match method {
        ContentMethod::Open => call!(
            "Opens a course folder and locks it. A missing folder is created if its parent exists.",
            OpenParams,
            ContentOpened
        ),
        ContentMethod::PersistCourse => {
            call!("Writes a whole course, or parts of it, in one transaction.", CourseParams, ContentWritten)
        }
        ContentMethod::PersistMetadata => call!("Writes brief and outline.", MetadataParams, ContentWritten),
        ContentMethod::PersistResearch => call!("Writes research reports.", ResearchParams, ContentWritten),
        ContentMethod::PersistLesson => call!(
            "Writes one lesson. If the folder has a lesson with this number, its file is replaced.",
            LessonParams,
            ContentWritten
        ),
        ContentMethod::PersistLessonsBatch => call!(
            "Writes lessons in one transaction. A lesson with a mistake is refused, and the others are written.",
            LessonsParams,
            ContentWritten
        ),
        ContentMethod::UpdateCurriculum => call!("Writes the curriculum.", CurriculumParams, ContentWritten),
        ContentMethod::UpdateVoiceFidelity => call!(
            "Records how well the text matches the voice of the persona.",
            VoiceParams,
            ContentPersisted
        ),
        ContentMethod::SetStatus => {
            call!("Sets the status of the course.", StatusParams, ContentPersisted)
        }
        ContentMethod::UpdateLessonValidation => call!(
            "Records measures of a lesson. The current content of its file must be stored.",
            ValidationParams,
            ContentPersisted
        ),
        ContentMethod::RecordPerformance => {
            call!("Records a measurement of the published course.", PerformanceParams, ContentPersisted)
        }
        ContentMethod::GetCourse => {
            call!("Reads the course with all its relations.", GetCourseParams, ContentCourse)
        }
        ContentMethod::PersistFolder => {
            call!("Stores the files that the database does not have yet.", NoParams, ContentPersisted)
        }
        ContentMethod::Verify => {
            call!("Compares the folder with the database, by hash.", NoParams, ContentVerified)
        }
        ContentMethod::Counts => call!("Counts the calls since `open`.", NoParams, ContentCounts),
        ContentMethod::Close => call!(
            "Closes the course. First, files that the database missed are stored, if possible.",
            NoParams,
            ContentCounts
        ),
    }
}

fn page() -> String {
    let mut page = HEAD.to_owned();
    let mut objects = BTreeMap::new();
    for method in ContentMethod::ALL {
        let (about, mut params, result) = of(method);
        let title = params["title"].as_str().unwrap().to_owned();
        let result = result["title"].as_str().unwrap();
        let _ = write!(
            page,
            "\n## `{method}`\n\n{about}\n\nResult: [{result}](json.md#{}).\n",
            result.to_lowercase()
        );
        if params["properties"].as_object().is_none_or(serde_json::Map::is_empty) {
            page.push_str("It has no parameters.\n");
        } else {
            let names = params["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let required: Vec<String> = names.map(|name| format!("`{name}`")).collect();
            if !required.is_empty() {
                let _ = writeln!(page, "Required: {}.", required.join(", "));
            }
            fields(&title, &params, &mut page);
        }
        // Only what the parameters refer to.
        params.as_object_mut().unwrap().remove("title");
        collect(&params, &mut objects);
    }
    page.push_str("\n## Objects\n");
    for (title, schema) in &objects {
        section(title, schema, &mut page);
    }
    page
}

#[test]
fn the_reference_of_calls_is_that_of_the_views() {
    let page = page();
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(PATH, &page).unwrap();
    }
    let found = fs::read_to_string(PATH).unwrap_or_default();
    assert_eq!(found, page, "run UPDATE_DOCS=1 cargo test -p forebay --test cli json");
}

//! The record of a file: what is stored of it as the payload of its reference.
//!
//! Bytes are the truth: `content` holds the text of the file as it is (`content_base64` its bytes, if it is not text),
//! and everything else is derived from it. A file that is too large to be stored has a hash and a size only.

use base64::{Engine, engine::general_purpose::STANDARD};
use forebay_domain::{
    content::{
        Problem, ProblemCode,
        brief::{Brief, BriefSectionKind},
        curriculum::Curriculum,
        layout::{Layout, Role},
        lesson::Lesson,
        paths::RelativePath,
        plan::FileState,
        research::Report,
        yaml::{self, Node, Value as Yaml},
    },
    hex,
};
use serde_json::{Map, Value, json};

use super::{
    error::{ContentError, Result},
    snapshot::CourseFile,
};

/// The field of a record that identifies it in its source.
pub(super) const KEY_FIELD: &str = "id";

/// The key of a file that is stored for the first time. A lesson keeps its key when it moves.
pub(super) fn new_key(file: &CourseFile) -> String {
    let path = &file.state.path;
    match (&file.role, &file.state.lesson_id) {
        (Role::Brief, _) => "brief".to_owned(),
        (Role::Outline, _) => "outline".to_owned(),
        (Role::Curriculum, _) => "curriculum".to_owned(),
        (Role::Research(kind), _) => format!("research/{kind}"),
        (Role::Lesson { .. }, Some(id)) => format!("lesson/{id}"),
        (Role::Lesson { .. }, None) => format!("lesson/{path}"),
        _ => format!("file/{path}"),
    }
}

/// Whether a key is one of a file of this kind. A file that moves keeps its key unless it becomes something else: then
/// the old reference is removed, and the file gets a new one.
pub(super) fn key_fits(key: &str, role: &Role) -> bool {
    // Two files that are both the brief have the keys `brief` and `brief~2`.
    let is = |kind: &str| key.strip_prefix(kind).is_some_and(|rest| rest.is_empty() || rest.starts_with('~'));
    match role {
        Role::Brief => is("brief"),
        Role::Outline => is("outline"),
        Role::Curriculum => is("curriculum"),
        Role::Research(kind) => is(&format!("research/{kind}")),
        Role::Lesson { .. } => key.starts_with("lesson/"),
        _ => key.starts_with("file/"),
    }
}

/// The record of a file. `bytes` is `None` for a file that is too large to be stored.
pub(super) fn record(key: &str, file: &CourseFile, layout: &Layout, bytes: Option<&[u8]>) -> Value {
    let CourseFile { role, state, number } = file;
    let FileState { path, hash, hash_ignoring_line_endings, size, .. } = state;
    let mut fields = Map::new();
    let mut set = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    set(KEY_FIELD, json!(key));
    set("kind", json!(kind(role)));
    set("path", json!(path.as_str()));
    set("size", json!(size));
    set("content_hash", json!(hex::encode(hash)));
    let text = bytes.and_then(|bytes| std::str::from_utf8(bytes).ok()).filter(|text| !text.contains('\0'));
    match (text, bytes) {
        (Some(text), _) => {
            set("text_hash", json!(hex::encode(hash_ignoring_line_endings)));
            set("content", json!(text));
        }
        (None, Some(bytes)) => {
            set("content_base64", json!(STANDARD.encode(bytes)));
        }
        (None, None) => {}
    }
    if let Some(text) = text {
        match role {
            Role::Lesson { slug, .. } => lesson(&mut fields, layout, path, text, *number, slug),
            Role::Brief => brief(&mut fields, path, text),
            Role::Curriculum => curriculum(&mut fields, path, text),
            Role::Research(_) => report(&mut fields, path, text),
            _ => {}
        }
    }
    Value::Object(fields)
}

/// The path of a record; `None`: it is no record of a file. Error: a path that no sync stores, so somebody else wrote
/// it.
pub(super) fn path_of(record: &Value) -> Result<Option<RelativePath>> {
    let Some(path) = record.get("path").and_then(Value::as_str) else { return Ok(None) };
    let path = RelativePath::parse(path).map_err(ContentError::Problem)?;
    if path.as_str().split('/').any(|part| part.starts_with('.')) {
        let message = "a hidden file is no file of a course";
        let problem = Problem::error(ProblemCode::UnsafePath, path.as_str(), message);
        return Err(ContentError::Problem(problem));
    }
    Ok(Some(path))
}

/// The bytes that a record contains. `None`: it has only a hash.
pub(super) fn bytes_of(record: &Value) -> Option<Vec<u8>> {
    if let Some(text) = record.get("content").and_then(Value::as_str) {
        return Some(text.as_bytes().to_vec());
    }
    STANDARD.decode(record.get("content_base64")?.as_str()?).ok()
}

fn kind(role: &Role) -> &'static str {
    match role {
        Role::Brief => "brief",
        Role::Outline => "outline",
        Role::Curriculum => "curriculum",
        Role::Module { .. } => "module",
        Role::Lesson { .. } => "lesson",
        Role::Research(_) => "research",
        Role::Assessment => "assessment",
        Role::Resource => "resource",
        Role::Other | Role::Ignored => "other",
    }
}

fn lesson(
    fields: &mut Map<String, Value>,
    layout: &Layout,
    path: &RelativePath,
    text: &str,
    number: Option<(u32, u32)>,
    slug: &str,
) {
    let (lesson, _) = Lesson::read(path.as_str(), text, number, &layout.lesson_fields());
    let (module, place) = number.unwrap_or_default();
    let slug = if lesson.slug.is_empty() { slug } else { &lesson.slug };
    fields.extend([
        // Without an id, the path identifies it.
        ("lesson_id".to_owned(), json!(lesson.lesson_id.as_deref().unwrap_or(path.as_str()))),
        ("has_id".to_owned(), json!(lesson.lesson_id.is_some())),
        ("module".to_owned(), json!(module)),
        ("lesson".to_owned(), json!(place)),
        ("slug".to_owned(), json!(slug)),
        ("title".to_owned(), json!(lesson.title.as_deref().unwrap_or(slug))),
        ("objectives".to_owned(), json!(lesson.objectives)),
        ("key_concepts".to_owned(), json!(lesson.key_concepts)),
        ("word_count".to_owned(), json!(lesson.word_count)),
    ]);
    if let Some(level) = lesson.bloom_level {
        fields.insert("bloom_level".to_owned(), json!(level.as_str()));
    }
}

fn brief(fields: &mut Map<String, Value>, path: &RelativePath, text: &str) {
    let (brief, _) = Brief::read(path.as_str(), text);
    let section = |kind| {
        let section = brief.sections.iter().find(|section| section.kind == kind)?;
        Some(section.text.trim()).filter(|text| !text.is_empty())
    };
    let parts =
        [("icp", section(BriefSectionKind::Icp)), ("voice_profile", section(BriefSectionKind::Voice))];
    for (name, text) in parts.into_iter().chain([("title", brief.title.as_deref())]) {
        if let Some(text) = text {
            fields.insert(name.to_owned(), json!(text));
        }
    }
}

fn curriculum(fields: &mut Map<String, Value>, path: &RelativePath, text: &str) {
    let Ok((curriculum, _)) = Curriculum::read(path.as_str(), text) else { return };
    if let Ok(Some(root)) = yaml::parse(text, 0..text.len(), path.as_str()) {
        fields.insert("curriculum".to_owned(), from_yaml(&root));
    }
    let metadata = |name: &str| {
        let (_, value) = curriculum.metadata.as_ref()?.pair(name)?;
        Some(from_yaml(value))
    };
    fields.extend([
        ("objectives".to_owned(), json!(curriculum.learning_objectives)),
        ("total_modules".to_owned(), json!(curriculum.modules.len())),
        ("total_lessons".to_owned(), json!(curriculum.lessons().count())),
    ]);
    let optional = [
        ("title", curriculum.course.title.map(Value::from)),
        ("level", curriculum.course.level.map(Value::from)),
        ("piece_type", curriculum.course.piece_type.map(Value::from)),
        ("persona_mind_id", curriculum.course.persona_mind_id.map(Value::from)),
        ("course_type", curriculum.course.course_type.map(|kind| json!(kind.as_str()))),
        ("framework", metadata("framework").filter(Value::is_string)),
        ("keywords", metadata("keywords").filter(is_list_of_text)),
    ];
    fields.extend(optional.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
}

fn is_list_of_text(value: &Value) -> bool {
    value.as_array().is_some_and(|items| items.iter().all(Value::is_string))
}

fn report(fields: &mut Map<String, Value>, path: &RelativePath, text: &str) {
    let report = Report::read(path.as_str(), text);
    let optional = [
        ("summary", report.summary.map(Value::from)),
        ("num_competitors", report.num_competitors.map(Value::from)),
    ];
    fields.extend(optional.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
}

/// YAML as JSON. Plain integers become numbers; every other scalar keeps its text, so 1.10 stays "1.10".
fn from_yaml(node: &Node) -> Value {
    match &node.value {
        Yaml::Scalar { .. } if node.is_null() => Value::Null,
        Yaml::Scalar { text, is_plain: true } => match text.parse::<i32>() {
            Ok(number) if number.to_string() == *text => json!(number),
            _ => json!(text),
        },
        Yaml::Scalar { text, .. } => json!(text),
        Yaml::Sequence(items) => items.iter().map(from_yaml).collect(),
        Yaml::Mapping(pairs) => Value::Object(
            pairs
                .iter()
                .filter_map(|(name, value)| Some((name.text()?.to_owned(), from_yaml(value))))
                .collect(),
        ),
    }
}

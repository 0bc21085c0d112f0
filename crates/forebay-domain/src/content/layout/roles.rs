//! A layout ready for use, and the role that it gives to each file.

use super::{
    document::Document,
    error::LayoutError,
    pattern::{Captures, Pattern},
    preset::{ALWAYS_IGNORED, Numbers, Preset},
    settings::{LayoutSettings, ResearchPatterns},
};
use crate::content::{
    ResearchKind,
    lesson::LessonFields,
    paths::{RelativePath, Slug},
};

#[cfg(test)]
mod tests;

/// The most patterns of one setting. Each file is compared with all of them.
const MAX_PATTERNS: usize = 32;

/// Which file of a course folder is what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    preset: Preset,
    /// Whether settings replace something of the preset.
    is_changed: bool,
    ignored: Vec<Pattern>,
    brief: Vec<Pattern>,
    outline: Vec<Pattern>,
    curriculum: Vec<Pattern>,
    research: Vec<(ResearchKind, Vec<Pattern>)>,
    modules: Vec<Pattern>,
    lessons: Vec<Pattern>,
    assessments: Vec<Pattern>,
    resources: Vec<Pattern>,
    numbers: Numbers,
    id_field: String,
    module_field: String,
    lesson_field: String,
    position_field: String,
}

/// What a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// The brief of the course.
    Brief,
    /// The outline of the course.
    Outline,
    /// The curriculum.
    Curriculum,
    /// Describes the module of its folder.
    Module {
        /// The number in its path.
        module: Option<u32>,
    },
    /// A lesson.
    Lesson {
        /// The number of the module in its path.
        module: Option<u32>,
        /// The number of the lesson in its path.
        lesson: Option<u32>,
        /// The slug as it stands in the path; the file name without its extension if the pattern has no `{slug}`.
        slug: String,
    },
    /// A report of the market research.
    Research(ResearchKind),
    /// A test or an exercise.
    Assessment,
    /// A file that lessons use.
    Resource,
    /// Stored and compared, but of no known kind.
    Other,
    /// Neither stored nor compared.
    Ignored,
}

impl Layout {
    /// The layout that settings describe.
    pub fn new(settings: &LayoutSettings) -> Result<Self, LayoutError> {
        let name = settings.preset.unwrap_or(Preset::CreatorOs);
        let preset = name.patterns();
        let layout = Self {
            preset: name,
            is_changed: *settings != LayoutSettings { preset: settings.preset, ..LayoutSettings::default() },
            ignored: {
                let mut ignored = plain("ignored", settings.ignored.as_deref(), preset.ignored)?;
                ignored.extend(compile("ignored", ALWAYS_IGNORED)?);
                ignored
            },
            brief: plain("brief", settings.brief.as_deref(), preset.brief)?,
            outline: plain("outline", settings.outline.as_deref(), preset.outline)?,
            curriculum: plain("curriculum", settings.curriculum.as_deref(), preset.curriculum)?,
            research: research(&settings.research, preset.research)?,
            modules: patterns("modules", settings.modules.as_deref(), preset.modules)?,
            lessons: patterns("lessons", settings.lessons.as_deref(), preset.lessons)?,
            assessments: plain("assessments", settings.assessments.as_deref(), preset.assessments)?,
            resources: plain("resources", settings.resources.as_deref(), preset.resources)?,
            numbers: settings.numbers.unwrap_or(preset.numbers),
            id_field: field("id", settings.fields.id.as_deref(), "lesson_id")?,
            module_field: field("module", settings.fields.module.as_deref(), "module")?,
            lesson_field: field("lesson", settings.fields.lesson.as_deref(), "lesson")?,
            position_field: field("position", settings.fields.position.as_deref(), preset.position)?,
        };
        if layout.lessons.is_empty() {
            return Err(LayoutError::NoLessons);
        }
        if layout.numbers == Numbers::FileName && !layout.lessons.iter().any(Pattern::has_lesson_number) {
            return Err(LayoutError::NoNumbers);
        }
        Ok(layout)
    }

    /// The role of a file. Settings are tried in this order: ignored, brief, outline, curriculum, research,
    /// assessments, modules, lessons, resources.
    pub fn classify(&self, path: &RelativePath) -> Role {
        let path_text = path.as_str();
        let is_any = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.is_match(path_text));
        let captures =
            |patterns: &[Pattern]| patterns.iter().find_map(|pattern| pattern.captures(path_text).map(owned));
        if is_any(&self.ignored) {
            return Role::Ignored;
        }
        let documents = [
            (&self.brief, Role::Brief),
            (&self.outline, Role::Outline),
            (&self.curriculum, Role::Curriculum),
        ];
        if let Some((_, role)) = documents.into_iter().find(|(patterns, _)| is_any(patterns)) {
            return role;
        }
        if let Some((kind, _)) = self.research.iter().find(|(_, patterns)| is_any(patterns)) {
            return Role::Research(*kind);
        }
        if is_any(&self.assessments) {
            return Role::Assessment;
        }
        if let Some((module, _, _)) = captures(&self.modules) {
            return Role::Module { module };
        }
        if let Some((module, lesson, slug)) = captures(&self.lessons) {
            return Role::Lesson { module, lesson, slug: slug.unwrap_or_else(|| path.stem().to_owned()) };
        }
        if is_any(&self.resources) { Role::Resource } else { Role::Other }
    }

    /// Where a document of the course is written: the first pattern of its setting that is a path. `None`: the layout
    /// has no such file.
    pub fn document_path(&self, document: Document) -> Option<RelativePath> {
        let of_research = |kind| self.research.iter().find(|(other, _)| *other == kind);
        let (patterns, role) = match document {
            Document::Brief => (&self.brief, Role::Brief),
            Document::Outline => (&self.outline, Role::Outline),
            Document::Curriculum => (&self.curriculum, Role::Curriculum),
            Document::Research(kind) => (&of_research(kind)?.1, Role::Research(kind)),
        };
        let mut paths = patterns.iter().filter_map(|pattern| {
            let is_path = !pattern.source().contains('*');
            RelativePath::parse(pattern.source()).ok().filter(|path| is_path && self.classify(path) == role)
        });
        paths.next()
    }

    /// Where a lesson with this number is written: the first pattern whose path gives module and number back. `None`:
    /// no pattern has both, so the path must be given.
    pub fn lesson_path(&self, module: u32, lesson: u32, slug: &Slug) -> Option<RelativePath> {
        let has_numbers = |path: &RelativePath| {
            matches!(self.classify(path), Role::Lesson { module: Some(of_module), lesson: Some(number), .. }
                if (of_module, number) == (module, lesson))
        };
        let mut paths = self.lessons.iter().filter_map(|pattern| {
            let path = pattern.fill(module, lesson, slug.as_str())?;
            RelativePath::parse(&path).ok().filter(has_numbers)
        });
        paths.next()
    }

    /// The preset that it started from.
    pub fn preset(&self) -> Preset {
        self.preset
    }

    /// Its name: that of the preset, and whether settings change it.
    pub fn name(&self) -> String {
        if self.is_changed { format!("{}, changed", self.preset) } else { self.preset.to_string() }
    }

    /// Where the numbers of modules and lessons come from.
    pub fn numbers(&self) -> Numbers {
        self.numbers
    }

    /// The fields of the front matter of a lesson with its id, its numbers and its place.
    pub fn lesson_fields(&self) -> LessonFields<'_> {
        LessonFields {
            id: &self.id_field,
            module: &self.module_field,
            lesson: &self.lesson_field,
            position: &self.position_field,
        }
    }
}

fn owned(captures: Captures<'_>) -> (Option<u32>, Option<u32>, Option<String>) {
    (captures.module, captures.lesson, captures.slug.map(str::to_owned))
}

fn compile(setting: &'static str, patterns: &[impl AsRef<str>]) -> Result<Vec<Pattern>, LayoutError> {
    if patterns.len() > MAX_PATTERNS {
        return Err(LayoutError::TooManyPatterns {
            setting,
            num_patterns: patterns.len(),
            limit: MAX_PATTERNS,
        });
    }
    let compile = |pattern: &str| {
        Pattern::parse(pattern).map_err(|reason| LayoutError::Pattern {
            setting,
            pattern: pattern.to_owned(),
            reason,
        })
    };
    patterns.iter().map(|pattern| compile(pattern.as_ref())).collect()
}

/// The patterns of a setting, else of the preset.
fn patterns(
    setting: &'static str,
    given: Option<&[String]>,
    preset: &[&str],
) -> Result<Vec<Pattern>, LayoutError> {
    match given {
        Some(given) => compile(setting, given),
        None => compile(setting, preset),
    }
}

/// The patterns of a setting whose captures have no meaning.
fn plain(
    setting: &'static str,
    given: Option<&[String]>,
    preset: &[&str],
) -> Result<Vec<Pattern>, LayoutError> {
    let patterns = patterns(setting, given, preset)?;
    match patterns.iter().find(|pattern| pattern.has_captures()) {
        Some(pattern) => Err(LayoutError::Capture { setting, pattern: pattern.source().to_owned() }),
        None => Ok(patterns),
    }
}

fn research(
    given: &ResearchPatterns,
    preset: &[(ResearchKind, &str)],
) -> Result<Vec<(ResearchKind, Vec<Pattern>)>, LayoutError> {
    let one = |kind: ResearchKind| {
        let (setting, given) = match kind {
            ResearchKind::MarketAnalysis => ("research.market_analysis", &given.market_analysis),
            ResearchKind::ContentGaps => ("research.content_gaps", &given.content_gaps),
            ResearchKind::Differentiation => ("research.differentiation", &given.differentiation),
            ResearchKind::Sources => ("research.sources", &given.sources),
        };
        let preset: Vec<&str> =
            preset.iter().filter(|(other, _)| *other == kind).map(|(_, pattern)| *pattern).collect();
        Ok((kind, plain(setting, given.as_deref(), &preset)?))
    };
    ResearchKind::ALL.into_iter().map(one).collect()
}

fn field(name: &'static str, given: Option<&str>, default: &str) -> Result<String, LayoutError> {
    match given {
        Some("") => Err(LayoutError::EmptyField { field: name }),
        _ => Ok(given.unwrap_or(default).to_owned()),
    }
}

//! Which layout a folder seems to have, if the chosen one finds no lesson in it.

use super::{
    preset::Preset,
    roles::{Layout, Role},
    settings::LayoutSettings,
};
use crate::content::{Problem, ProblemCode, paths::RelativePath};

/// The presets, from those that match few folders to the one that matches all.
const PRESETS: [Preset; 5] =
    [Preset::CreatorOs, Preset::Mdbook, Preset::Docusaurus, Preset::Hugo, Preset::Markdown];

/// A warning if no file is a lesson, although there is Markdown of no known kind. A course that has only a brief and a
/// curriculum yet is complete so far.
pub fn without_lessons(layout: &Layout, paths: &[&RelativePath]) -> Option<Problem> {
    let is_lesson =
        |layout: &Layout, path: &RelativePath| matches!(layout.classify(path), Role::Lesson { .. });
    if paths.iter().any(|path| is_lesson(layout, path)) {
        return None;
    }
    let unknown: Vec<&RelativePath> = paths
        .iter()
        .copied()
        .filter(|path| is_text(path) && matches!(layout.classify(path), Role::Other | Role::Resource))
        .collect();
    if unknown.is_empty() {
        return None;
    }
    let mut fitting = Vec::new();
    for preset in PRESETS.into_iter().filter(|preset| *preset != layout.preset()) {
        let settings = LayoutSettings { preset: Some(preset), ..LayoutSettings::default() };
        let Ok(other) = Layout::new(&settings) else { continue };
        let num_lessons = unknown.iter().filter(|path| is_lesson(&other, path)).count();
        if num_lessons > 0 {
            fitting.push(format!("{preset} ({num_lessons})"));
        }
    }
    let message = format!("no file is a lesson in the layout {}", layout.name());
    let hint = if fitting.is_empty() {
        "describe the folder in [content.layout] of forebay.toml".to_owned()
    } else {
        format!("name another layout with --layout; these find lessons: {}", fitting.join(", "))
    };
    Some(Problem::warning(ProblemCode::NoLessons, ".", message).hint(hint))
}

/// Whether a file is Markdown and not just the description of its folder.
fn is_text(path: &RelativePath) -> bool {
    let name = path.file_name();
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    matches!(extension, Some("md" | "mdx")) && !name.eq_ignore_ascii_case("README.md")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint(preset: Preset, paths: &[&str]) -> Option<String> {
        let settings = LayoutSettings { preset: Some(preset), ..LayoutSettings::default() };
        let paths: Vec<RelativePath> = paths.iter().map(|path| RelativePath::parse(path).unwrap()).collect();
        let problem = without_lessons(&Layout::new(&settings).unwrap(), &paths.iter().collect::<Vec<_>>())?;
        assert_eq!(problem.code, ProblemCode::NoLessons);
        problem.hint
    }

    #[test]
    fn layouts_that_find_lessons_are_named() {
        let hugo = ["content/_index.md", "content/a/one.md", "content/a/two.md", "static/logo.png"];
        let found = hint(Preset::CreatorOs, &hugo).unwrap();
        assert!(found.ends_with("these find lessons: hugo (2), markdown (3)"), "{found}");
        assert_eq!(hint(Preset::Hugo, &hugo), None);
        let book = ["src/SUMMARY.md", "src/a.md"];
        assert!(hint(Preset::CreatorOs, &book).unwrap().contains("mdbook (1), markdown (2)"));
        let course = ["COURSE-BRIEF.md", "lessons/1.1-a.md"];
        assert!(hint(Preset::Docusaurus, &course).unwrap().contains("creator-os (1)"));
    }

    #[test]
    fn a_course_that_has_no_lessons_yet_is_fine() {
        let begun =
            ["COURSE-BRIEF.md", "README.md", "curriculum.yaml", "research/sources.md", "assessments/a.md"];
        assert_eq!(hint(Preset::CreatorOs, &begun), None);
        assert_eq!(hint(Preset::CreatorOs, &[]), None);
    }
}

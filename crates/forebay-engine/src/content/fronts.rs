//! What files say about the ids and the order of lessons, parsed once for each content.
//!
//! A folder is read and hashed at each look, because only the bytes tell whether a file has changed. Parsing is the
//! larger part of a look, and what it finds depends on path, bytes and layout alone.

use std::{collections::BTreeMap, sync::Arc};

use forebay_domain::content::{
    Problem, Severity,
    curriculum::Curriculum,
    layout::{Candidate, Category, Layout, LessonNumber, Listed, Role, Summary},
    lesson::Lesson,
    paths::RelativePath,
};

/// What a file says.
#[derive(Debug, Default)]
pub(super) struct Front {
    /// The id of a lesson.
    pub(super) lesson_id: Option<String>,
    /// A lesson, with its numbers.
    candidate: Option<Candidate>,
    /// The lessons that a curriculum or a summary lists.
    listed: Vec<Listed>,
    /// The position of its folder among others.
    position: Option<(String, f64)>,
    /// What is wrong with it.
    pub(super) problems: Vec<Problem>,
}

impl Front {
    /// Reads the text of a file.
    pub(super) fn read(layout: &Layout, path: &RelativePath, role: &Role, text: &str) -> Self {
        match role {
            Role::Lesson { module, lesson, .. } => {
                let in_path = LessonNumber { module: *module, lesson: *lesson };
                Self::lesson(layout, path, in_path, text)
            }
            Role::Curriculum => Self::curriculum(path, text),
            Role::Outline if path.file_name() == "SUMMARY.md" => {
                let summary = Summary::parse(text, path);
                Self { listed: summary.listed(), problems: summary.problems, ..Self::default() }
            }
            _ => Self::default(),
        }
    }

    /// Reads a file that configures a module.
    pub(super) fn category(path: &RelativePath, bytes: &[u8]) -> Self {
        if path.file_name() != "_category_.json" {
            return Self::default();
        }
        match Category::parse(bytes, path) {
            Ok(category) => {
                let position = category.position.map(|position| (path.folder().to_owned(), position));
                Self { position, ..Self::default() }
            }
            Err(problem) => Self { problems: vec![problem], ..Self::default() },
        }
    }

    fn lesson(layout: &Layout, path: &RelativePath, in_path: LessonNumber, text: &str) -> Self {
        let (lesson, problems) = Lesson::read_front(path.as_str(), text, &layout.lesson_fields());
        let candidate = Candidate {
            path: path.clone(),
            in_path,
            in_front_matter: LessonNumber { module: lesson.module, lesson: lesson.number },
            position: lesson.position,
        };
        Self { lesson_id: lesson.lesson_id, candidate: Some(candidate), problems, ..Self::default() }
    }

    fn curriculum(path: &RelativePath, text: &str) -> Self {
        match Curriculum::read(path.as_str(), text) {
            Ok((curriculum, problems)) => {
                let listed = curriculum.lessons().filter_map(|(module, lesson)| {
                    let path = RelativePath::parse(lesson.file_path.as_deref()?).ok()?;
                    Some(Listed { path, module: module.number, lesson: lesson.number })
                });
                Self { listed: listed.collect(), problems, ..Self::default() }
            }
            // The text is stored as it is; its fields stay empty.
            Err(problem) => {
                let problems = vec![Problem { severity: Severity::Warning, ..problem }];
                Self { problems, ..Self::default() }
            }
        }
    }
}

/// What the files of a folder said at a look.
#[derive(Debug, Default)]
pub(super) struct Fronts {
    /// With which they were read; `None`: nothing was read yet.
    layout: Option<Layout>,
    /// By path.
    files: Vec<FileFront>,
}

#[derive(Debug)]
struct FileFront {
    path: RelativePath,
    /// The hash of the content.
    hash: [u8; 32],
    front: Arc<Front>,
}

impl Fronts {
    /// For the files of a folder with this layout.
    pub(super) fn of(layout: &Layout) -> Self {
        Self { layout: Some(layout.clone()), files: Vec::new() }
    }

    /// Nothing, if they were read with another layout.
    pub(super) fn if_of(self, layout: &Layout) -> Self {
        if self.layout.as_ref() == Some(layout) { self } else { Self::default() }
    }

    /// What a file said when it had this content. `None`: it was not read then.
    pub(super) fn find(&self, path: &RelativePath, hash: &[u8; 32]) -> Option<Arc<Front>> {
        let at = self.files.binary_search_by(|file| file.path.cmp(path)).ok()?;
        let file = &self.files[at];
        (file.hash == *hash).then(|| Arc::clone(&file.front))
    }

    /// Adds the next file, by path.
    pub(super) fn push(&mut self, path: RelativePath, hash: [u8; 32], front: Arc<Front>) {
        self.files.push(FileFront { path, hash, front });
    }

    /// Adds the files after these.
    pub(super) fn append(&mut self, mut next: Self) {
        self.files.append(&mut next.files);
    }

    /// What decides the numbers of the lessons.
    pub(super) fn order(&self) -> Order {
        let mut order = Order::default();
        for FileFront { front, .. } in &self.files {
            order.candidates.extend(front.candidate.clone());
            order.listed.extend_from_slice(&front.listed);
            order.folder_positions.extend(front.position.clone());
        }
        order
    }
}

/// What decides the numbers of lessons.
#[derive(Debug, Default)]
pub(super) struct Order {
    pub(super) candidates: Vec<Candidate>,
    pub(super) listed: Vec<Listed>,
    /// The positions of folders among others.
    pub(super) folder_positions: BTreeMap<String, f64>,
}

#[cfg(test)]
mod tests {
    use forebay_domain::content::layout::{LayoutSettings, Preset};

    use super::*;

    fn layout(preset: Preset) -> Layout {
        Layout::new(&LayoutSettings { preset: Some(preset), ..LayoutSettings::default() }).unwrap()
    }

    #[test]
    fn only_the_same_content_with_the_same_layout_says_the_same() {
        let (layout, other) = (layout(Preset::CreatorOs), layout(Preset::Markdown));
        let path = RelativePath::parse("lessons/1.1-start.md").unwrap();
        let role = Role::Lesson { module: Some(1), lesson: Some(1), slug: "start".to_owned() };
        let front = Front::read(&layout, &path, &role, "---\nlesson_id: L1\n---\n");
        assert_eq!(front.lesson_id.as_deref(), Some("L1"));
        let mut fronts = Fronts::of(&layout);
        fronts.push(path.clone(), [1; 32], Arc::new(front));
        assert_eq!(fronts.order().candidates.len(), 1);
        let fronts = fronts.if_of(&layout);
        assert!(fronts.find(&path, &[1; 32]).is_some());
        assert!(fronts.find(&path, &[2; 32]).is_none());
        assert!(fronts.if_of(&other).find(&path, &[1; 32]).is_none());
    }
}

//! Which lessons to generate: the curriculum, compared with the folder.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use forebay_domain::{
    content::{
        Problem, ProblemCode,
        curriculum::{self, Curriculum, Places, PlannedLesson, Target},
        file_text::decode,
        layout::Role,
        paths::RelativePath,
    },
    handoff::FailureClass,
};

use super::{
    super::{
        course::CourseSettings,
        error::{ContentError, Result},
        folder::{CourseFolder, FolderLock, SkipReason, Skipped, Walk},
        state,
    },
    report::{Effort, LessonEnd, LessonReport},
    spec::{CourseSpec, LessonSpec, Neighbour},
};

/// Which lessons to generate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Selection {
    /// Those whose file is missing or empty.
    #[default]
    Missing,
    /// All of the curriculum.
    All,
    /// These, each by its id, its number (`1.2`) or its file, whether they exist or not.
    Named(Vec<String>),
}

/// The lessons of a curriculum.
#[derive(Debug)]
pub(super) struct Plan {
    /// All lessons, in the order of the curriculum, as if every one that is to be generated had been stopped.
    pub(super) lessons: Vec<LessonReport>,
    /// Those to generate.
    pub(super) wanted: Vec<Wanted>,
    /// What is wrong with the curriculum.
    pub(super) problems: Vec<Problem>,
}

/// A lesson to generate.
#[derive(Debug)]
pub(super) struct Wanted {
    /// Its index in the plan's lessons.
    pub(super) index: usize,
    pub(super) spec: LessonSpec,
    /// The hash of its file now; `None`: there is none.
    pub(super) found: Option<[u8; 32]>,
    /// Whether these bytes would be lost: no sync has stored them.
    pub(super) is_unstored: bool,
}

/// Compares the curriculum with the folder. `is_stored`: syncs store files. Errors: there is no curriculum, it cannot
/// be read, or a lesson that was named is not in it.
pub(super) fn plan(
    settings: &CourseSettings,
    folder: &CourseFolder,
    lock: &FolderLock,
    selection: &Selection,
    is_stored: bool,
) -> Result<Plan> {
    let walk = folder.walk(&settings.layout)?;
    folder.remove_leftovers(lock, &walk.leftovers);
    let path = of_role(&walk, &Role::Curriculum)
        .ok_or_else(|| ContentError::FileMissing { path: "curriculum.yaml".to_owned() })?;
    let text = text(folder, path, settings.max_file_bytes)?
        .ok_or_else(|| ContentError::FileMissing { path: path.to_string() })?;
    let (curriculum, mut problems) = Curriculum::read(path.as_str(), &text).map_err(ContentError::Problem)?;
    let is_lesson = |role: &Role| matches!(role, Role::Lesson { .. });
    let lesson_files: BTreeSet<RelativePath> =
        walk.files.iter().filter(|found| is_lesson(&found.role)).map(|found| found.path.clone()).collect();
    let names = lesson_files.iter().map(ToString::to_string).collect();
    // That files are missing is why they are generated.
    let checked = curriculum::check(&curriculum, path.as_str(), &names);
    problems.extend(checked.into_iter().filter(|problem| problem.code != ProblemCode::MissingFile));
    let places = Places {
        curriculum: path.as_str(),
        slug: &settings.slug,
        layout: &settings.layout,
        lesson_files: &lesson_files,
    };
    let mut targets = curriculum::targets(&curriculum, &places, &problems);
    refuse_links(&mut targets, &walk.skipped, path);
    for target in &targets {
        // Those of the curriculum itself are there already.
        problems.extend(target.file.as_ref().err().filter(|problem| !problems.contains(problem)).cloned());
    }
    let chosen = choose(&targets, selection)?;
    let course = Arc::new(course(settings, folder, &walk, &curriculum)?);
    let stored = state::stored_hashes(folder);
    let mut plan = Plan { lessons: Vec::new(), wanted: Vec::new(), problems };
    for (index, target) in targets.iter().enumerate() {
        let is_wanted = match &chosen {
            Chosen::All => true,
            Chosen::These(indexes) => indexes.contains(&index),
            Chosen::Missing => match &target.file {
                Ok(path) => !is_complete(folder, path, settings.max_file_bytes)?,
                Err(_) => true,
            },
        };
        let failed = |reason_code: &str, message: String| LessonEnd::Failed {
            class: FailureClass::Permanent,
            reason_code: reason_code.to_owned(),
            message,
            effort: Effort::default(),
        };
        let end = match &target.file {
            _ if !is_wanted => LessonEnd::Kept,
            Ok(path) => match found(folder, path, is_stored.then_some(&stored)) {
                Ok((found, is_unstored)) => {
                    let spec = spec(&course, &targets, index, path);
                    plan.wanted.push(Wanted { index, spec, found, is_unstored });
                    LessonEnd::Stopped
                }
                Err(error) => failed(error.code(), error.to_string()),
            },
            Err(problem) => {
                failed(problem.code.as_str(), format!("{}: {}", problem.place(), problem.message))
            }
        };
        plan.lessons.push(LessonReport {
            module_number: target.module.number,
            lesson_number: target.lesson.number,
            lesson_id: target.lesson.lesson_id.clone(),
            path: target.file.as_ref().ok().cloned(),
            kept_as: None,
            end,
        });
    }
    Ok(plan)
}

fn of_role<'a>(walk: &'a Walk, role: &Role) -> Option<&'a RelativePath> {
    walk.files.iter().find(|found| found.role == *role).map(|found| &found.path)
}

/// The text of a file. Error: it is not text, or too large.
fn text(folder: &CourseFolder, path: &RelativePath, max_bytes: u64) -> Result<Option<String>> {
    let Some(bytes) = folder.read(path, max_bytes)? else { return Ok(None) };
    let max_bytes = usize::try_from(max_bytes).unwrap_or(usize::MAX);
    let text = decode(&bytes, path.as_str(), max_bytes).map_err(ContentError::Problem)?;
    Ok(Some(text.to_owned()))
}

/// Whether a lesson has a text. Files are written as a whole, so a file with a text is complete.
fn is_complete(folder: &CourseFolder, path: &RelativePath, max_bytes: u64) -> Result<bool> {
    match folder.read(path, max_bytes) {
        Ok(bytes) => Ok(bytes.is_some_and(|bytes| !bytes.trim_ascii().is_empty())),
        // Somebody put it there; it is not replaced in silence.
        Err(ContentError::TooLarge { .. }) => Ok(true),
        // Neither is one that may not be read; it is reported as a problem.
        Err(error) if error.code() == "permission_denied" => Ok(true),
        Err(error) => Err(error),
    }
}

/// The hash of a file that is about to be generated, and whether its bytes would be lost.
fn found(
    folder: &CourseFolder,
    path: &RelativePath,
    stored: Option<&BTreeMap<RelativePath, [u8; 32]>>,
) -> Result<(Option<[u8; 32]>, bool)> {
    let Some((found, size)) = folder.hash(path)? else { return Ok((None, false)) };
    let is_unstored = size > 0 && stored.is_some_and(|stored| stored.get(path) != Some(&found));
    Ok((Some(found), is_unstored))
}

/// Refuses lessons whose file, or a folder of it, is a symbolic link: they would not be written where they seem to be.
fn refuse_links(targets: &mut [Target<'_>], skipped: &[Skipped], curriculum: &RelativePath) {
    let links: BTreeSet<&str> = skipped
        .iter()
        .filter(|entry| entry.reason != SkipReason::Ignored)
        .map(|entry| entry.path.as_str())
        .collect();
    for target in targets {
        let Ok(path) = &target.file else { continue };
        let link =
            path.ancestors().chain([path.as_str()]).find(|part| links.contains(part)).map(str::to_owned);
        if let Some(link) = link {
            let message =
                format!("`{link}` is a symbolic link or no regular file, so nothing is written there");
            let problem = Problem::error(ProblemCode::UnsafePath, curriculum.as_str(), message);
            target.file = Err(problem.at(target.lesson.line));
        }
    }
}

enum Chosen {
    All,
    Missing,
    These(BTreeSet<usize>),
}

fn choose(targets: &[Target<'_>], selection: &Selection) -> Result<Chosen> {
    let names = match selection {
        Selection::All => return Ok(Chosen::All),
        Selection::Missing => return Ok(Chosen::Missing),
        Selection::Named(names) => names,
    };
    let mut by_name: BTreeMap<String, usize> = BTreeMap::new();
    for (index, target) in targets.iter().enumerate() {
        let number = format!("{}.{}", target.module.number, target.lesson.number);
        let path = target.file.as_ref().ok().map(ToString::to_string);
        for name in target.lesson.lesson_id.iter().cloned().chain([number]).chain(path) {
            by_name.entry(name).or_insert(index);
        }
    }
    let find = |name: &String| {
        by_name.get(name).copied().ok_or_else(|| ContentError::LessonUnknown { lesson: name.clone() })
    };
    Ok(Chosen::These(names.iter().map(find).collect::<Result<_>>()?))
}

fn course(
    settings: &CourseSettings,
    folder: &CourseFolder,
    walk: &Walk,
    curriculum: &Curriculum,
) -> Result<CourseSpec> {
    let brief = match of_role(walk, &Role::Brief) {
        Some(path) => text(folder, path, settings.max_file_bytes)?,
        None => None,
    };
    Ok(CourseSpec {
        slug: settings.slug.to_string(),
        title: curriculum.course.title.clone(),
        level: curriculum.course.level.clone(),
        course_type: curriculum.course.course_type,
        objectives: curriculum.learning_objectives.clone(),
        num_modules: count(curriculum.modules.len()),
        num_lessons: count(curriculum.lessons().count()),
        brief,
    })
}

fn spec(course: &Arc<CourseSpec>, targets: &[Target<'_>], index: usize, path: &RelativePath) -> LessonSpec {
    let Target { module, lesson, .. } = &targets[index];
    let neighbour = |target: &Target<'_>| Neighbour {
        module_number: target.module.number,
        lesson_number: target.lesson.number,
        lesson_id: target.lesson.lesson_id.clone(),
        title: target.lesson.title.clone(),
    };
    let PlannedLesson { lesson_id, number, title, objectives, bloom_level, key_concepts, duration, .. } =
        lesson;
    LessonSpec {
        course: Arc::clone(course),
        module_number: module.number,
        module_title: module.title.clone(),
        lesson_number: *number,
        lesson_id: lesson_id.clone(),
        title: title.clone(),
        file_path: path.clone(),
        objectives: objectives.clone(),
        bloom_level: *bloom_level,
        key_concepts: key_concepts.clone(),
        duration_minutes: duration.map(|duration| duration.minutes),
        position: count(index + 1),
        previous: index.checked_sub(1).and_then(|before| targets.get(before)).map(neighbour),
        next: targets.get(index + 1).map(neighbour),
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

//! What a course folder contains now: hashes, ids and numbers of its files, without their content.

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZero,
    panic::resume_unwind,
    sync::Arc,
    thread,
};

use forebay_domain::content::{
    Problem, ProblemCode,
    file_text::{decode, hashes},
    layout::{Layout, Role, number_lessons, without_lessons},
    paths::RelativePath,
    plan::FileState,
};

use super::{
    error::{ContentError, Result},
    folder::{CourseFolder, Found, SkipReason, Skipped, Walk},
    fronts::{Front, Fronts},
};

/// The largest number of a module or lesson.
const MAX_NUMBER: u32 = 1_000_000;

/// Fewer files than this are not worth another thread.
const FEWEST_PER_THREAD: usize = 64;

/// The files of a course folder.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Snapshot {
    /// Files that can be stored, by path.
    pub(super) files: BTreeMap<RelativePath, CourseFile>,
    /// Paths of files that cannot be stored as they are. What is stored of them stays.
    pub(super) blocked: BTreeSet<RelativePath>,
    /// Paths of folders that cannot be read. What is stored of their files stays.
    pub(super) unreadable: Vec<RelativePath>,
    /// Entries that are not stored.
    pub(super) skipped: Vec<Skipped>,
    /// What is wrong with files.
    pub(super) problems: Vec<Problem>,
    /// Temporary files of writers that are gone, unless one of them writes just now.
    pub(super) leftovers: Vec<RelativePath>,
}

/// A file that can be stored.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct CourseFile {
    /// What it is.
    pub(super) role: Role,
    /// Its hashes and its id.
    pub(super) state: FileState,
    /// Module and number of a lesson.
    pub(super) number: Option<(u32, u32)>,
}

impl Snapshot {
    /// Reads all files once. Files of more than `max_bytes` that must be text are problems; others are only hashed.
    pub(super) fn take(folder: &CourseFolder, layout: &Layout, max_bytes: u64) -> Result<Self> {
        let Walk { files, skipped, problems, unreadable, leftovers } = folder.walk(layout)?;
        let mut snapshot = Self { unreadable, skipped, problems, leftovers, ..Self::default() };
        let earlier = folder.take_fronts().if_of(layout);
        let mut fronts = Fronts::of(layout);
        let num_threads = thread::available_parallelism().map_or(1, NonZero::get);
        let share = files.len().div_ceil(num_threads).max(FEWEST_PER_THREAD);
        let reader = Reader { folder, layout, max_bytes, earlier: &earlier };
        let parts: Vec<Result<(Self, Fronts)>> = thread::scope(|scope| {
            let reader = &reader;
            let read = |files| move || reader.read(files);
            let threads: Vec<_> = files.chunks(share).map(|files| scope.spawn(read(files))).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)))
                .collect()
        });
        for part in parts {
            let (part, its_fronts) = part?;
            snapshot.files.extend(part.files);
            snapshot.blocked.extend(part.blocked);
            snapshot.problems.extend(part.problems);
            fronts.append(its_fronts);
        }
        snapshot.number(layout, &fronts);
        folder.keep_fronts(fronts);
        let paths: Vec<&RelativePath> = files.iter().map(|found| &found.path).collect();
        snapshot.problems.extend(without_lessons(layout, &paths));
        Ok(snapshot)
    }

    /// Whether the file with this path cannot be stored as it is, or is in a folder that cannot be read.
    pub(super) fn is_blocked(&self, path: &RelativePath) -> bool {
        self.blocked.contains(path) || self.unreadable.iter().any(|entry| is_within(path, entry.as_str()))
    }

    /// Whether the file with this path cannot be stored now, or is behind a link.
    pub(super) fn is_out_of_reach(&self, path: &RelativePath) -> bool {
        let is_behind =
            |skipped: &Skipped| skipped.reason != SkipReason::Ignored && is_within(path, &skipped.path);
        self.is_blocked(path) || self.skipped.iter().any(is_behind)
    }

    /// Blocks files that differ from an earlier snapshot. Returns their number.
    pub(super) fn leave_out_unsettled(&mut self, earlier: &Self) -> usize {
        let is_settled = |path: &RelativePath| {
            let states = [self, earlier].map(|one| one.files.get(path).map(|file| &file.state));
            states[0] == states[1]
        };
        let paths = self.files.keys().chain(earlier.files.keys());
        let unsettled: BTreeSet<RelativePath> = paths.filter(|path| !is_settled(path)).cloned().collect();
        self.files.retain(|path, _| !unsettled.contains(path));
        let num_unsettled = unsettled.len();
        self.blocked.extend(unsettled);
        num_unsettled
    }

    /// The states of all files, for the plan.
    pub(super) fn states(&self) -> Vec<FileState> {
        self.files.values().map(|file| file.state.clone()).collect()
    }

    /// Blocks a file that cannot be read. Error: it is about more than this file.
    fn block(&mut self, path: RelativePath, error: ContentError) -> Result<()> {
        self.problems.push(error.into_problem(&path)?);
        self.blocked.insert(path);
        Ok(())
    }

    /// Gives lessons their numbers. Lessons without a number of their own are blocked.
    fn number(&mut self, layout: &Layout, fronts: &Fronts) {
        let order = fronts.order();
        let numbering =
            number_lessons(layout.numbers(), &order.candidates, &order.listed, &order.folder_positions);
        for lesson in numbering.lessons {
            if lesson.module.max(lesson.lesson) > MAX_NUMBER {
                let message = format!("the number {}.{} is too large", lesson.module, lesson.lesson);
                let problem = Problem::error(ProblemCode::InvalidValue, lesson.path.as_str(), message);
                self.problems.push(problem.hint(format!("use numbers up to {MAX_NUMBER}")));
                continue;
            }
            if let Some(file) = self.files.get_mut(&lesson.path) {
                file.number = Some((lesson.module, lesson.lesson));
            }
        }
        self.problems.extend(numbering.problems);
        let unnumbered: Vec<RelativePath> = self
            .files
            .iter()
            .filter(|(_, file)| matches!(file.role, Role::Lesson { .. }) && file.number.is_none())
            .map(|(path, _)| path.clone())
            .collect();
        for path in unnumbered {
            self.files.remove(&path);
            self.blocked.insert(path);
        }
    }
}

/// Whether a path is this entry, or in it.
fn is_within(path: &RelativePath, entry: &str) -> bool {
    path.as_str() == entry || path.ancestors().any(|folder| folder == entry)
}

/// Whether a file of this role must be text.
pub(super) fn is_text(role: &Role) -> bool {
    matches!(role, Role::Brief | Role::Outline | Role::Curriculum | Role::Lesson { .. } | Role::Research(_))
}

/// Reads files.
struct Reader<'a> {
    folder: &'a CourseFolder,
    layout: &'a Layout,
    max_bytes: u64,
    /// What was parsed at an earlier look.
    earlier: &'a Fronts,
}

impl Reader<'_> {
    /// Reads some of the files.
    fn read(&self, files: &[Found]) -> Result<(Snapshot, Fronts)> {
        let (mut snapshot, mut fronts) = (Snapshot::default(), Fronts::default());
        for found in files {
            self.add(found.clone(), &mut snapshot, &mut fronts)?;
        }
        Ok((snapshot, fronts))
    }

    fn add(&self, found: Found, snapshot: &mut Snapshot, fronts: &mut Fronts) -> Result<()> {
        let Self { folder, max_bytes, .. } = *self;
        let Found { path, role, size } = found;
        if !is_text(&role) && size > max_bytes {
            let (hash, size) = match folder.hash(&path) {
                Ok(Some(found)) => found,
                // It was deleted after it was listed.
                Ok(None) => return Ok(()),
                Err(error) => return snapshot.block(path, error),
            };
            // Not text, so there are no line endings to ignore.
            let state = FileState {
                path: path.clone(),
                hash,
                hash_ignoring_line_endings: hash,
                size,
                lesson_id: None,
            };
            snapshot.files.insert(path, CourseFile { role, state, number: None });
            return Ok(());
        }
        let bytes = match folder.read(&path, max_bytes) {
            Ok(Some(bytes)) => bytes,
            // It was deleted after it was listed.
            Ok(None) => return Ok(()),
            Err(error) => return snapshot.block(path, error),
        };
        let (hash, hash_ignoring_line_endings) = hashes(&bytes);
        let size = bytes.len() as u64;
        let front = match self.earlier.find(&path, &hash) {
            Some(front) => front,
            None => match self.parse(&path, &role, &bytes) {
                Ok(front) => Arc::new(front),
                Err(problem) => {
                    snapshot.problems.push(problem);
                    snapshot.blocked.insert(path);
                    return Ok(());
                }
            },
        };
        snapshot.problems.extend_from_slice(&front.problems);
        let lesson_id = front.lesson_id.clone();
        fronts.push(path.clone(), hash, front);
        let state = FileState { path: path.clone(), hash, hash_ignoring_line_endings, size, lesson_id };
        snapshot.files.insert(path, CourseFile { role, state, number: None });
        Ok(())
    }

    /// Error: it must be text and is not.
    fn parse(&self, path: &RelativePath, role: &Role, bytes: &[u8]) -> std::result::Result<Front, Problem> {
        if is_text(role) {
            let max_bytes = usize::try_from(self.max_bytes).unwrap_or(usize::MAX);
            let text = decode(bytes, path.as_str(), max_bytes)?;
            return Ok(Front::read(self.layout, path, role, text));
        }
        Ok(match role {
            Role::Module { .. } => Front::category(path, bytes),
            _ => Front::default(),
        })
    }
}

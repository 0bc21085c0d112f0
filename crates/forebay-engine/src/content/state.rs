//! What Forebay remembers in a course folder: the files after the last sync, in `.forebay/state.json`.
//!
//! This is the base of the three-way comparison. It belongs to the folder and not to the database, because two copies
//! of a folder may sync with one database, each from another state. Without it, the folder is compared with the
//! database alone.
//!
//! A sync that is killed after its run was committed can't remember the files. So it writes before the run what it
//! intends to store, to `.forebay/intended.json`; otherwise, a file that is edited before the next sync would look
//! changed on both sides.

use std::{collections::BTreeMap, mem};

use forebay_domain::{
    content::{
        paths::RelativePath,
        plan::{FileState, SeenVersions, base_as_intended},
    },
    hex,
};
use serde::{Deserialize, Serialize};

use super::{
    error::{ContentError, Result},
    folder::{CourseFolder, OWN_FOLDER},
};

/// The file's version. A file of another version is not read.
const VERSION: u32 = 1;
/// The largest file that is read: room for a hundred thousand files.
const MAX_BYTES: u64 = 64 << 20;

#[derive(Debug, Serialize, Deserialize)]
struct StoredState {
    version: u32,
    source: String,
    /// The key of the course in its database.
    #[serde(default)]
    course: Option<String>,
    files: Vec<StoredFile>,
    /// Versions of the database that the last sync left alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    reported: Vec<StoredVersion>,
}

/// What a sync intends to store.
#[derive(Debug, Serialize, Deserialize)]
struct StoredIntent {
    version: u32,
    source: String,
    course: String,
    files: Vec<StoredVersion>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredVersion {
    path: String,
    /// Absent: the database has no such file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hash: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredFile {
    path: String,
    size: u64,
    hash: String,
    text_hash: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    lesson_id: Option<String>,
}

/// What a folder remembers of its last sync.
#[derive(Debug, Default)]
pub(super) struct Base {
    source: String,
    course: Option<String>,
    files: Vec<FileState>,
    reported: SeenVersions,
    intent: Option<StoredIntent>,
}

/// What a folder remembers of its last sync with one course.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Remembered {
    /// The files afterwards.
    pub(super) files: Vec<FileState>,
    /// Versions of the database that the sync left alone and reported.
    pub(super) reported: SeenVersions,
    /// What a later sync intended to store that ended before it could remember the files.
    pub(super) intended: SeenVersions,
}

impl Base {
    /// What it remembers of this course; nothing if it was another course, or a course of the same name in another
    /// database, which never had these files.
    pub(super) fn of(self, source: &str, course: Option<&str>) -> Remembered {
        let is_of = |its_source: &str, its_course: Option<&str>| {
            course.is_some() && its_course == course && its_source == source
        };
        let intent = self.intent.filter(|intent| is_of(&intent.source, Some(&intent.course)));
        let intended = intent.and_then(|intent| versions(intent.files)).unwrap_or_default();
        if is_of(&self.source, self.course.as_deref()) {
            Remembered { files: self.files, reported: self.reported, intended }
        } else {
            Remembered { intended, ..Remembered::default() }
        }
    }
}

impl Remembered {
    /// What is remembered, if the sync before has stored some of what it intended.
    pub(super) fn reconciled(mut self, database: impl FnOnce() -> Vec<FileState>) -> Self {
        if !self.intended.is_empty() {
            self.files = base_as_intended(self.files, &mem::take(&mut self.intended), &database());
        }
        self
    }
}

/// What the folder remembers; nothing before its first sync.
pub(super) fn load(folder: &CourseFolder) -> Result<Base> {
    // Written without waiting for the disk, so after a crash of the machine it may be unreadable.
    let intent =
        folder.read(&intent_path()?, MAX_BYTES)?.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let intent = intent.filter(|intent: &StoredIntent| intent.version == VERSION);
    let Some(bytes) = folder.read(&path()?, MAX_BYTES)? else {
        return Ok(Base { intent, ..Base::default() });
    };
    let unreadable = |problem: String| ContentError::State {
        path: folder.path().join(OWN_FOLDER).join("state.json"),
        problem,
    };
    let state: StoredState = serde_json::from_slice(&bytes).map_err(|error| unreadable(error.to_string()))?;
    if state.version != VERSION {
        return Err(unreadable(format!("its version is {}, not {VERSION}", state.version)));
    }
    let file = |file: StoredFile| {
        Some(FileState {
            path: RelativePath::parse(&file.path).ok()?,
            hash: hash(&file.hash)?,
            hash_ignoring_line_endings: hash(&file.text_hash)?,
            size: file.size,
            lesson_id: file.lesson_id,
        })
    };
    let files: Option<Vec<FileState>> = state.files.into_iter().map(file).collect();
    let files = files.ok_or_else(|| unreadable("a path or a hash in it is not valid".to_owned()))?;
    let reported =
        versions(state.reported).ok_or_else(|| unreadable("a version in it is not valid".to_owned()))?;
    Ok(Base { source: state.source, course: state.course, files, reported, intent })
}

/// Remembers what a sync intends to store, until [`save`].
pub(super) fn intend(
    folder: &CourseFolder,
    source: &str,
    course: &str,
    intended: &SeenVersions,
) -> Result<()> {
    let intent = StoredIntent {
        version: VERSION,
        source: source.to_owned(),
        course: course.to_owned(),
        files: stored(intended),
    };
    folder.write_unflushed(&intent_path()?, &json(folder, &intent)?)
}

/// The hashes of the files after the last sync with any database. A damaged state has none.
pub(super) fn stored_hashes(folder: &CourseFolder) -> BTreeMap<RelativePath, [u8; 32]> {
    let files = load(folder).unwrap_or_default().files;
    files.into_iter().map(|file| (file.path, file.hash)).collect()
}

/// Remembers the files after a sync, and forgets what it intended. Writes nothing if they are what `before` says.
pub(super) fn save(
    folder: &CourseFolder,
    source: &str,
    course: &str,
    before: Option<&Remembered>,
    after: &Remembered,
) -> Result<()> {
    if before != Some(after) || after.files.is_empty() {
        let files = after.files.iter().map(|file| StoredFile {
            path: file.path.to_string(),
            size: file.size,
            hash: hex::encode(&file.hash),
            text_hash: hex::encode(&file.hash_ignoring_line_endings),
            lesson_id: file.lesson_id.clone(),
        });
        let state = StoredState {
            version: VERSION,
            source: source.to_owned(),
            course: Some(course.to_owned()),
            files: files.collect(),
            reported: stored(&after.reported),
        };
        folder.write(&path()?, &json(folder, &state)?)?;
    }
    folder.remove_unflushed(&intent_path()?)
}

fn json(folder: &CourseFolder, value: &impl Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec_pretty(value).map_err(|error| {
        ContentError::file("write", &folder.path().join(OWN_FOLDER), std::io::Error::other(error))
    })
}

fn stored(versions: &SeenVersions) -> Vec<StoredVersion> {
    let version = |(path, hash): (&RelativePath, &Option<[u8; 32]>)| StoredVersion {
        path: path.to_string(),
        hash: hash.map(|hash| hex::encode(&hash)),
    };
    versions.iter().map(version).collect()
}

/// `None`: one of them is not valid.
fn versions(stored: Vec<StoredVersion>) -> Option<SeenVersions> {
    let version = |version: StoredVersion| {
        let hash = match version.hash {
            Some(text) => Some(hash(&text)?),
            None => None,
        };
        Some((RelativePath::parse(&version.path).ok()?, hash))
    };
    stored.into_iter().map(version).collect()
}

fn path() -> Result<RelativePath> {
    RelativePath::parse(&format!("{OWN_FOLDER}/state.json")).map_err(ContentError::Problem)
}

fn intent_path() -> Result<RelativePath> {
    RelativePath::parse(&format!("{OWN_FOLDER}/intended.json")).map_err(ContentError::Problem)
}

fn hash(text: &str) -> Option<[u8; 32]> {
    hex::decode(text)?.try_into().ok()
}

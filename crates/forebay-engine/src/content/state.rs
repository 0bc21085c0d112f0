//! What Forebay remembers in a course folder: the files after the last sync, in `.forebay/state.json`.
//!
//! This is the base of the three-way comparison. It belongs to the folder and not to the database, because two copies
//! of a folder may sync with one database, each from another state. Without it, the folder is compared with the
//! database alone.

use std::collections::BTreeMap;

use forebay_domain::{
    content::{
        paths::RelativePath,
        plan::{FileState, SeenVersions},
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

#[derive(Debug, Serialize, Deserialize)]
struct StoredVersion {
    path: String,
    /// Absent: the database has lost the file.
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
#[derive(Clone, Debug, Default)]
pub(super) struct Base {
    source: String,
    course: Option<String>,
    files: Vec<FileState>,
    reported: SeenVersions,
}

/// What a folder remembers of its last sync with one course.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Remembered {
    /// The files afterwards.
    pub(super) files: Vec<FileState>,
    /// Versions of the database that the sync left alone and reported.
    pub(super) reported: SeenVersions,
}

impl Base {
    /// What it remembers of this course; nothing if it was another course, or a course of the same name in another
    /// database, which never had these files.
    pub(super) fn of(self, source: &str, course: Option<&str>) -> Remembered {
        let is_same = course.is_some() && self.course.as_deref() == course && self.source == source;
        if is_same {
            Remembered { files: self.files, reported: self.reported }
        } else {
            Remembered::default()
        }
    }
}

/// What the folder remembers; nothing before its first sync.
pub(super) fn load(folder: &CourseFolder) -> Result<Base> {
    let Some(bytes) = folder.read(&path()?, MAX_BYTES)? else { return Ok(Base::default()) };
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
    let version = |version: StoredVersion| {
        let hash = match version.hash {
            Some(text) => Some(hash(&text)?),
            None => None,
        };
        Some((RelativePath::parse(&version.path).ok()?, hash))
    };
    let reported: Option<SeenVersions> = state.reported.into_iter().map(version).collect();
    let reported = reported.ok_or_else(|| unreadable("a version in it is not valid".to_owned()))?;
    Ok(Base { source: state.source, course: state.course, files, reported })
}

/// The hashes of the files after the last sync with any database. A damaged state has none.
pub(super) fn stored_hashes(folder: &CourseFolder) -> BTreeMap<RelativePath, [u8; 32]> {
    let files = load(folder).unwrap_or_default().files;
    files.into_iter().map(|file| (file.path, file.hash)).collect()
}

/// Remembers the files after a sync. Writes nothing if they are what `before` says.
pub(super) fn save(
    folder: &CourseFolder,
    source: &str,
    course: &str,
    before: &Remembered,
    after: &Remembered,
) -> Result<()> {
    if before == after && !after.files.is_empty() {
        return Ok(());
    }
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
        reported: after
            .reported
            .iter()
            .map(|(path, hash)| StoredVersion {
                path: path.to_string(),
                hash: hash.map(|hash| hex::encode(&hash)),
            })
            .collect(),
    };
    let bytes = serde_json::to_vec_pretty(&state).map_err(|error| {
        ContentError::file("write", &folder.path().join(OWN_FOLDER), std::io::Error::other(error))
    })?;
    folder.write(&path()?, &bytes)
}

fn path() -> Result<RelativePath> {
    RelativePath::parse(&format!("{OWN_FOLDER}/state.json")).map_err(ContentError::Problem)
}

fn hash(text: &str) -> Option<[u8; 32]> {
    hex::decode(text)?.try_into().ok()
}

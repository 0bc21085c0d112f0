//! `restore`: writes the folder of a course back, as it is stored or as it was at a time.

use std::{collections::BTreeMap, sync::Arc};

use forebay_domain::content::{
    file_text::{hash, hash_ignoring_line_endings},
    paths::RelativePath,
    plan::FileState,
};
use forebay_store::{connect::Database, export};
use jiff::Timestamp;
use serde_json::Value;

use super::{
    course::{CourseSettings, find_course},
    disk::{self, on_disk},
    error::ContentError,
    folder::CourseFolder,
    record::{bytes_of, path_of},
    state,
};
use crate::error::{Error, Result};

/// How to restore.
#[derive(Clone, Copy, Debug, Default)]
pub struct RestoreOptions {
    /// The time to restore; `None`: now.
    pub at: Option<Timestamp>,
    /// Whether files that somebody changed in the folder are overwritten.
    pub force: bool,
}

/// What a restore did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// Files written, by path.
    pub written: Vec<String>,
    /// Files that were equal already.
    pub num_equal: u64,
    /// Files that differ from the last sync and were left as they are, by path.
    pub kept: Vec<String>,
    /// Files of which only a hash is stored, and which are absent or differ in the folder, by path.
    pub not_stored: Vec<String>,
}

impl Restored {
    /// Whether the folder has every file as it was stored.
    pub fn is_complete(&self) -> bool {
        self.kept.is_empty() && self.not_stored.is_empty()
    }
}

/// Writes the stored files into a folder. Nothing is deleted, and files that somebody changed since the last sync are
/// kept unless `force` is set. Error: `course_unknown`.
pub async fn restore(
    database: &Database,
    settings: &CourseSettings,
    folder: Arc<CourseFolder>,
    options: RestoreOptions,
) -> Result<Restored> {
    let (_, stored) = find_course(database, settings).await?;
    let lock = disk::lock(&folder).await?;
    let source = stored.source.name.clone();
    let client = database.client().await?;
    let mut payloads = export::payloads(&**client, &stored.source, options.at).await?;
    let base = {
        let folder = Arc::clone(&folder);
        on_disk(move || state::load(&folder)).await?.of(&source, Some(&stored.course.key))
    };
    let mut writer = Writer {
        base: base.iter().map(|file| (file.path.clone(), file.clone())).collect(),
        folder: Arc::clone(&folder),
        options,
        restored: Restored::default(),
    };
    while let Some(payload) = payloads.next().await? {
        let record: Value =
            serde_json::from_str(payload).map_err(|error| Error::Payload(error.to_string()))?;
        // Writing waits for the disk.
        writer = on_disk(move || writer.file(&record).map(|()| writer)).await?;
    }
    let Writer { base: after, mut restored, .. } = writer;
    if options.at.is_none() {
        let after: Vec<FileState> = after.into_values().collect();
        on_disk(move || state::save(&folder, &source, &stored.course.key, &base, &after)).await?;
    }
    drop(lock);
    for paths in [&mut restored.written, &mut restored.kept, &mut restored.not_stored] {
        paths.sort();
    }
    Ok(restored)
}

struct Writer {
    folder: Arc<CourseFolder>,
    /// The state of the last sync; files that are written replace theirs.
    base: BTreeMap<RelativePath, FileState>,
    options: RestoreOptions,
    restored: Restored,
}

impl Writer {
    fn file(&mut self, record: &Value) -> std::result::Result<(), ContentError> {
        // Paths come from the database, which others may write.
        let Some(path) = path_of(record)? else { return Ok(()) };
        let wanted = bytes_of(record);
        let wanted_hash = match &wanted {
            Some(bytes) => Some(hash(bytes)),
            None => record
                .get("content_hash")
                .and_then(Value::as_str)
                .and_then(|text| forebay_domain::hex::decode(text)?.try_into().ok()),
        };
        let found = self.folder.hash(&path)?.map(|(hash, _)| hash);
        if found.is_some() && found == wanted_hash {
            self.restored.num_equal += 1;
            return Ok(());
        }
        let Some(bytes) = wanted else {
            self.restored.not_stored.push(path.to_string());
            return Ok(());
        };
        let is_changed = found.is_some() && found != self.base.get(&path).map(|file| file.hash);
        if is_changed && !self.options.force {
            self.restored.kept.push(path.to_string());
            return Ok(());
        }
        if !self.folder.write_expecting(&path, &bytes, found)? {
            // Somebody wrote it meanwhile.
            self.restored.kept.push(path.to_string());
            return Ok(());
        }
        let text = |name: &str| record.get(name).and_then(Value::as_str).map(str::to_owned);
        let has_id = record.get("has_id").and_then(Value::as_bool).unwrap_or(false);
        self.base.insert(
            path.clone(),
            FileState {
                hash: hash(&bytes),
                hash_ignoring_line_endings: hash_ignoring_line_endings(&bytes),
                size: bytes.len() as u64,
                lesson_id: text("lesson_id").filter(|_| has_id),
                path: path.clone(),
            },
        );
        self.restored.written.push(path.to_string());
        Ok(())
    }
}

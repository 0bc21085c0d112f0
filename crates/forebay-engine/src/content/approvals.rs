//! The approvals of a course's curricula, in `.forebay/approvals.json` of its folder.
//!
//! An approval says who approved which bytes, and when; the bytes are kept beside it, in `.forebay/approved/`. The
//! folder comes first here too: an approval that the database missed is found by comparing, even if the curriculum has
//! changed since.

use std::sync::Arc;

use forebay_domain::{
    content::{file_text::hash, paths::RelativePath},
    hex,
};
use forebay_store::content::{self, Approval};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio_postgres::GenericClient;

use super::{
    disk::on_disk,
    error::{ContentError, Result},
    folder::{CourseFolder, OWN_FOLDER},
};

/// The file's version. A file of another version is not read.
const VERSION: u32 = 1;
/// The largest file that is read: room for thousands of approvals.
const MAX_BYTES: u64 = 4 << 20;

#[derive(Serialize, Deserialize)]
struct StoredApprovals {
    version: u32,
    approvals: Vec<StoredApproval>,
}

#[derive(Serialize, Deserialize)]
struct StoredApproval {
    approved_at: Timestamp,
    approved_by: String,
    content_hash: String,
}

/// The approvals, oldest first.
pub(super) fn load(folder: &CourseFolder) -> Result<Vec<Approval>> {
    let Some(bytes) = folder.read(&path()?, MAX_BYTES)? else { return Ok(Vec::new()) };
    let unreadable = |problem: String| ContentError::State { path: folder.path().join(path_text()), problem };
    let stored: StoredApprovals =
        serde_json::from_slice(&bytes).map_err(|error| unreadable(error.to_string()))?;
    if stored.version != VERSION {
        return Err(unreadable(format!("its version is {}, not {VERSION}", stored.version)));
    }
    let approval = |stored: StoredApproval| {
        let content_hash = hex::decode(&stored.content_hash)?.try_into().ok()?;
        let StoredApproval { approved_at, approved_by, .. } = stored;
        Some(Approval { approved_at, approved_by, content_hash })
    };
    let approvals: Option<Vec<_>> = stored.approvals.into_iter().map(approval).collect();
    approvals.ok_or_else(|| unreadable("a hash in it is not valid".to_owned()))
}

/// An approval, and the text of the approved file unless the folder has lost it.
pub(super) type Approved = (Approval, Option<String>);

/// The approvals with their texts, oldest first.
pub(super) fn load_texts(folder: &CourseFolder) -> Result<Vec<Approved>> {
    let with_text = |approval: Approval| {
        let bytes = folder.read(&text_path(&approval.content_hash)?, MAX_BYTES)?;
        let text = bytes.filter(|bytes| hash(bytes) == approval.content_hash);
        Ok((approval, text.and_then(|bytes| String::from_utf8(bytes).ok())))
    };
    load(folder)?.into_iter().map(with_text).collect()
}

/// Keeps the text of an approved file.
pub(super) fn save_text(folder: &CourseFolder, content_hash: &[u8; 32], text: &str) -> Result<()> {
    folder.write_differing(&[(&text_path(content_hash)?, text.as_bytes())])?;
    Ok(())
}

/// The approvals of a folder that the database does not have, with their texts. Those without a text are left out.
pub(super) async fn missing(
    client: &impl GenericClient,
    piece_id: i64,
    folder: &Arc<CourseFolder>,
) -> crate::error::Result<Vec<(Approval, String)>> {
    let folder = Arc::clone(folder);
    let mut approved = on_disk(move || load_texts(&folder)).await?;
    if !approved.is_empty() {
        let known = content::approvals(client, piece_id).await?;
        approved.retain(|(approval, _)| known.iter().all(|known| known.approved_at != approval.approved_at));
    }
    Ok(approved.into_iter().filter_map(|(approval, text)| Some((approval, text?))).collect())
}

/// Stores the approvals.
pub(super) fn save(folder: &CourseFolder, approvals: &[Approval]) -> Result<()> {
    let approvals = approvals.iter().map(|approval| StoredApproval {
        approved_at: approval.approved_at,
        approved_by: approval.approved_by.clone(),
        content_hash: hex::encode(&approval.content_hash),
    });
    let stored = StoredApprovals { version: VERSION, approvals: approvals.collect() };
    let bytes = serde_json::to_vec_pretty(&stored).map_err(|error| {
        ContentError::file("write", &folder.path().join(path_text()), std::io::Error::other(error))
    })?;
    folder.write(&path()?, &bytes)
}

/// The path of the file, for messages.
pub(super) fn path_text() -> String {
    format!("{OWN_FOLDER}/approvals.json")
}

fn text_path(content_hash: &[u8; 32]) -> Result<RelativePath> {
    let path = format!("{OWN_FOLDER}/approved/{}", hex::encode(content_hash));
    RelativePath::parse(&path).map_err(ContentError::Problem)
}

fn path() -> Result<RelativePath> {
    RelativePath::parse(&path_text()).map_err(ContentError::Problem)
}

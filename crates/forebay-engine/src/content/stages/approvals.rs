//! The approvals of a course's curricula, in `.forebay/approvals.json` of its folder.
//!
//! An approval says who approved which bytes, and when. The folder comes first here too: an approval that the database
//! could not record is recorded by the next one.

use forebay_domain::{content::paths::RelativePath, hex};
use forebay_store::content::Approval;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::{
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

fn path_text() -> String {
    format!("{OWN_FOLDER}/approvals.json")
}

fn path() -> Result<RelativePath> {
    RelativePath::parse(&path_text()).map_err(ContentError::Problem)
}

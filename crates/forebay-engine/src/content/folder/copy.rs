//! Copying a file inside of a course folder.

use std::io::{self, Read, Write};

use forebay_domain::{content::paths::RelativePath, hex};

use super::{
    super::error::{ContentError, Result},
    CourseFolder, OWN_FOLDER,
};

/// Where bytes of a file are kept: `.forebay/kept/HASH/PATH`.
pub(in crate::content) fn kept_path(path: &RelativePath, hash: &[u8; 32]) -> Result<RelativePath> {
    let name = format!("{OWN_FOLDER}/kept/{}/{path}", hex::encode(&hash[..6]));
    RelativePath::parse(&name).map_err(ContentError::Problem)
}

impl CourseFolder {
    /// Copies a file to the place where its bytes are kept, if its hash is the expected one. Returns that place.
    pub(in crate::content) fn keep(
        &self,
        path: &RelativePath,
        expected: [u8; 32],
    ) -> Result<Option<RelativePath>> {
        let copy = kept_path(path, &expected)?;
        Ok(self.copy_expecting(path, &copy, expected)?.then_some(copy))
    }

    /// Copies a file of any size if its hash is the expected one. Returns whether the copy is there.
    fn copy_expecting(&self, from: &RelativePath, to: &RelativePath, expected: [u8; 32]) -> Result<bool> {
        if self.hash(to)?.is_some_and(|(found, _)| found == expected) {
            return Ok(true);
        }
        let failed = |path: &RelativePath, error: io::Error| {
            ContentError::file("copy", &self.path().join(path.as_str()), error)
        };
        let Some(mut source) = self.open_file(from).map_err(|error| failed(from, error))? else {
            return Ok(false);
        };
        let mut copy = self.empty_replacement(to).map_err(|error| failed(to, error))?;
        let mut context = ring::digest::Context::new(&ring::digest::SHA256);
        let mut buffer = vec![0; 64 << 10];
        loop {
            let count = match source.read(&mut buffer) {
                Ok(count) => count,
                Err(error) => return Err(failed(from, copy.discard(error))),
            };
            if count == 0 {
                break;
            }
            context.update(&buffer[..count]);
            if let Err(error) = copy.file.write_all(&buffer[..count]) {
                return Err(failed(to, copy.discard(error)));
            }
        }
        if context.finish().as_ref() != expected.as_slice() {
            // Somebody wrote the file meanwhile.
            copy.drop_temporary();
            return Ok(false);
        }
        let flushed = copy.finish().and_then(|folder| Ok(rustix::fs::fsync(&folder)?));
        flushed.map_err(|error| failed(to, error))?;
        Ok(true)
    }
}

//! The made-up course in a folder: lessons in English, Portuguese and Spanish, one of which fails the validation.

use std::{fs, path::Path};

use forebay_engine::seed::COURSE_FILES;

/// Writes the course into a folder below `at`.
pub(crate) fn write_course(at: &Path, name: &str) {
    let folder = at.join(name);
    for (path, text) in COURSE_FILES {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

//! Compares the records that Forebay and the peer found.

use std::{collections::HashSet, fs, path::Path};

use serde_json::Value;

use crate::failure::Failure;

/// Fails unless both files contain the same records, each of them once.
pub(super) fn compare(ours: &Path, theirs: &Path) -> Result<(), Failure> {
    let (ours, theirs) = (read(ours)?, read(theirs)?);
    let only_ours = ours.difference(&theirs).next();
    let only_theirs = theirs.difference(&ours).next();
    if only_ours.is_none() && only_theirs.is_none() {
        return Ok(());
    }
    let shown = |record: Option<&String>| record.map_or("nothing", String::as_str).to_owned();
    Err(Failure::bench("Forebay and Scrapy found different records").hint(format!(
        "only Forebay has {}; only Scrapy has {}",
        shown(only_ours),
        shown(only_theirs)
    )))
}

/// The records of a file of JSON Lines, each in a normal form.
pub(super) fn read(file: &Path) -> Result<HashSet<String>, Failure> {
    let text = fs::read_to_string(file)?;
    let mut records = HashSet::new();
    for line in text.lines() {
        // The keys of a `Value` are sorted.
        let record: Value =
            serde_json::from_str(line).map_err(|error| Failure::from_error("bench_failed", &error))?;
        if !records.insert(record.to_string()) {
            return Err(Failure::bench("a record was found twice"));
        }
    }
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_compared_as_values() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            path
        };
        let ours = file("ours", "{\"id\":\"1\",\"tags\":[\"a\"]}\n{\"id\":\"2\"}\n");
        let same = file("same", "{\"id\": \"2\"}\n{\"tags\": [\"\\u0061\"], \"id\": \"1\"}\n");
        assert!(compare(&ours, &same).is_ok());
        for other in
            ["{\"id\":\"1\",\"tags\":[\"a\"]}\n", "{\"id\":\"1\",\"tags\":[\"b\"]}\n{\"id\":\"2\"}\n"]
        {
            assert!(compare(&ours, &file("other", other)).is_err(), "{other}");
        }
        assert!(read(&file("twice", "{\"id\":\"1\"}\n{\"id\":\"1\"}\n")).is_err());
    }
}

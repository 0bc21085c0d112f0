//! The crate stays pure: no runtime, database, network or randomness among its dependencies.

/// The allowed dependencies: time arithmetic, cron, hashing, byte search, serialisation with schemas, errors, the
/// syntax of Markdown and YAML, and the tables of Unicode.
const ALLOWED: [&str; 13] = [
    "croner",
    "jiff",
    "memchr",
    "percent-encoding",
    "pulldown-cmark",
    "ring",
    "saphyr-parser",
    "schemars",
    "serde",
    "serde_json",
    "thiserror",
    "unicode-normalization",
    "unicode-segmentation",
];

#[test]
fn the_crate_has_only_the_allowed_dependencies() {
    let manifest = include_str!("../../Cargo.toml");
    let (_, rest) = manifest.split_once("\n[dependencies]\n").unwrap();
    let section = rest.split("\n[").next().unwrap();
    let names: Vec<&str> = section
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split(['.', ' ', '=']).next().unwrap())
        .collect();
    assert_eq!(names, ALLOWED);
}

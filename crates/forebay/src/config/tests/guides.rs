//! Every `forebay.toml` excerpt in the guides must be valid.
//!
//! A block that continues an earlier block of its page (another key, another table) is merged over the earlier ones.
//! Blocks are indented, or fenced as `toml`.

use std::{fs, path::Path};

use super::Config;

fn is_configuration(block: &str) -> bool {
    let tables = ["[sources.", "[pipelines.", "[notify."];
    block.lines().any(|line| tables.iter().any(|table| line.starts_with(table)))
}

/// The blocks of a page that declare sources, pipelines or notifiers.
fn blocks(page: &str) -> Vec<String> {
    let (mut blocks, mut block, mut is_fenced) = (Vec::new(), String::new(), false);
    for line in page.lines().chain(["end"]) {
        let shown = match (is_fenced, line) {
            (true, "```") => None,
            (true, line) => Some(line),
            (false, "") => Some(""),
            (false, line) => line.strip_prefix("    "),
        };
        is_fenced = if is_fenced { line != "```" } else { line == "```toml" };
        if let Some(shown) = shown {
            block.push_str(shown);
            block.push('\n');
        } else {
            blocks.push(std::mem::take(&mut block));
        }
    }
    blocks.retain(|block| is_configuration(block));
    blocks
}

/// Merges one table over another.
fn lay(over: toml::Table, under: &mut toml::Table) {
    for (key, value) in over {
        match (under.get_mut(&key), value) {
            (Some(toml::Value::Table(below)), toml::Value::Table(above)) => lay(above, below),
            (_, value) => {
                under.insert(key, value);
            }
        }
    }
}

fn pages(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            pages(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
}

#[test]
fn no_guide_shows_what_is_refused() {
    let (mut paths, mut refused, mut num_blocks) = (Vec::new(), Vec::new(), 0);
    pages(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs"), &mut paths);
    for path in paths {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let mut so_far = toml::Table::new();
        for block in blocks(&fs::read_to_string(&path).unwrap()) {
            num_blocks += 1;
            let alone = Config::parse(&block, &name);
            match block.parse::<toml::Table>() {
                Ok(table) => lay(table, &mut so_far),
                Err(error) => refused.push(format!("{name}: {error}\n{block}")),
            }
            if let Err(alone) = alone
                && Config::parse(&so_far.to_string(), &name).is_err()
            {
                refused.push(format!("{alone}\n{block}"));
            }
        }
    }
    assert!(num_blocks > 20, "{num_blocks}");
    assert!(refused.is_empty(), "{}", refused.join("\n\n"));
}

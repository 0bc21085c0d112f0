//! The environment variables that a configuration file names as secrets. Programs don't get them, unless their own
//! declaration names them.

use forebay_sources::environment;
use toml::{Table, Value};

/// Keeps the secrets that the text of a file names from the programs that Forebay starts. A file that can't be parsed
/// is refused elsewhere.
pub(super) fn keep(text: &str) {
    let mut names = Vec::new();
    if let Ok(table) = text.parse::<Table>() {
        find(&table, &mut names);
    }
    environment::keep_from_programs(names);
}

fn find(table: &Table, names: &mut Vec<String>) {
    for (key, value) in table {
        match value {
            Value::String(text) => {
                let name = match key.as_str() {
                    "api_key_env" | "env" => Some(text.as_str()),
                    _ => text.strip_prefix("env:"),
                };
                names.extend(name.map(str::to_owned));
            }
            Value::Table(inner) => find(inner, names),
            Value::Array(items) => {
                for item in items {
                    match item {
                        Value::Table(inner) => find(inner, names),
                        Value::String(text) => names.extend(text.strip_prefix("env:").map(str::to_owned)),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_ways_to_name_a_secret_are_found() {
        let text = r#"
            [database]
            url = { env = "MY_URL" }
            [sources.a.command]
            argv = ["env"]
            env = { TOKEN = { env = "A_TOKEN" }, PLAIN = "text" }
            [sources.b.fetch]
            headers = [{ name = "x", value = { env = "B_KEY" } }]
            [pipelines.c]
            secret = ["env:C_SECRET", "env:C_SECRET_BEFORE"]
            headers = { authorization = "env:C_TOKEN" }
            embeddings = { url = "http://127.0.0.1", api_key_env = "C_KEY" }
            [pipelines.d]
            env = ["PASSED_ON"]
        "#;
        let mut names = Vec::new();
        find(&text.parse().unwrap(), &mut names);
        names.sort();
        assert_eq!(names, ["A_TOKEN", "B_KEY", "C_KEY", "C_SECRET", "C_SECRET_BEFORE", "C_TOKEN", "MY_URL"]);
    }
}

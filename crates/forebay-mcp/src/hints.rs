//! Hints for a model: what it can do with these tools, instead of commands that only a person can type.

/// The hint of an error as a model can follow it. `None`: there is none.
///
/// An AI tool must not learn how to get past a breaker: a person decides that.
pub(crate) fn for_tools(code: &str, hint: Option<&str>) -> Option<String> {
    let instead = match code {
        "breaker_open" | "breaker_recovering" | "breaker_forced_open" => {
            "use the stored records and say how old they are; ask again later, or tell the user that the source fails"
        }
        "no_such_run" => "call run_status without run_id for the latest runs",
        "no_such_reference" | "reference_name" => {
            "find records with search or ensure_data, which return reference_id and SOURCE/KEY of each"
        }
        "no_source" => "call freshness for the entity types and scopes that exist",
        _ => "",
    };
    let hint = hint?;
    let names_command = hint.contains("`forebay ") || hint.contains("forebay.toml") || hint.contains(" --");
    if !names_command {
        return Some(hint.to_owned());
    }
    if !instead.is_empty() {
        return Some(instead.to_owned());
    }
    Some(match hint {
        hint if hint.contains("`forebay runs show") => {
            "call run_status with its run_id for the details".to_owned()
        }
        hint if hint.contains("`forebay runs list") => "call run_status for the latest runs".to_owned(),
        hint if hint.contains("`forebay history") => {
            "call get_history for when it was added and removed".to_owned()
        }
        hint if hint.contains("`forebay sources list") => "call freshness for what is stored".to_owned(),
        hint => format!("no tool does this; tell the user: {hint}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_gets_no_command_to_type() {
        for (code, hint, word) in [
            (
                "breaker_open",
                "`forebay sources breaker close courses` allows calls at once",
                "stored records",
            ),
            ("no_such_run", "`forebay runs list` shows the runs", "run_status"),
            ("no_such_reference", "list its records with `forebay export --source courses`", "ensure_data"),
            ("not_yet_there", "run `forebay history 1` to see when it was added", "get_history"),
            ("source_unavailable", "`forebay runs show 7` shows the details", "run_status"),
            ("schema_missing", "run `forebay db up`", "tell the user: run `forebay db up`"),
            ("no_such_entity", "the entity types are `course`", "the entity types are `course`"),
        ] {
            let told = for_tools(code, Some(hint)).unwrap();
            assert!(told.contains(word), "{code}: {told}");
            assert_eq!(told.contains("`forebay "), code == "schema_missing", "{told}");
        }
        assert_eq!(for_tools("breaker_open", None), None);
    }
}

//! The origins of a view's columns, from its parsed query.
//!
//! The server writes a query as nodes: `{NAME :key value :key {…} :key ({…} {…})}`, where a backslash escapes the
//! character that follows. Only the server writes it, and a view of any depth is read without recursion.

use forebay_domain::catalogue::view_keys::ViewColumn;

/// The columns of a view that show a column of another relation.
pub(super) fn view_columns(view_id: u32, query: &str) -> Vec<ViewColumn> {
    let mut columns = Vec::new();
    let mut depth = 0_u32;
    let mut is_target_list = false;
    let mut key = "";
    let mut entry = [None; 3];
    let mut rest = query;
    while let Some((token, after)) = next_token(rest) {
        rest = after;
        match token {
            "{" => {
                depth += 1;
                key = "";
            }
            "}" => {
                if depth == 2
                    && is_target_list
                    && let [Some(number), Some(origin_id), Some(origin_number)] = std::mem::take(&mut entry)
                    && origin_id != 0
                    && let (Ok(number), Ok(origin_number)) =
                        (i16::try_from(number), i16::try_from(origin_number))
                {
                    columns.push(ViewColumn { view_id, number, origin_id, origin_number });
                }
                depth = depth.saturating_sub(1);
                key = "";
            }
            "(" | ")" => key = "",
            // A value may look like a key.
            value if !key.is_empty() => {
                if depth == 2 && is_target_list {
                    match key {
                        ":resno" => entry[0] = value.parse::<u32>().ok(),
                        ":resorigtbl" => entry[1] = value.parse().ok(),
                        ":resorigcol" => entry[2] = value.parse().ok(),
                        _ => {}
                    }
                }
                key = "";
            }
            word if word.starts_with(':') => {
                key = word;
                if depth == 1 {
                    is_target_list = word == ":targetList";
                }
            }
            _ => {}
        }
    }
    columns
}

/// A bracket, or a word up to the next unescaped space or bracket.
fn next_token(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start();
    let mut is_escaped = false;
    for (place, each) in text.char_indices() {
        if is_escaped {
            is_escaped = false;
            continue;
        }
        match each {
            '\\' => is_escaped = true,
            '{' | '}' | '(' | ')' if place == 0 => return Some(text.split_at(1)),
            '{' | '}' | '(' | ')' => return Some(text.split_at(place)),
            each if each.is_whitespace() => return Some(text.split_at(place)),
            _ => {}
        }
    }
    (!text.is_empty()).then_some((text, ""))
}

#[cfg(test)]
mod tests {
    use super::view_columns;

    #[test]
    fn only_the_targets_of_the_view_count() {
        let query = r"({QUERY :cteList ({X :targetList ({TARGETENTRY :resno 9 :resorigtbl 9 :resorigcol 9})})
            :targetList ({TARGETENTRY :expr {VAR :resno 8 :resorigtbl 8} :resno 1 :resname :resorigtbl
                :resorigtbl 16385 :resorigcol 2 :resjunk false}
            {TARGETENTRY :expr {CONST :constvalue 4 [ 1 0 0 0 ]} :resno 2 :resname a\ \{b\)\} :resorigtbl 0 :resorigcol 0}
            {TARGETENTRY :resno 3 :resname <> :resorigtbl 16390 :resorigcol 1})
            :returningList ({TARGETENTRY :resno 7 :resorigtbl 7 :resorigcol 7})})";
        let found = view_columns(5, query);
        let found: Vec<_> =
            found.iter().map(|c| (c.view_id, c.number, c.origin_id, c.origin_number)).collect();
        assert_eq!(found, [(5, 1, 16385, 2), (5, 3, 16390, 1)]);
    }
}

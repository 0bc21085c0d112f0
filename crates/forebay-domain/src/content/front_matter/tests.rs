//! The front matter is found exactly, and a patch changes one value and nothing else.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;
use crate::content::yaml;

fn parts(text: &str) -> (Option<&str>, &str, u32) {
    let document = split(text, "a.md").unwrap();
    (document.front.map(|front| &text[front]), &text[document.body], document.body_line)
}

fn set(text: &str, key: &str, value: &str) -> String {
    patch(text, "a.md", key, value).unwrap()
}

fn field(text: &str, key: &str) -> Option<String> {
    let front = split(text, "a.md").unwrap().front?;
    let root = yaml::parse(text, front, "a.md").unwrap()?;
    root.pair(key)?.1.text().map(ToOwned::to_owned)
}

#[test]
fn front_matter_is_between_fences_at_the_top() {
    assert_eq!(parts("---\na: 1\n---\n# B\n"), (Some("a: 1\n"), "# B\n", 4));
    assert_eq!(parts("---\r\na: 1\r\n---  \r\nB"), (Some("a: 1\r\n"), "B", 4));
    assert_eq!(parts("---\n---"), (Some(""), "", 3));
    assert_eq!(parts("\u{feff}---\na: 1\n---\nB"), (Some("a: 1\n"), "B", 4));
    assert!(split("\u{feff}text", "a.md").unwrap().has_bom);
}

#[test]
fn other_text_has_no_front_matter() {
    for text in ["", "# B\n---\na: 1\n---\n", "----\na\n---\n", " ---\na: 1\n---\n", "\n---\na: 1\n---\n"] {
        assert_eq!(parts(text), (None, text, 1));
    }
}

#[test]
fn a_fence_inside_a_value_does_not_end_the_front_matter() {
    let text = "---\na: |\n  ---\nb: \"--- x\"\n---\nB";
    assert_eq!(parts(text), (Some("a: |\n  ---\nb: \"--- x\"\n"), "B", 6));
}

#[test]
fn unclosed_front_matter_is_an_error() {
    let problem = split("---\na: 1\n# B\n", "lessons/1.md").unwrap_err();
    assert_eq!((problem.code, problem.line), (ProblemCode::FrontMatterUnclosed, Some(1)));
    assert_eq!(problem.path, "lessons/1.md");
}

#[test]
fn a_patch_keeps_comments_order_quotes_endings_and_the_bom() {
    let text =
        "\u{feff}---\r\n# note\r\ntitle:   'It''s'  # why\r\nversion: 1.10\r\nok: yes\r\n---\r\n# B\r\n";
    let expected = text.replace("'It''s'", "'Isn''t: it'");
    assert_eq!(set(text, "title", "Isn't: it"), expected);
    assert_eq!(set(text, "version", "two"), text.replace("1.10", "two"));
}

#[test]
fn the_style_of_quotes_is_kept_if_it_can_be() {
    assert_eq!(set("---\na: \"x\"\n---\n", "a", "y"), "---\na: \"y\"\n---\n");
    assert_eq!(set("---\na: 'x'\n---\n", "a", "y\nz"), "---\na: \"y\\nz\"\n---\n");
    assert_eq!(set("---\na: x\n---\n", "a", "z"), "---\na: z\n---\n");
}

#[test]
fn text_that_yaml_would_read_as_another_type_gets_quotes() {
    for value in [
        "yes",
        "NO",
        "null",
        "~",
        "1.10",
        "2026-11-28",
        ".inf",
        "+1",
        "true",
        "",
        " x",
        "x: y",
        "x #y",
        "- x",
    ] {
        let expected = format!("---\na: \"{value}\"\n---\n");
        assert_eq!(set("---\na: old\n---\n", "a", value), expected);
    }
    for value in ["plain words", "café", "a:b", "a#b", "it's", "x - y", "http://e.org/a?b=c"] {
        assert_eq!(set("---\na: old\n---\n", "a", value), format!("---\na: {value}\n---\n"));
    }
}

#[test]
fn values_over_several_lines_are_replaced_as_a_whole() {
    for block in ["|\n  x\n  y\n", ">-\n  x\n\n  y\n\n", "x\n  y\n", "\"x\n  y\"\n", "'x\n\n  y' # note\n"] {
        let text = format!("---\na: {block}b: é\n---\n");
        let patched = set(&text, "a", "new");
        assert_eq!(field(&patched, "a").as_deref(), Some("new"), "{patched}");
        assert!(patched.ends_with("b: é\n---\n"), "{patched}");
        assert!(!patched.contains('x') && !patched.contains('y'), "{patched}");
    }
}

#[test]
fn an_omitted_value_is_filled_in() {
    assert_eq!(set("---\na:\nb: 1\n---\n", "a", "x"), "---\na: x\nb: 1\n---\n");
    assert_eq!(set("---\na:\n---\n", "a", "x"), "---\na: x\n---\n");
    assert_eq!(field(&set("---\na: # note\nb: é\n---\n", "a", "x"), "a").unwrap(), "x");
    assert_eq!(set("---\na: ~\n---\n", "a", "x"), "---\na: x\n---\n");
    assert_eq!(set("---\né: ü\na:\nb: 1\n---\n", "a", "x"), "---\né: ü\na: x\nb: 1\n---\n");
}

#[test]
fn an_absent_field_is_added_at_the_end() {
    assert_eq!(set("---\na: 1\n# last\n---\nB", "b", "x"), "---\na: 1\n# last\nb: x\n---\nB");
    assert_eq!(set("---\r\na:\r\n  - 1\r\n---\r\n", "b", "x"), "---\r\na:\r\n  - 1\r\nb: x\r\n---\r\n");
    assert_eq!(set("---\n  a: 1\n---\n", "b", "x"), "---\n  a: 1\n  b: x\n---\n");
    assert_eq!(set("---\n# only a comment\n---\n", "b", "x"), "---\n# only a comment\nb: x\n---\n");
    assert_eq!(set("---\n---\n", "a key: odd", "x"), "---\n\"a key: odd\": x\n---\n");
}

#[test]
fn absent_front_matter_is_added_at_the_top() {
    assert_eq!(set("# B\n", "a", "x"), "---\na: x\n---\n# B\n");
    assert_eq!(set("\u{feff}# B\r\n", "a", "x"), "\u{feff}---\r\na: x\r\n---\r\n# B\r\n");
    assert_eq!(set("", "a", "x"), "---\na: x\n---\n");
}

#[test]
fn a_patch_that_cannot_keep_the_rest_is_refused() {
    let code = |text: &str| patch(text, "a.md", "b", "x").unwrap_err().code;
    assert_eq!(code("---\nb: [1]\n---\n"), ProblemCode::WrongType);
    assert_eq!(code("---\nb:\n  c: 1\n---\n"), ProblemCode::WrongType);
    assert_eq!(code("---\n- a\n---\n"), ProblemCode::WrongType);
    assert_eq!(code("---\n{a: 1}\n---\n"), ProblemCode::InvalidValue);
    assert_eq!(code("---\na: 1\n...\n---\n"), ProblemCode::InvalidValue);
    assert_eq!(code("---\na: &x 1\n---\n"), ProblemCode::YamlBounds);
    assert_eq!(code("---\na: 1\n"), ProblemCode::FrontMatterUnclosed);
    assert_eq!(set("---\n{a: 1, b: [2], c: 3}\n---\n", "c", "x"), "---\n{a: 1, b: [2], c: x}\n---\n");
}

/// Values in every style, with what they read as.
fn old_value() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zé]{1,8}",
        "'[a-zé#: ]{0,8}'",
        "\"[a-zé#: ]{0,8}\"",
        Just("|\n  one\n  two".to_owned()),
        Just(">-\n  é\n\n  two".to_owned()),
        Just(String::new()),
        Just("1.10".to_owned()),
    ]
}

proptest! {
    #[test]
    fn a_patch_changes_only_its_value(
        values in proptest::collection::vec((old_value(), prop_oneof![Just(""), Just("  # é note")]), 1..5),
        new in prop_oneof!["\\PC{0,12}", "[a-z:#\\-'\" \n\t\r\\\\]{0,12}", any::<String>().prop_filter("NUL", |text| !text.contains('\0'))],
        at in 0usize..6,
        has_bom: bool,
        is_crlf: bool,
        body in "[a-z#\n-]{0,12}",
    ) {
        let mut text = "---\n# first\n".to_owned();
        for (index, (value, note)) in values.iter().enumerate() {
            let note = if value.contains('\n') || value.is_empty() { "" } else { note };
            writeln!(text, "k{index}: {value}{note}").unwrap();
        }
        write!(text, "---\n{body}").unwrap();
        if has_bom {
            text.insert_str(0, BOM);
        }
        if is_crlf {
            text = text.replace('\n', "\r\n");
        }
        let key = format!("k{at}");
        let patched = patch(&text, "a.md", &key, &new).unwrap();
        prop_assert_eq!(field(&patched, &key), Some(new.clone()), "{:?}", patched);
        for index in (0..values.len()).filter(|index| *index != at) {
            let key = format!("k{index}");
            prop_assert_eq!(field(&patched, &key), field(&text, &key));
        }
        // Outside the value, every byte is the same.
        let same_start = text.bytes().zip(patched.bytes()).take_while(|(old, new)| old == new).count();
        let same_end = text.bytes().rev().zip(patched.bytes().rev()).take_while(|(old, new)| old == new).count();
        let root = yaml::parse(&text, split(&text, "a.md").unwrap().front.unwrap(), "a.md").unwrap().unwrap();
        let span = root.pair(&key).map_or_else(
            || { let end = split(&text, "a.md").unwrap().front.unwrap().end; end..end },
            |(_, node)| node.span.clone(),
        );
        prop_assert!(same_start >= span.start, "{:?} {:?}", text, patched);
        prop_assert!(same_end >= text.len() - span.end, "{:?} {:?}", text, patched);
    }

    #[test]
    fn a_patch_of_any_front_matter_keeps_the_rest_or_is_refused(
        front in "((a|b|c): |- |  |\n|'|\"|[xyé]|[\\[\\]{},:#|>!~-]| #|\\|\n  ){0,30}",
        key in "[abc]",
        new in "[x: '#\n]{0,6}",
    ) {
        let text = format!("---\n{front}\n---\nbody\n");
        if let Ok(patched) = patch(&text, "a.md", &key, &new) {
            prop_assert_eq!(field(&patched, &key), Some(new));
            for other in ["a", "b", "c"].into_iter().filter(|other| *other != key) {
                prop_assert_eq!(field(&patched, other), field(&text, other));
            }
            prop_assert!(patched.ends_with("---\nbody\n"));
        }
    }
}

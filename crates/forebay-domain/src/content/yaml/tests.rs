//! Text and places are exact, bounds hold, and hostile YAML costs little.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;
use crate::content::{ProblemCode, Severity};

fn tree(text: &str) -> Node {
    parse(text, 0..text.len(), "a.yaml").unwrap().unwrap()
}

fn problem(text: &str) -> (ProblemCode, Option<u32>) {
    let problem = parse(text, 0..text.len(), "a.yaml").unwrap_err();
    assert_eq!(problem.path, "a.yaml");
    (problem.code, problem.line)
}

/// The tree as text: scalars in quotes if they were not plain.
fn shown(node: &Node) -> String {
    match &node.value {
        Value::Scalar { text, is_plain: true } => text.clone(),
        Value::Scalar { text, is_plain: false } => format!("{text:?}"),
        Value::Sequence(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(", ")),
        Value::Mapping(pairs) => {
            let pairs = pairs.iter().map(|(key, value)| format!("{}: {}", shown(key), shown(value)));
            format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
        }
    }
}

#[test]
fn scalars_keep_their_text() {
    let text = "a: 1.10\nb: yes\nc: no\nd: 2026-11-28\ne: 0x1F\nf: 007\ng: ~\nh:\ni: 1e3\nj: \"1\"\nk: 'y'\n";
    assert_eq!(
        shown(&tree(text)),
        "{a: 1.10, b: yes, c: no, d: 2026-11-28, e: 0x1F, f: 007, g: ~, h: , i: 1e3, j: \"1\", k: \"y\"}"
    );
}

#[test]
fn structure_is_read_in_block_and_flow_style() {
    let text = "a:\n  - x\n  - [y, {z: 1}]\n  -\nb: {c: [], d: }\ne: |\n  one\n  two\nf: >\n  one\n  two\n";
    assert_eq!(
        shown(&tree(text)),
        "{a: [x, [y, {z: 1}], ], b: {c: [], d: }, e: \"one\\ntwo\\n\", f: \"one two\\n\"}"
    );
}

#[test]
fn spans_and_lines_are_those_of_the_file() {
    let text = "é---\nñ: ação # x\nlist:\n  - 'dois'\n  - |\n    três\n\nmap: { k: \"v\" }\nend:\n";
    let start = text.find('ñ').unwrap();
    let root = parse(text, start..text.len(), "a").unwrap().unwrap();
    let raw = |node: &Node| (text[node.span.clone()].to_owned(), node.line);
    let of = |key: &str| raw(&root.pair(key).unwrap().1);
    assert_eq!(of("ñ"), ("ação".to_owned(), 2));
    assert_eq!(of("list"), ("- 'dois'\n  - |\n    três".to_owned(), 4));
    assert_eq!(of("map"), ("{ k: \"v\" }".to_owned(), 8));
    let Value::Sequence(items) = &root.pair("list").unwrap().1.value else { panic!() };
    assert_eq!(
        items.iter().map(raw).collect::<Vec<_>>(),
        [("'dois'".to_owned(), 4), ("|\n    três".to_owned(), 5)]
    );
    let (key, value) = root.pair("end").unwrap();
    assert_eq!((raw(key), value.span.clone()), (("end".to_owned(), 9), text.len() - 1..text.len() - 1));
}

#[test]
fn spans_end_before_comments_and_begin_at_the_block_indicator() {
    let text = "a: 'é''s' # it's\nb: \"\\\"é\" # \"no\"\nc: x # y\nd: # |\n  !!str >- # > |\n\n  é\n\n# end\ne: |\n# z\nf: 'x\n\n  y' # w\n";
    let root = tree(text);
    let raw = |key: &str| &text[root.pair(key).unwrap().1.span.clone()];
    assert_eq!([raw("a"), raw("b"), raw("c")], ["'é''s'", "\"\\\"é\"", "x"]);
    assert_eq!([raw("d"), raw("e"), raw("f")], [">- # > |\n\n  é", "|", "'x\n\n  y'"]);
    let text = "- |\n  a|b\n- >+1\n  c\n- [\"x\" , 'y' ]\n";
    let Value::Sequence(items) = tree(text).value else { panic!() };
    let raw: Vec<&str> = items.iter().map(|item| &text[item.span.clone()]).collect();
    assert_eq!(raw, ["|\n  a|b", ">+1\n  c", "[\"x\" , 'y' ]"]);
}

#[test]
fn an_empty_document_is_none() {
    for text in ["", "\n", "# only a comment\n"] {
        assert_eq!(parse(text, 0..text.len(), "a").unwrap(), None, "{text:?}");
    }
}

#[test]
fn values_are_compared_without_their_style() {
    let value = tree("a: [1, {b: x}]\nc: ''\n");
    assert!(value.is_same(&tree("# other\na:\n  - '1'\n  - b: \"x\"\nc:\n")));
    for other in
        ["a: [1, {b: y}]\nc:\n", "a: [1]\nc:\n", "c:\na: [1, {b: x}]\n", "a: [1, {b: x}]\n", "[a]\n", "a\n"]
    {
        assert!(!value.is_same(&tree(other)), "{other}");
    }
}

#[test]
fn errors_have_code_and_line() {
    assert_eq!(problem("a: 1\nb: [\n"), (ProblemCode::YamlSyntax, Some(3)));
    assert_eq!(problem("a: 1\n b: 2\n"), (ProblemCode::YamlSyntax, Some(2)));
    assert_eq!(problem("a: 1\nb:\n  c: 1\n  c: 2\n"), (ProblemCode::DuplicateKey, Some(4)));
    assert_eq!(problem("a: 1\n\"a\": 2\n"), (ProblemCode::DuplicateKey, Some(2)));
    assert_eq!(problem("a: &x 1\nb: *x\n"), (ProblemCode::YamlBounds, Some(1)));
    assert_eq!(problem("a: *x\n"), (ProblemCode::YamlBounds, Some(1)));
    assert_eq!(problem("a: 1\n---\nb: 2\n"), (ProblemCode::YamlSyntax, Some(2)));
    assert_eq!(problem("? [a]\n: 1\n"), (ProblemCode::YamlSyntax, Some(1)));
    assert_eq!(problem("a: \"x\\0y\"\n"), (ProblemCode::NulCharacter, Some(1)));
}

#[test]
fn an_alias_bomb_is_refused_at_its_first_anchor() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let before = level - 1;
        writeln!(text, "a{level}: &a{level} [*a{before}, *a{before}, *a{before}, *a{before}]").unwrap();
    }
    assert_eq!(problem(&text), (ProblemCode::YamlBounds, Some(1)));
    assert_eq!(problem(&format!("a: [{}]", "*x, ".repeat(1_000_000))), (ProblemCode::YamlBounds, Some(1)));
}

#[test]
fn bounds_hold_exactly() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(parse(&nested(MAX_DEPTH), 0..2 * MAX_DEPTH, "a").is_ok());
    assert_eq!(problem(&nested(MAX_DEPTH + 1)), (ProblemCode::YamlBounds, Some(1)));
    assert_eq!(problem(&"[".repeat(100_000)), (ProblemCode::YamlBounds, Some(1)));
    let list = |items: usize| "- x\n".repeat(items);
    assert!(parse(&list(MAX_NODES - 1), 0..4 * (MAX_NODES - 1), "a").is_ok());
    assert_eq!(problem(&list(MAX_NODES)).0, ProblemCode::YamlBounds);
    assert_eq!(problem(&"x".repeat(MAX_BYTES + 1)), (ProblemCode::YamlBounds, Some(1)));
}

/// If the time were quadratic, this would take hours.
#[test]
fn hostile_text_takes_linear_time() {
    const HOSTILE: [&str; 24] = [
        "{---", "[", "{", "[{", "- ", "? ", ": ", "a: ", "-\n", "'", "\"", "\"\\", "|\n", "> \n", "&a ",
        "*a ", "!a ", "%a\n", "---\n", "...\n", "#", "\n", "a:\n", "{a: ",
    ];
    for pattern in HOSTILE {
        let text = pattern.repeat((1 << 20) / pattern.len());
        if let Err(problem) = parse(&text, 0..text.len(), "a") {
            assert!(problem.line.is_some(), "{pattern:?}: {problem:?}");
        }
    }
}

#[test]
fn fields_are_read_by_type() {
    let text =
        "title: T\nnumber: ' 7 '\nscore: 0.85\nlist: [a, ~, b]\none: single\nempty:\nmap: {x: {y: 1}}\n";
    let root = tree(text);
    let root = Field::root(&root);
    let mut reader = Reader::new("a.yaml", Severity::Error);
    assert_eq!(reader.text(root.get(&["titulo", "title"]).as_ref()).as_deref(), Some("T"));
    assert_eq!(reader.integer(root.get(&["number"]).as_ref()), Some(7));
    assert_eq!(reader.number(root.get(&["score"]).as_ref()), Some(0.85));
    assert_eq!(reader.texts(root.get(&["list"]).as_ref()), ["a", "b"]);
    assert_eq!(reader.texts(root.get(&["one"]).as_ref()), ["single"]);
    assert_eq!(reader.text(root.get(&["empty"]).as_ref()), None);
    assert_eq!(reader.text(root.get(&["absent"]).as_ref()), None);
    let inner = reader.mapping(root.get(&["map"])).unwrap().get(&["x"]).unwrap().get(&["y"]).unwrap();
    assert_eq!((inner.name(), inner.node.line), ("map.x.y", 7));
    assert_eq!(reader.problems, []);
}

#[test]
fn a_wrong_type_is_a_problem_with_name_and_line() {
    let text = "title: [x]\nnumber: 1.5\nscore: .inf\nlist: [a, {b: 1}]\nmap: x\nitems: {a: 1}\nlong: \"ééééééééééééééééééééééééééééééééééééééééé\"\n";
    let root = tree(text);
    let root = Field::root(&root);
    let mut reader = Reader::new("a.yaml", Severity::Warning);
    assert_eq!(reader.text(root.get(&["title"]).as_ref()), None);
    assert_eq!(reader.integer(root.get(&["number"]).as_ref()), None);
    assert_eq!(reader.number(root.get(&["score"]).as_ref()), None);
    assert_eq!(reader.texts(root.get(&["list"]).as_ref()), ["a"]);
    assert!(reader.mapping(root.get(&["map"])).is_none());
    assert!(reader.items(root.get(&["items"]).as_ref()).is_empty());
    assert_eq!(reader.integer(root.get(&["long"]).as_ref()), None);
    assert!(reader.text(Some(&root)).is_none());
    let found: Vec<_> = reader.problems.iter().map(|one| (one.message.as_str(), one.line.unwrap())).collect();
    let long = format!("long must be a whole number, not \"{}…\"", "é".repeat(40));
    let expected = [
        ("title must be a single value, not a list", 1),
        ("number must be a whole number, not \"1.5\"", 2),
        ("score must be a number, not \".inf\"", 3),
        ("list[2] must be a single value, not a mapping", 4),
        ("map must be a mapping, not \"x\"", 5),
        ("items must be a list, not a mapping", 6),
        (&long, 7),
        ("the document must be a single value, not a mapping", 1),
    ];
    assert_eq!(found, expected);
    let is_warning = |one: &Problem| one.severity == Severity::Warning && one.code == ProblemCode::WrongType;
    assert!(reader.problems.iter().all(is_warning));
}

/// Every scalar below a node.
fn scalars<'a>(node: &'a Node, found: &mut Vec<&'a Node>) {
    match &node.value {
        Value::Scalar { .. } => found.push(node),
        Value::Sequence(items) => items.iter().for_each(|item| scalars(item, found)),
        Value::Mapping(pairs) => pairs.iter().for_each(|(key, value)| {
            scalars(key, found);
            scalars(value, found);
        }),
    }
}

proptest! {
    #[test]
    fn the_span_of_a_value_parses_to_the_value(
        before in "[a-zé# \n]{0,80}",
        values in proptest::collection::vec(("[a-zé]{1,4}", "([a-z0-9é.]{1,6}|'[a-zé: ]{0,5}'|\"[a-zé\\\\n]{0,5}\")?"), 0..8),
        is_crlf: bool,
    ) {
        let mut text = before.clone();
        text.push('\n');
        let start = text.len();
        for (index, (key, value)) in values.iter().enumerate() {
            writeln!(text, "{key}{index}:\n  - {value}  # é\n  - [{value}, '{key}']").unwrap();
        }
        let text = if is_crlf { text.replace('\n', "\r\n") } else { text };
        let start = if is_crlf { start + text[..].matches("\r\n").count().min(before.matches('\n').count() + 1) } else { start };
        if let Ok(Some(root)) = parse(&text, start..text.len(), "a") {
            let mut found = Vec::new();
            scalars(&root, &mut found);
            for node in found {
                let line = text[..node.span.start].matches('\n').count() + 1;
                prop_assert_eq!(node.line as usize, line);
                // Indented: `...` and `---` at the start of a line are no values.
                let raw = format!(" {}", &text[node.span.clone()]);
                let again = parse(&raw, 0..raw.len(), "a").unwrap();
                prop_assert_eq!(again.as_ref().and_then(Node::text).unwrap_or_default(), node.text().unwrap());
            }
        }
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "([a-c:\\-\\[\\]{},|>'\"&*!%#?@` \n\té]|\r\n|---|\\.\\.\\.){0,40}") {
        if let Ok(Some(root)) = parse(&text, 0..text.len(), "a") {
            let mut found = Vec::new();
            scalars(&root, &mut found);
            for node in found {
                prop_assert!(text.get(node.span.clone()).is_some());
            }
        }
    }
}

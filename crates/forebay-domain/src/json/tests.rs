//! Tests of the parser against its own rules and against `serde_json`.

use proptest::{collection::vec, prelude::*};
use serde::de::IgnoredAny;

use super::{
    samples::{spelled, value},
    *,
};
use crate::reject::{Reject, RejectReason};

fn parse_error(text: &str) -> Reject {
    Parser::default().parse(text.as_bytes()).expect_err(text)
}

fn reason(text: &str) -> RejectReason {
    parse_error(text).reason
}

fn root_text(text: &str) -> (String, u32) {
    let mut parser = Parser::default();
    let document = parser.parse(text.as_bytes()).expect(text);
    (document.root().as_str().expect("a string").to_owned(), document.replaced())
}

/// The tape's content in the oracle's types.
fn as_oracle(value: Value<'_>) -> serde_json::Value {
    match value.kind() {
        Kind::Null => serde_json::Value::Null,
        Kind::False => false.into(),
        Kind::True => true.into(),
        Kind::Number => serde_json::from_str(value.source()).unwrap(),
        Kind::String => value.as_str().unwrap().into(),
        Kind::Array => value.elements().map(as_oracle).collect::<Vec<_>>().into(),
        Kind::Object => {
            let members: Vec<_> = value.members().map(|member| member.name()).collect();
            let sorted: std::collections::BTreeSet<_> =
                value.sorted_members().map(|member| member.name()).collect();
            assert_eq!(members.iter().copied().collect::<std::collections::BTreeSet<_>>(), sorted);
            let fields = value.members().map(|member| (member.name().to_owned(), as_oracle(member.value)));
            serde_json::Value::Object(fields.collect())
        }
    }
}

#[test]
fn errors_say_what_was_expected_and_where() {
    for (text, message) in [
        ("", "expected a value at byte 0, found the end of the text"),
        ("{\"a\":}", "expected a value at byte 5, found '}'"),
        ("{\"a\" 1}", "expected a colon at byte 5, found '1'"),
        ("{\"a\":1,}", "expected a key in double quotes at byte 7, found '}'"),
        ("{\"a\":1 \"b\":2}", "expected a comma or a closing brace at byte 7, found '\"'"),
        ("[1 2]", "expected a comma or a closing bracket at byte 3, found '2'"),
        ("[1,]", "expected a value at byte 3, found ']'"),
        ("{} é", "expected the end of the text at byte 3, found 'é'"),
        ("nul", "expected null, true or false at byte 0"),
        ("01", "expected a number without leading zeros at byte 1, found '1'"),
        ("-", "expected a digit at byte 1, found the end of the text"),
        ("1.", "expected a digit at byte 2, found the end of the text"),
        ("1e+x", "expected a digit at byte 3, found 'x'"),
        ("\"abc", "expected the end of a string at byte 4, found the end of the text"),
        ("\"a\\u12é4\"", "expected four hexadecimal digits at byte 6, found 'é'"),
        ("\"a\tb\"", "the control character 0x09 at byte 2 is not escaped"),
        ("\"\\x\"", "expected one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u at byte 2, found 'x'"),
    ] {
        assert_eq!(parse_error(text), Reject::new(RejectReason::InvalidJson, message), "{text}");
    }
    let not_utf8 = Parser::default().parse(b"{\"a\":\"\xff\"}").unwrap_err();
    assert_eq!(not_utf8, Reject::new(RejectReason::InvalidUtf8, "invalid UTF-8 at byte 6"));
}

#[test]
fn a_byte_order_mark_is_allowed_only_at_the_start() {
    assert_eq!(root_text("\u{feff} \"a\"").0, "a");
    assert_eq!(reason("\u{feff}\u{feff}1"), RejectReason::InvalidJson);
    assert_eq!(reason(" \u{feff}1"), RejectReason::InvalidJson);
}

#[test]
fn nesting_is_limited_exactly() {
    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    let mut parser = Parser::new(3);
    assert!(parser.parse(nested(3).as_bytes()).is_ok());
    assert_eq!(parser.parse(nested(4).as_bytes()).unwrap_err().reason, RejectReason::TooDeep);
    assert!(parser.parse(b"[[1],[[2]],{\"a\":{}}]").is_ok(), "siblings do not add up");
    assert_eq!(reason(&nested(129)), RejectReason::TooDeep);
    assert_eq!(reason(&"[".repeat(1_000_000)), RejectReason::TooDeep);
    let mut deepest = Parser::new(usize::MAX);
    assert!(deepest.parse(nested(MAX_DEPTH_LIMIT).as_bytes()).is_ok());
    assert!(deepest.parse(nested(MAX_DEPTH_LIMIT + 1).as_bytes()).is_err());
}

#[test]
fn a_repeated_key_is_refused_in_every_spelling() {
    let message = parse_error(r#"{"x":[{"b":1,"a":2,"b":3}]}"#).message;
    assert_eq!(message, "the key \"b\" is repeated in the object at byte 6");
    for text in [
        r#"{"a":1,"a":1}"#,
        r#"{"a":1,"\u0061":2}"#,
        r#"{"":1,"":2}"#,
        r#"{"institution_id":1,"institution_name":2,"institution_id":3}"#,
        r#"{"\u0000":1,"\ufffd":2}"#,
        r#"{"\ud800":1,"\udfff":2}"#,
    ] {
        assert_eq!(reason(text), RejectReason::DuplicateJsonKey, "{text}");
    }
    for text in [r#"{"a":1,"A":2,"a ":3}"#, r#"{"a":{"a":1},"b":{"a":1}}"#, r#"[{"a":1},{"a":1}]"#] {
        assert!(Parser::default().parse(text.as_bytes()).is_ok(), "{text}");
    }
}

#[test]
fn a_hostile_object_costs_no_more_than_sorting() {
    let prefix = "k".repeat(40);
    let keys: Vec<String> = (0..100_000_u32).rev().map(|index| format!("\"{prefix}{index:06}\":0")).collect();
    let unique = format!("{{{}}}", keys.join(","));
    assert_eq!(Parser::default().parse(unique.as_bytes()).unwrap().root().sorted_members().count(), 100_000);
    let doubled = format!("{{{},{}}}", keys.join(","), keys[70_000]);
    assert_eq!(reason(&doubled), RejectReason::DuplicateJsonKey);
}

#[test]
fn characters_that_jsonb_cannot_store_are_replaced_and_counted() {
    assert_eq!(root_text(r#""a\u0000b""#), ("a\u{fffd}b".into(), 1));
    assert_eq!(root_text(r#""\ud83d\ude00""#), ("\u{1f600}".into(), 0));
    assert_eq!(root_text(r#""\ud83d""#), ("\u{fffd}".into(), 1));
    assert_eq!(root_text(r#""\ude00\ud83d""#), ("\u{fffd}\u{fffd}".into(), 2));
    assert_eq!(root_text(r#""\ud83d\ud83d\ude00""#), ("\u{fffd}\u{1f600}".into(), 1));
    assert_eq!(root_text(r#""\ud83d\u0041\n""#), ("\u{fffd}A\n".into(), 1));
    assert_eq!(root_text(r#""\ufffd""#), ("\u{fffd}".into(), 0));
    assert_eq!(reason(r#""\ud83d\u00""#), RejectReason::InvalidJson);

    let mut parser = Parser::default();
    let document = parser.parse(br#"{"a\u0000":["\u0000","b"]}"#).unwrap();
    assert_eq!(document.replaced(), 2);
    assert!(document.root().get("a\u{fffd}").unwrap().elements().next().unwrap().was_replaced());
    assert_eq!(parser.parse(b"1").unwrap().replaced(), 0, "the count starts at zero for each text");
}

#[test]
fn numbers_are_refused_by_value_and_not_by_spelling() {
    let zeros = "0".repeat(20_000);
    for fits in [
        "9e131071".to_owned(),
        "1.5e-16382".to_owned(),
        "0.1e131072".to_owned(),
        "1000e-16386".to_owned(),
        format!("1.{zeros}"),
        format!("0.{zeros}1e20000"),
        "0e999999999999999999999".to_owned(),
        "-0.0e-99999999999999999999".to_owned(),
        "9".repeat(131_072),
    ] {
        assert!(Parser::default().parse(fits.as_bytes()).is_ok(), "{}", &fits[..fits.len().min(40)]);
    }
    for beyond in [
        "1e131072".to_owned(),
        "1.5e-16383".to_owned(),
        "1e-16384".to_owned(),
        "-1e99999999999999999999999".to_owned(),
        "1e-9223372036854775808".to_owned(),
        format!("0.{zeros}1"),
        "9".repeat(131_073),
    ] {
        assert_eq!(reason(&beyond), RejectReason::NumberOutOfRange, "{}", &beyond[..beyond.len().min(40)]);
    }
}

#[test]
fn views_skip_and_find() {
    let mut parser = Parser::default();
    let text = br#" {"z":[1,[2,{"q":3}],"x"],"a":{"b":{}},"":null,"e":""} "#;
    let root = parser.parse(text).unwrap().root();
    let names = |members: Members<'_>| members.map(|member| member.name().to_owned()).collect::<Vec<_>>();
    assert_eq!(names(root.members()), ["z", "a", "", "e"]);
    assert_eq!(names(root.sorted_members()), ["", "a", "e", "z"]);
    let elements: Vec<_> = root.get("z").unwrap().elements().map(Value::source).collect();
    assert_eq!(elements, ["1", r#"[2,{"q":3}]"#, r#""x""#]);
    assert!(root.get("").unwrap().is_blank() && root.get("e").unwrap().is_blank());
    assert!(!root.get("a").unwrap().is_blank() && root.get("b").is_none());
    assert_eq!(root.elements().count() + root.get("z").unwrap().members().count(), 0);
}

/// Text that is valid or nearly valid JSON.
fn nearly_json() -> impl Strategy<Value = String> {
    let token = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\"a\"",
        "\"\\u00e9\"",
        "\\",
        "\\u",
        "0",
        "1",
        "-",
        ".",
        "e",
        "E+",
        "true",
        "false",
        "null",
        "nul",
        " ",
        "\n",
        "\t",
        "\u{1}",
        "é",
        "\"b\":",
        "1.5",
        "[]",
        "{}",
    ]);
    let soup = vec(token, 0..12).prop_map(|tokens| tokens.concat());
    let broken =
        (value(), any::<u64>(), any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<char>())
            .prop_map(|(value, seed, cut, paste, character)| {
                let mut characters: Vec<char> = spelled(&value, seed).chars().collect();
                characters.remove(cut.index(characters.len()));
                if seed % 3 == 0 {
                    characters.insert(paste.index(characters.len() + 1), character);
                }
                characters.into_iter().collect()
            });
    prop_oneof![soup, broken]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn accepts_what_serde_json_accepts(text in nearly_json()) {
        // The oracle checks only the grammar, so our additional rules don't count as a disagreement.
        let without_mark = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let grammatical = serde_json::from_str::<IgnoredAny>(without_mark).is_ok();
        match Parser::default().parse(text.as_bytes()) {
            Ok(_) => prop_assert!(grammatical, "accepted {text:?}"),
            Err(reject) if reject.reason == RejectReason::InvalidJson => {
                prop_assert!(!grammatical, "refused {text:?}: {}", reject.message);
            }
            Err(reject) => {
                let own = [RejectReason::DuplicateJsonKey, RejectReason::NumberOutOfRange];
                prop_assert!(own.contains(&reject.reason), "{reject:?}");
            }
        }
    }

    #[test]
    fn reads_the_same_values_as_serde_json(value in value(), seed: u64) {
        let text = spelled(&value, seed);
        let mut parser = Parser::default();
        let document = parser.parse(text.as_bytes()).unwrap();
        prop_assert_eq!(as_oracle(document.root()), serde_json::from_str::<serde_json::Value>(&text).unwrap());
        prop_assert_eq!(document.replaced(), 0);
    }

    #[test]
    fn never_panics_and_is_reusable_after_an_error(bytes in vec(any::<u8>(), 0..60), value in value()) {
        let mut parser = Parser::default();
        if let Ok(document) = parser.parse(&bytes) {
            let _ = as_oracle(document.root());
        }
        let text = value.to_string();
        prop_assert_eq!(as_oracle(parser.parse(text.as_bytes()).unwrap().root()), value);
    }
}

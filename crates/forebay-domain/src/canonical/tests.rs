//! Tests of the canonical form against RFC 8785 and a maintained crate that implements it.

use proptest::prelude::*;

use super::*;
use crate::json::samples::{spelled, text, value};

fn canonical(text: &str) -> String {
    canonical_text(text.as_bytes()).expect(text)
}

fn oracle(value: &serde_json::Value) -> String {
    serde_json_canonicalizer::to_string(value).unwrap()
}

#[test]
fn the_example_of_the_rfc() {
    // RFC 8785, sections 3.2.2 and 3.2.3. Its 333333333.33333329 exceeds a double's precision; ours keeps the digits.
    let source = r#"{
        "numbers": [333333333.3333333, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
        "literals": [null, true, false]
    }"#;
    let expected = concat!(
        r#"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"#,
        r#""string":"€$\u000f\nA'B\"\\\\\"/"}"#
    );
    assert_eq!(canonical(source), expected);
    let keys = r#"{"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7}"#;
    let sorted = "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"ö\":7,\"€\":1,\"\u{1f600}\":5,\"\u{fb33}\":3}";
    assert_eq!(canonical(keys), sorted);
}

#[test]
fn numbers_keep_their_exact_value() {
    for (source, expected) in [
        ("0", "0"),
        ("-0", "0"),
        ("-0.0e5", "0"),
        ("1.0", "1"),
        ("1e0", "1"),
        ("10E-1", "1"),
        ("-1.50", "-1.5"),
        ("100e-4", "0.01"),
        ("9007199254740993", "9007199254740993"),
        ("123456789012345678901", "123456789012345678901"),
        ("1234567890123456789012", "1.234567890123456789012e+21"),
        ("100000000000000000000", "100000000000000000000"),
        ("1000000000000000000000", "1e+21"),
        ("1e20", "100000000000000000000"),
        ("1e21", "1e+21"),
        ("0.1000000000000000000000000000001", "0.1000000000000000000000000000001"),
        ("0.000001", "0.000001"),
        ("0.0000001", "1e-7"),
        ("0.00000123e-1", "1.23e-7"),
        ("12.34e1", "123.4"),
        ("12.34e2", "1234"),
        ("12.34e3", "12340"),
        ("1234567890123456789012.5", "1.2345678901234567890125e+21"),
        ("1.7976931348623157e308", "1.7976931348623157e+308"),
        ("5E-324", "5e-324"),
        ("1e-16383", "1e-16383"),
    ] {
        assert_eq!(canonical(source), expected, "{source}");
        assert_eq!(canonical(expected), expected, "{source}");
    }
}

#[test]
fn strings_have_the_shortest_escapes() {
    assert_eq!(canonical(r#""\/\u0041\u001F\u0008\b\u2028\u007f""#), "\"/A\\u001f\\b\\b\u{2028}\u{7f}\"");
    assert_eq!(
        canonical(r#""long enough for two words\n\t\"x\"""#),
        r#""long enough for two words\n\t\"x\"""#
    );
    assert_eq!(canonical(r#""\u0000\ud800""#), "\"\u{fffd}\u{fffd}\"");
}

#[test]
fn normalising_affects_nested_strings_but_not_keys() {
    let mut parser = Parser::default();
    let document = parser.parse(br#"{"B ":[" X ",{"A":"Y\n"}],"n":1.0}"#).unwrap();
    let how = Normalise { trim: true, casefold: true, ..Normalise::default() };
    let (mut scratch, mut out) = (String::new(), Vec::new());
    write_normalised(document.root(), how, &mut scratch, &mut out);
    assert_eq!(into_string(out), r#"{"B ":["x",{"A":"y"}],"n":1}"#);
}

/// The exact value of a literal as an integer and a power of ten, computed in a simple way.
fn exact(literal: &str) -> (i128, i64) {
    let (mantissa, exponent) = literal.split_once(['e', 'E']).unwrap_or((literal, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut digits: i128 = format!("{whole}{fraction}").parse().unwrap();
    let mut power = exponent.parse::<i64>().unwrap() - i64::try_from(fraction.len()).unwrap();
    while digits != 0 && digits % 10 == 0 {
        digits /= 10;
        power += 1;
    }
    if digits == 0 { (0, 0) } else { (digits, power) }
}

fn literal() -> impl Strategy<Value = String> {
    "-?(0|[1-9][0-9]{0,8}|10{0,12})(\\.[0-9]{1,9}|\\.0{1,6}|\\.0{1,8}1)?([eE][+-]?[0-9]{1,2})?"
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn equals_the_maintained_crate_for_every_spelling(value in value(), seed: u64, other: u64) {
        let (one, two) = (spelled(&value, seed), spelled(&value, other));
        prop_assert_eq!(canonical(&one), canonical(&two));
        prop_assert_eq!(canonical(&one), oracle(&value));
    }

    #[test]
    fn writing_is_idempotent(value in value(), seed: u64) {
        let once = canonical(&spelled(&value, seed));
        prop_assert_eq!(canonical(&once), once);
    }

    #[test]
    fn lays_out_doubles_as_ecmascript_does(bits: u64) {
        let number = f64::from_bits(bits);
        prop_assume!(number.is_finite());
        let layout = oracle(&serde_json::json!(number));
        let (digits, power) = exact(&layout);
        prop_assert_eq!(canonical(&format!("{digits}e{power}")), layout);
    }

    #[test]
    fn numbers_agree_exactly_when_their_values_do(a in literal(), b in literal(), zeros in 0_usize..4) {
        prop_assert_eq!(canonical(&a) == canonical(&b), exact(&a) == exact(&b), "{} {}", a, b);
        prop_assert_eq!(exact(&canonical(&a)), exact(&a));
        let (digits, power) = exact(&a);
        let respelled = format!("{digits}{}e{}", "0".repeat(zeros), power - i64::try_from(zeros).unwrap());
        let respelled = if digits == 0 { "0e7".to_owned() } else { respelled };
        prop_assert_eq!(canonical(&a), canonical(&respelled));
    }

    #[test]
    fn strings_are_written_as_serde_json_writes_them(text in text()) {
        let mut out = Vec::new();
        write_string(&text, &mut out);
        prop_assert_eq!(into_string(out), serde_json::to_string(&text).unwrap());
    }

    #[test]
    fn keys_sort_by_utf16_code_units(a in text(), b in text()) {
        prop_assert_eq!(crate::json::compare_keys(&a, &b), a.encode_utf16().cmp(b.encode_utf16()));
    }
}

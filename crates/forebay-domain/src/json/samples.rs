//! JSON values for property tests, and many spellings of one value.
//!
//! A value has the type of the oracle crates; [`spelled`] writes it with any key order, spacing, escapes and number
//! forms of the same meaning, so tests can check that all spellings are treated the same.

use proptest::{collection::vec, prelude::*};
use serde_json::{Map, Value};

/// Text with the characters that the standards treat specially: escapes, controls, both sides of the surrogates.
pub(crate) fn text() -> impl Strategy<Value = String> {
    let character = prop_oneof![
        6 => proptest::char::range('a', 'e'),
        1 => proptest::char::range('\u{1}', '\u{7f}'),
        1 => prop::sample::select(vec!['"', '\\', '/', '\n', '\u{7f}', '\u{e9}', '\u{20ac}', '\u{2028}']),
        1 => prop::sample::select(vec!['\u{d7ff}', '\u{e000}', '\u{ffff}', '\u{10000}', '\u{1f600}']),
        1 => any::<char>().prop_filter("jsonb has no zero character", |character| *character != '\0'),
    ];
    vec(character, 0..14).prop_map(String::from_iter)
}

/// Any I-JSON value (RFC 7493): numbers that fit a double, and no duplicate keys.
pub(crate) fn value() -> impl Strategy<Value = Value> {
    let number = prop_oneof![
        (-1000_i64..1000).prop_map(Value::from),
        (-(1_i64 << 53)..(1 << 53)).prop_map(Value::from),
        any::<f64>()
            .prop_filter("JSON has no such number", |number| number.is_finite())
            .prop_map(Value::from),
        (-1e6..1e6).prop_map(Value::from),
        (any::<i32>(), -30_i32..30)
            .prop_map(|(digits, places)| Value::from(f64::from(digits) * 10_f64.powi(places))),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        number,
        text().prop_map(Value::from)
    ];
    leaf.prop_recursive(4, 48, 8, |inner| {
        prop_oneof![vec(inner.clone(), 0..6).prop_map(Value::from), object_of(inner).prop_map(Value::from)]
    })
}

/// An I-JSON object, like a record.
pub(crate) fn object() -> impl Strategy<Value = Value> {
    object_of(value()).prop_map(Value::from)
}

fn object_of(inner: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    vec((text(), inner), 0..8).prop_map(|members| members.into_iter().collect())
}

/// One of the many spellings of `value`, selected by `seed`.
pub(crate) fn spelled(value: &Value, seed: u64) -> String {
    let mut speller = Speller { state: seed | 1, out: String::new() };
    speller.value(value);
    speller.out
}

struct Speller {
    state: u64,
    out: String,
}

impl Speller {
    fn below(&mut self, limit: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 20) % limit
    }

    fn space(&mut self) {
        for _ in 0..self.below(6).saturating_sub(3) {
            let which = usize::try_from(self.below(4)).unwrap();
            self.out.push([' ', '\n', '\t', '\r'][which]);
        }
    }

    fn value(&mut self, value: &Value) {
        self.space();
        match value {
            Value::Null | Value::Bool(_) => self.out += &value.to_string(),
            // If two shortest forms are equally near, writers choose differently; use the RFC's choice.
            Value::Number(_) => self.number(&serde_json_canonicalizer::to_string(value).unwrap()),
            Value::String(text) => self.string(text),
            Value::Array(elements) => self.sequence('[', ']', elements, Self::value),
            Value::Object(members) => {
                let mut members: Vec<_> = members.iter().collect();
                for last in (1..members.len()).rev() {
                    members.swap(last, usize::try_from(self.below(last as u64 + 1)).unwrap());
                }
                self.sequence('{', '}', &members, |speller, (name, value)| {
                    speller.space();
                    speller.string(name);
                    speller.space();
                    speller.out.push(':');
                    speller.value(value);
                });
            }
        }
        self.space();
    }

    fn sequence<T>(&mut self, open: char, close: char, items: &[T], mut item: impl FnMut(&mut Self, &T)) {
        self.out.push(open);
        for (index, one) in items.iter().enumerate() {
            if index > 0 {
                self.out.push(',');
            }
            item(self, one);
        }
        self.space();
        self.out.push(close);
    }

    fn string(&mut self, text: &str) {
        self.out.push('"');
        for character in text.chars() {
            let must_escape = matches!(character, '"' | '\\' | '\0'..='\u{1f}');
            let choice = self.below(8);
            match character {
                '"' | '\\' | '/' if choice < 4 => self.out.extend(['\\', character]),
                '\n' if choice < 4 => self.out += "\\n",
                _ if must_escape || choice == 7 => {
                    for unit in character.encode_utf16(&mut [0; 2]) {
                        let upper = self.below(2) == 0;
                        let digits = if upper { format!("{unit:04X}") } else { format!("{unit:04x}") };
                        self.out += "\\u";
                        self.out += &digits;
                    }
                }
                _ => self.out.push(character),
            }
        }
        self.out.push('"');
    }

    /// Spells the number differently with exactly the same value.
    fn number(&mut self, plain: &str) {
        let has_exponent = plain.contains('e');
        let has_point = plain.contains('.');
        let spelling = match self.below(5) {
            0 if !has_exponent && has_point => format!("{plain}000"),
            0 if !has_exponent => format!("{plain}.00"),
            1 if !has_exponent => format!("{plain}e0"),
            2 if !has_exponent && !has_point && plain.trim_start_matches('-') != "0" => {
                format!("{plain}0E-1")
            }
            3 if has_exponent => plain.replace('e', "E"),
            _ => plain.to_owned(),
        };
        self.out += &spelling;
    }
}

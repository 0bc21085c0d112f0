//! Which of several records of a key is the newest, by the value of a field.
//!
//! Sources write the time or the number of a change in many ways, so a value is compared as what it is: numbers by
//! value, RFC 3339 times as instants, other texts by their bytes. Texts that are numbers count as numbers, because CSV
//! has only texts. Values of different kinds have an order, too, so the result never depends on which two records are
//! compared first.

use std::cmp::Ordering;

use jiff::Timestamp;

use crate::{
    field_path::FieldPath,
    json::{Decimal, Kind, MAX_DEPTH_LIMIT, Parser, Value},
};

/// How new a record is. Greater is newer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// The value is missing or null.
    Missing,
    /// A boolean, an array or an object, compared by its text.
    Other(String),
    /// A text that is neither a number nor a time.
    Text(String),
    /// A number, or the text of one.
    Number(Number),
    /// A time (RFC 3339).
    Time(Timestamp),
}

/// A number of any size and precision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number {
    is_negative: bool,
    point: i64,
    digits: Vec<u8>,
}

impl Rank {
    /// The rank of a stored payload, by the value at `path`. A payload that can't be read has none.
    pub fn of(path: &FieldPath, payload: &[u8]) -> Self {
        let mut parser = Parser::new(MAX_DEPTH_LIMIT);
        let Ok(document) = parser.parse(payload) else { return Self::Missing };
        path.locate(document.root()).map_or(Self::Missing, Self::of_value)
    }

    fn of_value(value: Value<'_>) -> Self {
        match value.kind() {
            Kind::Null => Self::Missing,
            Kind::Number => Self::Number(Number::of(value.source())),
            Kind::String => Self::of_text(value.as_str().unwrap_or_default()),
            Kind::True | Kind::False | Kind::Array | Kind::Object => Self::Other(value.source().to_owned()),
        }
    }

    fn of_text(text: &str) -> Self {
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Self::Missing;
        }
        if let Ok(time) = trimmed.parse::<Timestamp>() {
            return Self::Time(time);
        }
        let mut parser = Parser::new(1);
        match parser.parse(trimmed.as_bytes()) {
            Ok(document) if document.root().kind() == Kind::Number => {
                Self::Number(Number::of(document.root().source()))
            }
            _ => Self::Text(text.to_owned()),
        }
    }
}

impl Number {
    fn of(literal: &str) -> Self {
        let (is_negative, point, digits) = Decimal::of(literal.as_bytes()).parts();
        Self { is_negative, point, digits }
    }

    /// -1, 0 or 1.
    fn sign(&self) -> i8 {
        match (self.digits.is_empty(), self.is_negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        }
    }

    /// Orders numbers of the same sign by their absolute values.
    fn magnitude(&self) -> (i64, &[u8]) {
        (self.point, &self.digits)
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        self.sign().cmp(&other.sign()).then_with(|| {
            let order = self.magnitude().cmp(&other.magnitude());
            if self.sign() < 0 { order.reverse() } else { order }
        })
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::json::samples;

    fn rank(value: &str) -> Rank {
        Rank::of(&"at".parse().unwrap(), format!(r#"{{"at":{value}}}"#).as_bytes())
    }

    #[test]
    fn values_are_compared_as_what_they_are() {
        let ascending = ["null", "[1]", "false", "true", r#""""#, r#""2025""#];
        assert_eq!(rank(ascending[4]), Rank::Missing, "a blank text is no value");
        for (older, newer) in [
            ("null", r#""a""#),
            ("9", "10"),
            ("-10", "-9"),
            ("-0.1", "0"),
            ("0", "0.001"),
            ("0.09", "0.1"),
            ("99999999999999999998", "99999999999999999999"),
            ("1e2", "101"),
            // Texts of numbers, as in CSV.
            (r#""9""#, r#""10""#),
            (r#""9""#, "10"),
            // The same instant is not later for its zone.
            (r#""2026-01-01T12:00:00+02:00""#, r#""2026-01-01T11:00:00Z""#),
            (r#""2026-01-01T00:00:00Z""#, r#""2026-01-01T00:00:00.001Z""#),
            // Without a zone, a text is no instant.
            (r#""2026-01-01 09:00""#, r#""2026-01-01 10:00""#),
            (r#""2026-01-01""#, r#""2026-01-02""#),
            // Kinds have an order.
            (r#""zebra""#, "1"),
            ("1e300", r#""1970-01-01T00:00:00Z""#),
            ("true", r#""a""#),
        ] {
            assert!(rank(older) < rank(newer), "{older} {newer}: {:?} {:?}", rank(older), rank(newer));
        }
        for (one, same) in [
            ("1", "1.0"),
            ("1", r#"" 1e0""#),
            ("0", "-0.0"),
            (r#""2026-01-01T12:00:00+02:00""#, r#""2026-01-01T10:00:00Z""#),
            ("null", r#"" ""#),
        ] {
            assert_eq!(rank(one), rank(same), "{one} {same}");
        }
        assert_eq!(Rank::of(&"/a/at".parse().unwrap(), b"{}"), Rank::Missing);
        assert_eq!(Rank::of(&"at".parse().unwrap(), b"{"), Rank::Missing);
    }

    proptest! {
        #[test]
        fn numbers_have_the_order_of_their_values(a in any::<i64>(), b in any::<i64>()) {
            prop_assert_eq!(rank(&a.to_string()).cmp(&rank(&b.to_string())), a.cmp(&b));
        }

        #[test]
        fn fractions_have_the_order_of_their_values(a in -1e9_f64..1e9, b in -1e9_f64..1e9) {
            let order = rank(&serde_json::json!(a).to_string()).cmp(&rank(&serde_json::json!(b).to_string()));
            prop_assert_eq!(Some(order), a.partial_cmp(&b));
        }

        #[test]
        fn instants_have_their_order_in_every_zone(
            a in 0_i64..4_000_000_000, b in 0_i64..4_000_000_000, hours in -12_i8..=12,
        ) {
            let zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(hours));
            let in_zone = Timestamp::from_second(a).unwrap().to_zoned(zone);
            let spelled = in_zone.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
            let utc = Timestamp::from_second(b).unwrap().to_string();
            prop_assert_eq!(rank(&format!("{spelled:?}")).cmp(&rank(&format!("{utc:?}"))), a.cmp(&b));
        }

        /// The newest of several is the same in whatever order they are compared.
        #[test]
        fn the_order_is_total(values in proptest::collection::vec(samples::value(), 3)) {
            let ranks: Vec<Rank> = values.iter().map(|value| rank(&value.to_string())).collect();
            let (a, b, c) = (&ranks[0], &ranks[1], &ranks[2]);
            prop_assert_eq!(a.cmp(b), b.cmp(a).reverse());
            prop_assert!(!(a <= b && b <= c) || a <= c);
            prop_assert_eq!(a == b, a.cmp(b) == Ordering::Equal);
        }
    }
}

//! Natural order: numbers in names compare by value, so lesson 2 comes before lesson 10.

use std::cmp::Ordering;

/// Compares two paths part by part. Runs of digits compare by value, other text without regard to ASCII case. The
/// order is total: paths that are equal in this sense compare by their bytes.
pub fn natural_order(one: &str, other: &str) -> Ordering {
    let mut parts = one.split('/').zip(other.split('/'));
    let by_parts =
        parts.find_map(|(one, other)| Some(compare_parts(one, other)).filter(|order| order.is_ne()));
    by_parts
        .unwrap_or_else(|| one.split('/').count().cmp(&other.split('/').count()))
        .then_with(|| one.cmp(other))
}

fn compare_parts(one: &str, other: &str) -> Ordering {
    let (mut one, mut other) = (one.as_bytes(), other.as_bytes());
    loop {
        let order = match (one.first(), other.first()) {
            (Some(left), Some(right)) if left.is_ascii_digit() && right.is_ascii_digit() => {
                let (left, right) = (take_number(&mut one), take_number(&mut other));
                // Without leading zeros, the longer number is the larger one.
                left.len().cmp(&right.len()).then_with(|| left.cmp(right))
            }
            (Some(left), Some(right)) => {
                (one, other) = (&one[1..], &other[1..]);
                left.to_ascii_lowercase().cmp(&right.to_ascii_lowercase())
            }
            (left, right) => return left.is_some().cmp(&right.is_some()),
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// Takes the digits at the start and returns them without leading zeros.
fn take_number<'a>(text: &mut &'a [u8]) -> &'a [u8] {
    let num_digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = text.split_at(num_digits);
    *text = rest;
    let num_zeros = digits.iter().take_while(|&&digit| digit == b'0').count();
    &digits[num_zeros..]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_compare_by_value() {
        let sorted = [
            "0.md",
            "1.2-b.md",
            "1.10-a.md",
            "01.11-a.md",
            "2.1-a.md",
            "18446744073709551616.md",
            "a",
            "a/2",
            "a/b",
            "a-b",
            "B",
            "b10",
        ];
        for (index, one) in sorted.iter().enumerate() {
            for (place, other) in sorted.iter().enumerate() {
                assert_eq!(natural_order(one, other), index.cmp(&place), "{one} {other}");
            }
        }
    }

    proptest! {
        #[test]
        fn the_order_is_total(
            one in "[aAbé019./-]{0,6}", other in "[aAbé019./-]{0,6}", third in "[aAbé019./-]{0,6}"
        ) {
            prop_assert_eq!(natural_order(&one, &other), natural_order(&other, &one).reverse());
            prop_assert_eq!(natural_order(&one, &other).is_eq(), one == other);
            if natural_order(&one, &other).is_le() && natural_order(&other, &third).is_le() {
                prop_assert!(natural_order(&one, &third).is_le());
            }
        }
    }
}

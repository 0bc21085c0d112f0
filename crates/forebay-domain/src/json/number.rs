//! Numbers by their exact decimal value.
//!
//! JSON numbers have no size limit, and Postgres stores them as `numeric`. So a number here is a sign, its significant
//! digits and the position of the point, all as slices of the source text. Two literals are the same number if and only
//! if these agree, regardless of spelling.

use std::fmt;

use super::{expectation::unexpected, scan::byte_at};
use crate::reject::{Reject, RejectReason};

/// Maximum number of digits that `numeric` stores before the point.
const MAX_INTEGER_DIGITS: i64 = 131_072;
/// Maximum number of digits that `numeric` stores after the point.
const MAX_FRACTION_DIGITS: i64 = 16_383;
/// ECMAScript's `Number::toString` writes integers of up to this many digits in full.
const PLAIN_DIGITS: usize = 21;

/// Where a number ends, and whether its text is already canonical.
pub(super) struct Scanned {
    pub(super) end: usize,
    pub(super) canonical: bool,
}

/// Reads the number at `start`, which begins with a minus sign or a digit.
#[inline]
pub(super) fn scan(bytes: &[u8], start: usize) -> Result<Scanned, Reject> {
    let first = start + usize::from(byte_at(bytes, start) == b'-');
    let point = digits_end(bytes, first);
    let length = point - first;
    let leads_with_zero = byte_at(bytes, first) == b'0';
    if length == 0 || (leads_with_zero && length > 1) {
        return Err(bad(bytes, if length == 0 { first } else { first + 1 }, length == 0));
    }
    match byte_at(bytes, point) {
        b'.' | b'e' | b'E' => scan_fraction(bytes, start, first, point),
        _ if length <= PLAIN_DIGITS => {
            Ok(Scanned { end: point, canonical: !leads_with_zero || start == first })
        }
        _ => in_range(bytes, start, point),
    }
}

/// Continues at the point or the exponent.
fn scan_fraction(bytes: &[u8], start: usize, first: usize, point: usize) -> Result<Scanned, Reject> {
    let mut end = point;
    if byte_at(bytes, end) == b'.' {
        end = digits_end(bytes, point + 1);
        if end == point + 1 {
            return Err(bad(bytes, end, true));
        }
        if !matches!(byte_at(bytes, end), b'e' | b'E')
            && is_plain(&bytes[first..point], &bytes[point + 1..end])
        {
            return Ok(Scanned { end, canonical: true });
        }
    }
    if matches!(byte_at(bytes, end), b'e' | b'E') {
        let sign = usize::from(matches!(byte_at(bytes, end + 1), b'+' | b'-'));
        let exponent = end + 1 + sign;
        end = digits_end(bytes, exponent);
        if end == exponent {
            return Err(bad(bytes, end, true));
        }
    }
    in_range(bytes, start, end)
}

/// Whether a decimal fraction is written like `Number::toString` does: no trailing zeros and no exponent needed.
fn is_plain(integer: &[u8], fraction: &[u8]) -> bool {
    let small = integer == b"0" && fraction.starts_with(b"000000");
    !fraction.ends_with(b"0") && !small && integer.len() <= PLAIN_DIGITS && fraction.len() <= 64
}

fn in_range(bytes: &[u8], start: usize, end: usize) -> Result<Scanned, Reject> {
    let number = Decimal::of(&bytes[start..end]);
    let fraction_digits = i64::try_from(number.len()).unwrap_or(i64::MAX).saturating_sub(number.point);
    if number.point > MAX_INTEGER_DIGITS || fraction_digits > MAX_FRACTION_DIGITS {
        let message = format!(
            "the number at byte {start} needs more than {MAX_INTEGER_DIGITS} digits before or \
             {MAX_FRACTION_DIGITS} after the point"
        );
        return Err(Reject::new(RejectReason::NumberOutOfRange, message));
    }
    Ok(Scanned { end, canonical: false })
}

#[inline]
fn digits_end(bytes: &[u8], mut at: usize) -> usize {
    while byte_at(bytes, at).is_ascii_digit() {
        at += 1;
    }
    at
}

#[cold]
fn bad(bytes: &[u8], at: usize, digit_expected: bool) -> Reject {
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    unexpected(text, at, if digit_expected { "a digit" } else { "a number without leading zeros" })
}

/// The exact value of a JSON number: `0.DIGITS` times ten to the power of [`point`](Self::point), with a sign.
///
/// The digits are two slices because a point may separate them. Neither the first nor the last digit is zero; zero
/// itself has no digits, no sign and its point at 0. So equal values have equal parts.
#[derive(Clone, Copy, Debug)]
pub struct Decimal<'a> {
    negative: bool,
    head: &'a [u8],
    tail: &'a [u8],
    point: i64,
}

impl<'a> Decimal<'a> {
    /// The value of a literal that the parser accepted.
    pub(crate) fn of(literal: &'a [u8]) -> Self {
        let (negative, unsigned) = match literal.strip_prefix(b"-") {
            Some(rest) => (true, rest),
            None => (false, literal),
        };
        let mantissa_end =
            unsigned.iter().position(|byte| matches!(byte, b'e' | b'E')).unwrap_or(unsigned.len());
        let (mantissa, exponent) = unsigned.split_at(mantissa_end);
        let mut halves = mantissa.splitn(2, |byte| *byte == b'.');
        let mut head = halves.next().unwrap_or_default();
        let mut tail = halves.next().unwrap_or_default();
        let mut point = exponent_value(exponent).saturating_add(length(head));

        let zeros = leading_zeros(head);
        head = &head[zeros..];
        point = point.saturating_sub(length(&unsigned[..zeros]));
        if head.is_empty() {
            let zeros = leading_zeros(tail);
            point = point.saturating_sub(length(&tail[..zeros]));
            tail = &tail[zeros..];
        }
        tail = without_trailing_zeros(tail);
        if tail.is_empty() {
            head = without_trailing_zeros(head);
        }
        if head.is_empty() && tail.is_empty() {
            return Self { negative: false, head, tail, point: 0 };
        }
        Self { negative, head, tail, point }
    }

    /// Number of significant digits; 0 for zero.
    #[expect(clippy::len_without_is_empty, reason = "a number of digits, not a container")]
    pub fn len(&self) -> usize {
        self.head.len() + self.tail.len()
    }

    /// Number of digits before the point; negative if zeros follow the point.
    pub fn point(&self) -> i64 {
        self.point
    }

    /// Sign, [`point`](Self::point) and digits; two numbers that are equal have equal parts.
    pub(crate) fn parts(&self) -> (bool, i64, Vec<u8>) {
        (self.negative, self.point, [self.head, self.tail].concat())
    }

    /// Appends the number in the layout of ECMAScript's `Number::toString` (ECMA-262, 6.1.6.1.20).
    pub fn write(&self, out: &mut Vec<u8>) {
        let digits = self.len();
        if digits == 0 {
            out.push(b'0');
            return;
        }
        if self.negative {
            out.push(b'-');
        }
        match usize::try_from(self.point) {
            Ok(point @ 1..=PLAIN_DIGITS) if digits <= point => {
                self.write_digits(out, 0, digits);
                out.resize(out.len() + point - digits, b'0');
            }
            Ok(point @ 1..=PLAIN_DIGITS) => {
                self.write_digits(out, 0, point);
                out.push(b'.');
                self.write_digits(out, point, digits);
            }
            _ if (-5..=0).contains(&self.point) => {
                out.extend_from_slice(&b"0.00000"[..2 + usize::try_from(-self.point).unwrap_or(0)]);
                self.write_digits(out, 0, digits);
            }
            _ => self.write_scientific(out, digits),
        }
    }

    fn write_scientific(&self, out: &mut Vec<u8>, digits: usize) {
        self.write_digits(out, 0, 1);
        if digits > 1 {
            out.push(b'.');
            self.write_digits(out, 1, digits);
        }
        let exponent = self.point - 1;
        out.extend_from_slice(if exponent < 0 { b"e-" } else { b"e+" });
        let mut places = [0; 20];
        let mut first = places.len();
        let mut rest = exponent.unsigned_abs();
        while rest > 0 || first == places.len() {
            first -= 1;
            places[first] = b'0' + u8::try_from(rest % 10).unwrap_or(0);
            rest /= 10;
        }
        out.extend_from_slice(&places[first..]);
    }

    fn write_digits(&self, out: &mut Vec<u8>, from: usize, to: usize) {
        let split = self.head.len();
        out.extend_from_slice(&self.head[from.min(split)..to.min(split)]);
        out.extend_from_slice(&self.tail[from.saturating_sub(split)..to.saturating_sub(split)]);
    }
}

impl PartialEq for Decimal<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.negative == other.negative
            && self.point == other.point
            && self.len() == other.len()
            && self.head.iter().chain(self.tail).eq(other.head.iter().chain(other.tail))
    }
}

impl Eq for Decimal<'_> {}

impl fmt::Display for Decimal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Vec::new();
        self.write(&mut out);
        f.write_str(&String::from_utf8_lossy(&out))
    }
}

/// The value of an exponent such as `e-12`; saturates at 64 bits, far out of any range.
fn exponent_value(exponent: &[u8]) -> i64 {
    let (negative, digits) = match exponent.get(1..) {
        Some([b'-', digits @ ..]) => (true, digits),
        Some([b'+', digits @ ..] | digits) => (false, digits),
        None => return 0,
    };
    let value = digits.iter().fold(0_i64, |value, digit| {
        value.saturating_mul(10).saturating_add(i64::from(digit.wrapping_sub(b'0')))
    });
    if negative { -value } else { value }
}

fn length(digits: &[u8]) -> i64 {
    i64::try_from(digits.len()).unwrap_or(i64::MAX)
}

fn leading_zeros(digits: &[u8]) -> usize {
    digits.iter().position(|digit| *digit != b'0').unwrap_or(digits.len())
}

fn without_trailing_zeros(digits: &[u8]) -> &[u8] {
    let end = digits.iter().rposition(|digit| *digit != b'0').map_or(0, |last| last + 1);
    &digits[..end]
}

//! How far this machine's clock is off the database's.

use jiff::{SignedDuration, Timestamp};

/// Clocks that differ by less agree well enough for signatures: receivers allow minutes.
const MUCH: SignedDuration = SignedDuration::from_secs(30);

/// What has to be added to this machine's clock for the time of the server. `before` and `after` are when the server
/// was asked and answered: a difference within that doesn't count.
pub(crate) fn difference(server: Timestamp, before: Timestamp, after: Timestamp) -> SignedDuration {
    if server < before {
        server.duration_since(before)
    } else if server > after {
        server.duration_since(after)
    } else {
        SignedDuration::ZERO
    }
}

/// The same, but zero if the clocks differ by at most half a minute.
pub(super) fn skew(server: Timestamp, before: Timestamp, after: Timestamp) -> SignedDuration {
    let skew = difference(server, before, after);
    if skew.abs() > MUCH { skew } else { SignedDuration::ZERO }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_large_difference_counts() {
        let at = |seconds: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds);
        let skew = |server: i64| skew(at(server), at(1_000), at(1_002)).as_secs();
        assert_eq!([1_000, 1_002, 1_032, 970].map(skew), [0; 4]);
        assert_eq!([1_033, 969, 4_602, 0].map(skew), [31, -31, 3_600, -1_000]);
    }
}

//! Slows down addresses that present wrong tokens.
//!
//! A token can't be guessed, but each attempt costs a look-up or a signature, and a script with an old token would fill
//! the log. Others may share the address, behind a proxy for instance: a token that was good a while ago is never
//! slowed down.

use std::{
    collections::{HashMap, HashSet},
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use forebay_engine::tokens::TokenHash;

/// Failures of an address in [`WINDOW`] before it must wait.
pub(super) const MOST_FAILURES: u32 = 10;
const WINDOW: Duration = Duration::from_mins(1);
/// The maximum number of addresses to remember. The one that failed longest ago makes room.
const MOST_ADDRESSES: usize = 4_096;
/// The maximum number of good tokens to remember.
const MOST_KNOWN: usize = 4_096;

/// Failures by address.
#[derive(Default)]
pub(super) struct Failures(Mutex<State>);

#[derive(Default)]
struct State {
    addresses: HashMap<IpAddr, Failed>,
    known: HashSet<TokenHash>,
}

struct Failed {
    since: Instant,
    number: u32,
}

impl Failures {
    /// How long an address must wait before it presents this.
    pub(super) fn wait(
        &self,
        from: Option<IpAddr>,
        hash: Option<&TokenHash>,
        now: Instant,
    ) -> Option<Duration> {
        let state = self.lock();
        if hash.is_some_and(|hash| state.known.contains(hash)) {
            return None;
        }
        let failed = state.addresses.get(&network(from)).filter(|failed| failed.number >= MOST_FAILURES)?;
        (failed.since + WINDOW).checked_duration_since(now).filter(|wait| !wait.is_zero())
    }

    pub(super) fn succeeded(&self, hash: TokenHash) {
        let mut state = self.lock();
        if state.known.len() >= MOST_KNOWN && !state.known.contains(&hash) {
            state.known.clear();
        }
        state.known.insert(hash);
    }

    pub(super) fn failed(&self, from: Option<IpAddr>, hash: Option<TokenHash>, now: Instant) {
        let mut state = self.lock();
        if let Some(hash) = hash {
            state.known.remove(&hash);
        }
        let network = network(from);
        if state.addresses.len() >= MOST_ADDRESSES && !state.addresses.contains_key(&network) {
            state.addresses.retain(|_, failed| now.saturating_duration_since(failed.since) < WINDOW);
            let oldest =
                state.addresses.iter().min_by_key(|(_, failed)| failed.since).map(|(address, _)| *address);
            if let Some(oldest) = oldest.filter(|_| state.addresses.len() >= MOST_ADDRESSES) {
                state.addresses.remove(&oldest);
            }
        }
        let failed = state.addresses.entry(network).or_insert(Failed { since: now, number: 0 });
        if now.saturating_duration_since(failed.since) >= WINDOW {
            *failed = Failed { since: now, number: 0 };
        }
        failed.number += 1;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one client has: an address, or a network of IPv6.
fn network(from: Option<IpAddr>) -> IpAddr {
    match from {
        Some(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        Some(address) => address,
        None => Ipv6Addr::UNSPECIFIED.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_fails_often_waits_for_a_minute() {
        let (failures, start) = (Failures::default(), Instant::now());
        let (one, other) = (Some("192.0.2.1".parse().unwrap()), Some("192.0.2.2".parse().unwrap()));
        let wait = |from, hash: Option<u8>, seconds| {
            failures.wait(from, hash.map(|byte| [byte; 32]).as_ref(), start + Duration::from_secs(seconds))
        };
        failures.succeeded([7; 32]);
        for _ in 0..MOST_FAILURES {
            assert_eq!(wait(one, None, 0), None);
            failures.failed(one, None, start);
        }
        assert_eq!(wait(one, Some(1), 10), Some(Duration::from_secs(50)));
        assert_eq!(wait(other, Some(1), 10), None, "another address");
        assert_eq!(wait(one, Some(7), 10), None, "a token that was good");
        failures.failed(one, Some([7; 32]), start);
        assert!(wait(one, Some(7), 10).is_some(), "it was revoked");
        assert_eq!(wait(one, Some(1), 60), None);
        failures.failed(one, None, start + Duration::from_secs(61));
        assert_eq!(wait(one, Some(1), 62), None, "counted from the beginning");
    }

    #[test]
    fn addresses_of_an_ipv6_network_count_together_and_all_are_bounded() {
        let (failures, start) = (Failures::default(), Instant::now());
        let v6 = |last: u16| Some(IpAddr::from([0x2001, 0xdb8, 0, 7, 0, 0, 0, last]));
        for number in 0..MOST_FAILURES {
            failures.failed(v6(u16::try_from(number).unwrap()), None, start);
        }
        assert!(failures.wait(v6(0xffff), None, start).is_some());
        for number in 0..20_000_u32 {
            let at = start + Duration::from_millis(u64::from(number) + 1);
            failures.failed(Some(IpAddr::from(number.to_be_bytes())), Some([0; 32]), at);
            failures.succeeded(std::array::from_fn(|index| number.to_be_bytes()[index % 4]));
        }
        let state = failures.lock();
        assert!(state.addresses.len() <= MOST_ADDRESSES && state.known.len() <= MOST_KNOWN);
    }
}

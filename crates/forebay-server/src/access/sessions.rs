//! The sessions of the dashboard. They live in this process: after a restart, people log in again.
//!
//! A browser has a random id, and this map its hash. Each request verifies the credential that the session began with
//! once more, so a session ends when its token is revoked or expires.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use forebay_domain::hex;
use forebay_engine::tokens::{TokenHash, sha256};
use forebay_views::failure::Failure;
use ring::rand::{SecureRandom, SystemRandom};

use crate::caller::Credential;

/// How long a session lasts: a working day.
pub(super) const LONGEST: Duration = Duration::from_hours(12);
/// The maximum number of sessions. The oldest one ends for a new one.
const MOST: usize = 1_000;
const ID_BYTES: usize = 32;

/// Sessions by the hash of their id.
#[derive(Default)]
pub(super) struct Sessions(Mutex<HashMap<TokenHash, Session>>);

struct Session {
    credential: Credential,
    began: Instant,
}

impl Sessions {
    /// Begins a session, and returns its id.
    pub(super) fn begin(&self, credential: Credential, now: Instant) -> Result<String, Failure> {
        let mut random = [0; ID_BYTES];
        let no_randomness = |_| Failure::new("no_randomness", "the operating system gives no random numbers");
        SystemRandom::new().fill(&mut random).map_err(no_randomness)?;
        let id = hex::encode(&random);
        let mut all = self.lock();
        all.retain(|_, session| is_live(session, now));
        if all.len() >= MOST
            && let Some(oldest) = all.iter().min_by_key(|(_, session)| session.began).map(|(id, _)| *id)
        {
            all.remove(&oldest);
        }
        all.insert(sha256(&id), Session { credential, began: now });
        Ok(id)
    }

    /// The credential that a session began with.
    pub(super) fn find(&self, id: &TokenHash, now: Instant) -> Option<Credential> {
        let all = self.lock();
        let session = all.get(id).filter(|session| is_live(session, now))?;
        Some(session.credential.clone())
    }

    pub(super) fn end(&self, id: &TokenHash) {
        self.lock().remove(id);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TokenHash, Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_live(session: &Session, now: Instant) -> bool {
    now.saturating_duration_since(session.began) < LONGEST
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_end_after_a_day_and_are_bounded() {
        let (sessions, start) = (Sessions::default(), Instant::now());
        let token = || Credential::Token([1; 32]);
        let first = sessions.begin(token(), start).unwrap();
        let is_there = |id: &str, at| sessions.find(&sha256(id), at).is_some();
        assert!(
            is_there(&first, start + LONGEST.saturating_sub(Duration::from_secs(1)))
                && !is_there(&first, start + LONGEST)
        );
        let second = sessions.begin(token(), start + Duration::from_secs(1)).unwrap();
        assert_ne!(first, second);
        for _ in 2..=MOST {
            sessions.begin(token(), start + Duration::from_secs(2)).unwrap();
        }
        assert!(!is_there(&first, start) && is_there(&second, start), "the oldest one made room");
        assert_eq!(sessions.lock().len(), MOST);
        sessions.end(&sha256(&second));
        assert!(!is_there(&second, start) && !is_there("", start));
    }
}

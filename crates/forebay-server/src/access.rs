//! Who may connect: recognises callers by a token, a JWT or a session.
//!
//! A server is open while there are no tokens: every caller counts as the user who runs it. That is possible on
//! loopback only, and ends with the first token: for this process, a token that expires or is revoked doesn't open it
//! again. After a restart, only tokens that are not revoked count.

mod admission;
mod cookie;
mod failures;
mod sessions;

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use axum::http::{HeaderMap, header, request::Parts};
use forebay_domain::access::{Permission, Principal};
use forebay_engine::{
    jwt::JwtRefusal,
    tokens::{self, Existing},
};
use forebay_store::connect::Database;
use forebay_views::failure::{Exit, Failure};

pub use self::admission::{Admission, Reach, admission};
pub(crate) use self::cookie::Cookie;
use self::{failures::Failures, sessions::Sessions};
use crate::{
    caller::{Caller, Credential, Means, address},
    network::Network,
    problem::Problem,
};

/// What recognises callers.
pub(crate) struct Access {
    admission: Admission,
    is_open: AtomicBool,
    sessions: Sessions,
    failures: Failures,
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Access").field("admission", &self.admission).finish_non_exhaustive()
    }
}

impl Access {
    pub(crate) fn new(admission: Admission) -> Self {
        let is_open = AtomicBool::new(admission.is_open);
        Self { admission, is_open, sessions: Sessions::default(), failures: Failures::default() }
    }

    /// How often streams check their caller.
    pub(crate) fn recheck(&self) -> Duration {
        self.admission.recheck
    }

    /// The proxies that name the addresses of clients.
    pub(crate) fn proxies(&self) -> Arc<[Network]> {
        self.admission.trusted_proxies.as_slice().into()
    }

    /// The cookie of sessions.
    pub(crate) fn cookie(&self) -> Cookie {
        Cookie { is_https: self.admission.is_https }
    }

    /// Says who calls. Errors: `authentication_required`, `token_refused`, `too_many_failures`.
    pub(crate) async fn recognise(&self, database: &Database, parts: &Parts) -> Result<Caller, Problem> {
        let from = address(parts);
        if let Some(presented) = bearer(&parts.headers) {
            let (credential, principal) = self.present(database, presented, from).await?;
            return Ok(Caller { principal, from, means: Means::Presented(credential) });
        }
        if let Some(caller) = self.by_session(database, &parts.headers, from).await? {
            return Ok(caller);
        }
        // A proxy forwards it for others than the user of this machine.
        let is_forwarded = FORWARDED.iter().any(|name| parts.headers.contains_key(*name));
        if !is_forwarded && self.is_open(database).await? {
            return Ok(Caller::open(from));
        }
        let failure = Failure::usage("authentication_required", "the request does not say who sends it")
            .hint("send `Authorization: Bearer TOKEN`; `forebay tokens create` makes a token");
        Err(failure.into())
    }

    /// Says who presents a credential. Errors: `token_refused`, `too_many_failures`.
    pub(crate) async fn present(
        &self,
        database: &Database,
        text: &str,
        from: Option<IpAddr>,
    ) -> Result<(Credential, Principal), Problem> {
        let credential = Credential::read(text);
        let hash = credential.as_ref().map(Credential::hash);
        if let Some(wait) = self.failures.wait(from, hash.as_ref(), Instant::now()) {
            let failure =
                Failure::usage("too_many_failures", "too many refused tokens came from this address")
                    .hint("wait as long as `Retry-After` says");
            return Err(Problem::from(failure).retry_after(wait));
        }
        let Some((credential, hash)) = credential.zip(hash) else {
            return Err(self.refused(from, None, "token_malformed"));
        };
        match self.verify(database, &credential, from).await? {
            Ok(principal) => {
                self.failures.succeeded(hash);
                Ok((credential, principal))
            }
            Err(reason) => Err(self.refused(from, Some(hash), reason)),
        }
    }

    /// Whether a caller who was recognised before still may do something. If the database can't be asked, they may.
    pub(crate) async fn still(
        &self,
        database: &Database,
        caller: &Caller,
        needs: Permission,
        source: Option<&str>,
    ) -> bool {
        let verified = match &caller.means {
            Means::Open => return self.is_open(database).await.unwrap_or(true),
            Means::Session(id, _) if self.sessions.find(id, Instant::now()).is_none() => return false,
            Means::Session(_, credential) | Means::Presented(credential) => {
                self.verify(database, credential, caller.from).await
            }
        };
        match verified {
            Ok(Ok(principal)) => principal.may(needs, source),
            Ok(Err(_)) => false,
            Err(_) => true,
        }
    }

    /// Begins a session. Returns its id, which only its browser has.
    pub(crate) fn begin_session(&self, credential: Credential) -> Result<String, Failure> {
        self.sessions.begin(credential, Instant::now())
    }

    /// Ends the session of these headers.
    pub(crate) fn end_session(&self, headers: &HeaderMap) {
        if let Some(id) = self.cookie().of(headers) {
            self.sessions.end(&tokens::sha256(id));
        }
    }

    async fn by_session(
        &self,
        database: &Database,
        headers: &HeaderMap,
        from: Option<IpAddr>,
    ) -> Result<Option<Caller>, Failure> {
        let Some(id) = self.cookie().of(headers).map(tokens::sha256) else { return Ok(None) };
        let Some(credential) = self.sessions.find(&id, Instant::now()) else { return Ok(None) };
        if let Ok(principal) = self.verify(database, &credential, from).await? {
            return Ok(Some(Caller { principal, from, means: Means::Session(id, credential) }));
        }
        // Its token was revoked or has expired.
        self.sessions.end(&id);
        Ok(None)
    }

    async fn verify(
        &self,
        database: &Database,
        credential: &Credential,
        from: Option<IpAddr>,
    ) -> Result<Result<Principal, &'static str>, Failure> {
        match (credential, &self.admission.jwt) {
            (Credential::Token(hash), _) => {
                let from = from.map(|address| address.to_string());
                let verified = tokens::verify_hash(database, hash, from.as_deref()).await?;
                Ok(verified.map_err(tokens::Refusal::as_str))
            }
            (Credential::Jwt(text), Some(jwt)) => match jwt.verify(text).await {
                Err(refusal @ JwtRefusal::KeysUnavailable) => {
                    let message = "the keys of the identity provider can't be fetched";
                    Err(Failure::new(refusal.as_str(), message).exit(Exit::Unavailable))
                }
                verified => Ok(verified.map_err(JwtRefusal::as_str)),
            },
            (Credential::Jwt(_), None) => Ok(Err("jwt_not_configured")),
        }
    }

    /// The caller isn't told why; the log has the reason.
    fn refused(
        &self,
        from: Option<IpAddr>,
        hash: Option<tokens::TokenHash>,
        reason: &'static str,
    ) -> Problem {
        tracing::warn!(?from, reason, "a token was refused");
        self.failures.failed(from, hash, Instant::now());
        let failure = Failure::usage("token_refused", "the token is unknown, expired or revoked")
            .hint("check that it is complete; `forebay tokens list` shows which tokens are good");
        failure.into()
    }

    /// Whether requests need no credential.
    async fn is_open(&self, database: &Database) -> Result<bool, Failure> {
        if !self.is_open.load(Ordering::Acquire) {
            return Ok(false);
        }
        if tokens::existing(database).await? == Existing::None {
            return Ok(true);
        }
        self.is_open.store(false, Ordering::Release);
        tracing::info!("a token was created: from now on, requests must present one");
        Ok(false)
    }
}

/// Headers that proxies and tunnels add.
const FORWARDED: [&str; 3] = ["forwarded", "via", "x-forwarded-for"];

/// The token of a request (RFC 6750, section 2.1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = text.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

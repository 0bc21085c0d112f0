//! Tokens of the API: creating, revoking and verifying.
//!
//! A token is `fby_`, 32 random bytes and their checksum (CRC-32), both in base64url. Scanners of repositories
//! recognise the prefix, and the checksum tells a typo from a token that was never given out, without asking the
//! database. The database has the SHA-256 of the whole token. With 256 random bits there is nothing to guess, so it
//! needs no salt and no slow function, which passwords need: verifying costs one indexed read.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use flate2::Crc;
use forebay_domain::access::{Principal, Role};
use forebay_store::{
    actions::{self, Action, ActionName, Actor, TargetKind},
    connect::Database,
    sources,
    tokens::{self, NewToken, TokenRow},
};
use jiff::Timestamp;
use ring::{
    digest::{SHA256, digest},
    rand::{SecureRandom, SystemRandom},
};
use serde_json::json;

pub use forebay_store::tokens::{Existing, TokenHash};

use crate::{
    clock,
    error::{Error, Result, TokenError},
};

/// How every token begins.
pub const PREFIX: &str = "fby_";
const SECRET_BYTES: usize = 32;
const CHECKSUM_BYTES: usize = 4;

forebay_domain::words! {
    /// Why a token is refused. Only the log says so; the caller learns that it is refused.
    pub enum Refusal {
        /// It is no token: another prefix, cut off, or a typo.
        Malformed = "token_malformed",
        /// It has the form of a token, and no database of this installation gave it out.
        Unknown = "token_unknown",
        /// It has expired.
        Expired = "token_expired",
        /// Somebody revoked it.
        Revoked = "token_revoked",
    }
}

/// What a new token is for.
#[derive(Clone, Debug)]
pub struct TokenRequest {
    /// Its name; `None`: its role with a random number.
    pub name: Option<String>,
    /// What its holder may do.
    pub role: Role,
    /// The only sources that it is good for; `None`: all sources. A token for ingest needs them.
    pub sources: Option<Vec<String>>,
    /// When it expires; `None`: never.
    pub expires_at: Option<Timestamp>,
}

/// A new token. Its text is nowhere else.
pub struct CreatedToken {
    /// What is stored about it.
    pub row: TokenRow,
    /// The token.
    pub secret: String,
}

/// Creates a token. Errors: `token_name_taken`, `token_needs_source`, `token_expiry_past`, `no_such_source`.
pub async fn create(database: &Database, request: &TokenRequest, by: &Actor) -> Result<CreatedToken> {
    if request.role == Role::Ingest && request.sources.is_none() {
        return Err(TokenError::NeedsSource.into());
    }
    if request.expires_at.is_some_and(|at| at <= clock::now()) {
        return Err(TokenError::ExpiryPast.into());
    }
    let mut random = [0; SECRET_BYTES];
    // The operating system has no random numbers: nothing here can be done about it.
    SystemRandom::new().fill(&mut random).map_err(|_| TokenError::NoRandomness)?;
    let secret = written(&random);
    let number = clock::random_seed() % 9_000 + 1_000;
    let name = request.name.clone().unwrap_or_else(|| format!("{}-{number}", request.role));
    let mut client = database.client().await?;
    let transaction = client.transaction().await.map_err(forebay_store::Error::from)?;
    for source in request.sources.iter().flatten() {
        // A token for a source that comes later would be a typo most of the time.
        if sources::find(&*transaction, source).await?.is_none() {
            return Err(Error::NotScraped { source_name: source.clone() });
        }
    }
    let new = NewToken {
        name: &name,
        role: request.role,
        sources: request.sources.as_deref(),
        hash: &sha256(&secret),
        expires_at: request.expires_at,
        created_by: &by.name,
    };
    let row = tokens::add(&*transaction, &new)
        .await?
        .ok_or_else(|| TokenError::NameTaken { name: name.clone() })?;
    let action = Action {
        parameters: json!({
            "token_id": row.token_id,
            "role": row.role,
            "sources": row.sources,
            "expires_at": row.expires_at,
        }),
        ..Action::on(ActionName::TokenCreated, TargetKind::Token, &row.name)
    };
    actions::record(&*transaction, by, &action).await?;
    transaction.commit().await.map_err(forebay_store::Error::from)?;
    Ok(CreatedToken { row, secret })
}

/// Revokes a token by its name or number, at once. Error: `no_such_token`.
pub async fn revoke(database: &Database, name_or_id: &str, by: &Actor) -> Result<TokenRow> {
    let mut client = database.client().await?;
    let transaction = client.transaction().await.map_err(forebay_store::Error::from)?;
    let row = tokens::revoke(&*transaction, name_or_id, &by.name)
        .await?
        .ok_or_else(|| TokenError::NotFound { name: name_or_id.to_owned() })?;
    let action = Action {
        parameters: json!({ "token_id": row.token_id }),
        ..Action::on(ActionName::TokenRevoked, TargetKind::Token, &row.name)
    };
    actions::record(&*transaction, by, &action).await?;
    transaction.commit().await.map_err(forebay_store::Error::from)?;
    Ok(row)
}

/// Whether there are tokens that are not revoked.
pub async fn existing(database: &Database) -> Result<Existing> {
    Ok(tokens::existing(&**database.client().await?).await?)
}

/// Says whose token this is, or why it is refused, and records its use from a host or address.
pub async fn verify(
    database: &Database,
    presented: &str,
    from: Option<&str>,
) -> Result<std::result::Result<Principal, Refusal>> {
    match hash_of(presented) {
        Some(hash) => verify_hash(database, &hash, from).await,
        None => Ok(Err(Refusal::Malformed)),
    }
}

/// The hash of a token; `None`: it has another form.
pub fn hash_of(presented: &str) -> Option<TokenHash> {
    is_well_formed(presented).then(|| sha256(presented))
}

/// The same as [`verify`] for a token of which the program has kept the hash.
pub async fn verify_hash(
    database: &Database,
    hash: &TokenHash,
    from: Option<&str>,
) -> Result<std::result::Result<Principal, Refusal>> {
    let client = database.client().await?;
    let Some(row) = tokens::find(&**client, hash).await? else {
        return Ok(Err(Refusal::Unknown));
    };
    let now = clock::now();
    if row.revoked.is_some() {
        return Ok(Err(Refusal::Revoked));
    }
    if row.expires_at.is_some_and(|at| at <= now) {
        return Ok(Err(Refusal::Expired));
    }
    // Most requests write nothing.
    if row.last_used_at.is_none_or(|at| now.duration_since(at).as_secs() >= 60) {
        tokens::used(&**client, row.token_id, from).await?;
    }
    Ok(Ok(Principal { name: row.name, role: row.role, sources: row.sources }))
}

/// The SHA-256 of a text, in place of which it is kept.
pub fn sha256(text: &str) -> TokenHash {
    let mut hash = TokenHash::default();
    hash.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
    hash
}

fn written(random: &[u8; SECRET_BYTES]) -> String {
    format!("{PREFIX}{}{}", URL_SAFE_NO_PAD.encode(random), URL_SAFE_NO_PAD.encode(checksum(random)))
}

fn checksum(random: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let mut crc = Crc::new();
    crc.update(random);
    crc.sum().to_be_bytes()
}

fn is_well_formed(text: &str) -> bool {
    // 32 bytes end in the middle of a character's bits, so both parts are encoded apart.
    const SECRET_CHARS: usize = (SECRET_BYTES * 8).div_ceil(6);
    let parts = text.strip_prefix(PREFIX).and_then(|rest| rest.split_at_checked(SECRET_CHARS));
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
    parts
        .and_then(|(secret, sum)| Some((decode(secret)?, decode(sum)?)))
        .is_some_and(|(secret, sum)| secret.len() == SECRET_BYTES && sum == checksum(&secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_is_told_apart_from_an_unknown_token() {
        let token = written(&[7; SECRET_BYTES]);
        assert_eq!(token.len(), 4 + 43 + 6);
        assert!(is_well_formed(&token));
        for place in 0..token.len() {
            let mut typo = token.clone().into_bytes();
            typo[place] = if typo[place] == b'A' { b'B' } else { b'A' };
            assert!(!is_well_formed(&String::from_utf8(typo).unwrap()), "at {place}");
        }
        for text in
            ["", "fby_", &token[..40], &token[1..], &format!("{token}A"), &format!("{token} "), "fby_ü"]
        {
            assert!(!is_well_formed(text), "{text}");
        }
    }
}

//! Tokens of the API: hashes, what they are good for, and when each was last used.

use forebay_domain::access::Role;
use jiff::Timestamp;
use tokio_postgres::{GenericClient, Row, types::Type};

use crate::{error::Result, row::ReadRow};

const COLUMNS: &str = "t.token_id, t.name, t.role, t.sources, t.created_at, t.created_by, t.expires_at, t.revoked_at, \
     t.revoked_by, t.last_used_at, t.last_used_from";

/// SHA-256 of a token.
pub type TokenHash = [u8; 32];

/// A token, without its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRow {
    /// Its number.
    pub token_id: i32,
    /// Its name, unique among tokens that are not revoked.
    pub name: String,
    /// What its holder may do.
    pub role: Role,
    /// The only sources that it is good for; `None`: all sources.
    pub sources: Option<Vec<String>>,
    /// When it was created.
    pub created_at: Timestamp,
    /// Who created it.
    pub created_by: String,
    /// When it expires; `None`: never.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked, and by whom.
    pub revoked: Option<(Timestamp, String)>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// The host or address of its last use.
    pub last_used_from: Option<String>,
}

/// A token to store.
#[derive(Clone, Debug)]
pub struct NewToken<'a> {
    /// Its name.
    pub name: &'a str,
    /// What its holder may do.
    pub role: Role,
    /// The only sources that it is good for; `None`: all sources.
    pub sources: Option<&'a [String]>,
    /// Its hash.
    pub hash: &'a TokenHash,
    /// When it expires; `None`: never.
    pub expires_at: Option<Timestamp>,
    /// Who creates it.
    pub created_by: &'a str,
}

/// Stores a token. `None`: a token that is not revoked has its name.
pub async fn add(client: &impl GenericClient, new: &NewToken<'_>) -> Result<Option<TokenRow>> {
    let statement = format!(
        "insert into forebay.api_tokens as t (name, role, sources, token_hash, expires_at, created_by) \
         values ($1, $2, $3, $4, $5, $6) on conflict (name) where revoked_at is null do nothing returning {COLUMNS}"
    );
    let row = client
        .query_typed_opt(
            &statement,
            &[
                (&new.name, Type::TEXT),
                (&new.role.as_str(), Type::TEXT),
                (&new.sources, Type::TEXT_ARRAY),
                (&new.hash.as_slice(), Type::BYTEA),
                (&new.expires_at, Type::TIMESTAMPTZ),
                (&new.created_by, Type::TEXT),
            ],
        )
        .await?;
    row.as_ref().map(from_row).transpose()
}

/// Finds a token by its hash, whether or not it is still good.
pub async fn find(client: &impl GenericClient, hash: &TokenHash) -> Result<Option<TokenRow>> {
    let statement = format!("select {COLUMNS} from forebay.api_tokens as t where t.token_hash = $1");
    let row = client.query_typed_opt(&statement, &[(&hash.as_slice(), Type::BYTEA)]).await?;
    row.as_ref().map(from_row).transpose()
}

/// Records a use, at most once a minute.
pub async fn used(client: &impl GenericClient, token_id: i32, from: Option<&str>) -> Result<()> {
    let statement = "update forebay.api_tokens set last_used_at = now(), last_used_from = $2 \
         where token_id = $1 and (last_used_at is null or last_used_at < now() - interval '1 minute')";
    client.execute_typed(statement, &[(&token_id, Type::INT4), (&from, Type::TEXT)]).await?;
    Ok(())
}

/// All tokens, those that are not revoked first, each by name.
pub async fn list(client: &impl GenericClient) -> Result<Vec<TokenRow>> {
    let statement = format!(
        "select {COLUMNS} from forebay.api_tokens as t order by t.revoked_at is not null, t.name, t.token_id"
    );
    client.query_typed(&statement, &[]).await?.iter().map(from_row).collect()
}

/// The tokens that are not revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// There are none.
    None,
    /// All have expired.
    Expired,
    /// At least one is good.
    Valid,
}

/// Whether there are tokens that are not revoked.
pub async fn existing(client: &impl GenericClient) -> Result<Existing> {
    let statement = "select bool_or(expires_at is null or expires_at > now()) as is_any_valid \
         from forebay.api_tokens where revoked_at is null";
    let is_any_valid: Option<bool> = client.query_typed_one(statement, &[]).await?.read("is_any_valid")?;
    Ok(match is_any_valid {
        None => Existing::None,
        Some(false) => Existing::Expired,
        Some(true) => Existing::Valid,
    })
}

/// Revokes the token of this name, or of this number. Returns it; `None`: there is none, or it is revoked.
pub async fn revoke(client: &impl GenericClient, name_or_id: &str, by: &str) -> Result<Option<TokenRow>> {
    let statement = format!(
        "with found as materialized (select token_id from forebay.api_tokens \
             where revoked_at is null and (name = $1 or token_id::text = $1) \
             order by name <> $1 limit 1 for update) \
         update forebay.api_tokens as t set revoked_at = now(), revoked_by = $2 from found as f \
         where t.token_id = f.token_id returning {COLUMNS}"
    );
    let row = client.query_typed_opt(&statement, &[(&name_or_id, Type::TEXT), (&by, Type::TEXT)]).await?;
    row.as_ref().map(from_row).transpose()
}

fn from_row(row: &Row) -> Result<TokenRow> {
    let revoked_by: Option<String> = row.read("revoked_by")?;
    Ok(TokenRow {
        token_id: row.read("token_id")?,
        name: row.read("name")?,
        role: row.word("role")?,
        sources: row.read("sources")?,
        created_at: row.read("created_at")?,
        created_by: row.read("created_by")?,
        expires_at: row.read("expires_at")?,
        revoked: row.read::<Option<Timestamp>>("revoked_at")?.zip(revoked_by),
        last_used_at: row.read("last_used_at")?,
        last_used_from: row.read("last_used_from")?,
    })
}

//! Tokens of the API.

use forebay_engine::tokens::CreatedToken;
use forebay_store::tokens::TokenRow;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::time::Time;

/// A token of the API. The token itself is shown only once, when it is created.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApiToken {
    /// Its number.
    pub token_id: i32,
    /// Its name, unique among tokens that are not revoked.
    pub name: String,
    /// What its holder may do.
    #[schemars(schema_with = "crate::words::role")]
    pub role: String,
    /// The only sources that it is good for; null: all sources.
    pub sources: Option<Vec<String>>,
    /// When it was created.
    pub created_at: Time,
    /// Who created it.
    pub created_by: String,
    /// When it expires; null: never.
    pub expires_at: Option<Time>,
    /// When it was revoked; null: it is not.
    pub revoked_at: Option<Time>,
    /// Who revoked it; null: nobody.
    pub revoked_by: Option<String>,
    /// When it was last used, to the minute; null: never.
    pub last_used_at: Option<Time>,
    /// The host or address of its last use; null: never used, or unknown.
    pub last_used_from: Option<String>,
}

/// A new token of the API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApiTokenCreated {
    /// The token. It is shown only here: only its hash is stored.
    pub secret: String,
    /// What is stored about it.
    pub token: ApiToken,
}

impl From<TokenRow> for ApiToken {
    fn from(row: TokenRow) -> Self {
        let (revoked_at, revoked_by) = row.revoked.unzip();
        Self {
            token_id: row.token_id,
            name: row.name,
            role: row.role.to_string(),
            sources: row.sources,
            created_at: row.created_at.into(),
            created_by: row.created_by,
            expires_at: row.expires_at.map(Time::from),
            revoked_at: revoked_at.map(Time::from),
            revoked_by,
            last_used_at: row.last_used_at.map(Time::from),
            last_used_from: row.last_used_from,
        }
    }
}

impl From<CreatedToken> for ApiTokenCreated {
    fn from(created: CreatedToken) -> Self {
        Self { secret: created.secret, token: created.row.into() }
    }
}

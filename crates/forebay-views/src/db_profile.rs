//! A profile: views and tables named as existing code expects them.

use forebay_store::profiles::Profile;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::time::Time;

/// A profile in the database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DatabaseProfile {
    /// Its name.
    #[schemars(schema_with = "crate::words::profile_name")]
    pub profile: String,
    /// The schema that contains its views and tables.
    pub schema: String,
    /// Its views and tables.
    pub relations: Vec<String>,
    /// The keys of the scope that are columns of `sync_metadata`, in order; empty for other profiles.
    pub scope_columns: Vec<String>,
    /// When it was first created.
    pub created_at: Time,
}

impl From<Profile> for DatabaseProfile {
    fn from(profile: Profile) -> Self {
        Self {
            profile: profile.name.to_string(),
            schema: profile.schema,
            relations: profile.relations,
            scope_columns: profile.scope_columns,
            created_at: Time::from(profile.created_at),
        }
    }
}

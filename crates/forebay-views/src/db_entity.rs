//! Typed views of an entity type.

use forebay_store::entities::{EntityViews, FieldFit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::time::Time;

/// The typed views of an entity type in a schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DatabaseEntity {
    /// The entity type.
    pub entity_type: String,
    /// The schema that contains the views.
    pub schema: String,
    /// The view of the references, and that of their revisions.
    pub relations: Vec<String>,
    /// The indexes of `references` that their filters use.
    pub indexes: Vec<String>,
    /// How the stored references follow the declaration of each field; null in lists.
    pub fields: Option<Vec<EntityFieldFit>>,
    /// When they were created.
    pub created_at: Time,
}

/// How the stored references of an entity type follow the declaration of a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EntityFieldFit {
    /// The field.
    pub field: String,
    /// References with a value that is not of its type, which the view shows as null.
    pub num_wrong: u64,
    /// References without a value, if it is required.
    pub num_missing: u64,
}

impl DatabaseEntity {
    /// Views that were just created, with how the stored references fit.
    pub fn created(views: EntityViews, fits: Vec<FieldFit>) -> Self {
        let fields = fits.into_iter().map(|fit| EntityFieldFit {
            field: fit.field,
            num_wrong: fit.num_wrong,
            num_missing: fit.num_missing,
        });
        Self { fields: Some(fields.collect()), ..views.into() }
    }
}

impl From<EntityViews> for DatabaseEntity {
    fn from(views: EntityViews) -> Self {
        Self {
            entity_type: views.entity_type,
            schema: views.schema,
            relations: views.relations,
            indexes: views.indexes,
            fields: None,
            created_at: Time::from(views.created_at),
        }
    }
}

//! The option of every command that changes something on purpose: why. And who runs it.

use forebay_domain::access::Skin;
use forebay_store::actions::Actor;

/// Why something is changed.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Why {
    /// Why, for the audit trail (`forebay actions`)
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

impl Why {
    /// The user who runs this command, with the reason.
    pub(crate) fn actor(&self) -> Actor {
        Actor::this_user(Skin::Cli).because(self.reason.as_deref())
    }
}

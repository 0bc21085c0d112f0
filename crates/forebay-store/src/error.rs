//! The one error type of this crate.
//!
//! Every variant has a stable code ([`Error::code`]) that skins print and scripts match on; most also say what to do
//! next ([`Error::hint`]). When adding a variant: a released code never changes, and no message contains a secret.
//! That is why no variant holds a connection URL, and why server errors go through [`ServerError`], which omits the
//! detail line (it quotes the rejected row).

mod hints;
mod kind;
mod server;
mod text;

pub use kind::Error;
pub use server::ServerError;
pub(crate) use server::is_about_data;

/// The result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

//! Stored data for AI programs: the tools and resources of Forebay's server of the Model Context Protocol.
//!
//! A transport makes [`Access`] for each client and serves a [`Server`] with it: `forebay mcp` on standard input and
//! output, `forebay serve` over HTTP. Tools answer with the same views as every other interface, in a size that fits a
//! model's context, and with hints that a model can follow. Each tool has a file in `tools`.

mod access;
mod arguments;
mod catalogue;
mod excerpt;
mod forced;
mod hints;
mod resources;
mod server;
mod tool;
mod tools;

pub use self::{
    access::{Access, Shared},
    server::Server,
};

//! TLS for HTTP clients: rustls with the ring provider, and the machine's root certificates.
//!
//! The provider is given explicitly, because a library must not install one for the whole process. The engine's clients
//! use this too. Connections to Postgres have their own: `forebay-store` doesn't depend on this crate.

use std::sync::{Arc, OnceLock};

use rustls::{ClientConfig, RootCertStore, crypto::ring::default_provider};

/// The machine's root certificates, read once per process. Unreadable certificates are skipped; there may be none.
pub fn roots() -> Arc<RootCertStore> {
    static ROOTS: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    let read = || {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        Arc::new(roots)
    };
    ROOTS.get_or_init(read).clone()
}

/// TLS that trusts `roots`.
pub fn config(roots: Arc<RootCertStore>) -> Result<ClientConfig, rustls::Error> {
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    Ok(builder.with_safe_default_protocol_versions()?.with_root_certificates(roots).with_no_client_auth())
}

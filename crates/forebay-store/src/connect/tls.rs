//! Encryption to the database, with rustls and the ring provider.
//!
//! libpq's modes control two things: whether to encrypt, which the driver decides, and which parts of the server's
//! certificate to verify, which is decided here. `require` encrypts without verifying, as users expect from libpq; that
//! stops eavesdroppers but not impostors. The handshake's signatures are always checked, even if the certificate is not
//! verified.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_cert_signed_by_trust_anchor,
    },
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject},
    server::ParsedCertificate,
};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::{Error, Result};

/// Which parts of the server's certificate are verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Verify {
    /// Nothing: `disable`, `allow`, `prefer`, `require`.
    #[default]
    Nothing,
    /// The signature of a trusted authority: `verify-ca`.
    Chain,
    /// The signature and the host name: `verify-full`.
    ChainAndName,
}

/// The encryption options of the URL, except whether to encrypt.
#[derive(Debug, Clone, Default)]
pub(super) struct Tls {
    pub(super) verify: Verify,
    /// The authorities to trust, in PEM; by default, and for `system`, those of the machine.
    pub(super) root_certificate: Option<PathBuf>,
    /// Our own certificate with its key, in PEM, for servers that request one.
    pub(super) certificate: Option<PathBuf>,
    pub(super) key: Option<PathBuf>,
}

/// The connector for encrypted connections with these options.
pub(super) fn connector(tls: &Tls) -> Result<MakeRustlsConnect> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| failed("the TLS library could not be set up", error))?;
    let builder = match tls.verify {
        Verify::ChainAndName => {
            let verifier =
                WebPkiServerVerifier::builder_with_provider(Arc::new(roots(tls)?), provider).build();
            let verifier = verifier.map_err(|error| failed("the root certificates cannot be used", error))?;
            builder.dangerous().with_custom_certificate_verifier(verifier)
        }
        Verify::Chain => {
            let verifier = Lenient { roots: Some(roots(tls)?), provider };
            builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier))
        }
        Verify::Nothing => {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(Lenient { roots: None, provider }))
        }
    };
    let config = match (&tls.certificate, &tls.key) {
        (Some(certificate), Some(key)) => {
            let chain = certificates(certificate)?;
            let key = PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable(key, error))?;
            let config = builder.with_client_auth_cert(chain, key);
            config.map_err(|error| {
                failed("the certificate in sslcert and the key in sslkey do not match", error)
            })?
        }
        (None, None) => builder.with_no_client_auth(),
        _ => {
            return Err(Error::Tls {
                reason: "sslcert and sslkey must be set together".into(),
                source: None,
            });
        }
    };
    Ok(MakeRustlsConnect::new(config))
}

/// The authorities to trust.
fn roots(tls: &Tls) -> Result<RootCertStore> {
    let mut store = RootCertStore::empty();
    let named = tls.root_certificate.as_deref().filter(|path| *path != Path::new("system"));
    if let Some(path) = named {
        for certificate in certificates(path)? {
            store.add(certificate).map_err(|error| unreadable(path, error))?;
        }
    } else {
        // The machine's store may contain unreadable certificates; the others are still usable. `forebay_sources::tls`
        // reads it for HTTP clients. This crate can't call it, because it doesn't depend on sources or on HTTP, and
        // `forebay-domain`, the only crate below both, never reads files.
        store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    if store.is_empty() {
        let reason = "no root certificate was found to verify the server".into();
        return Err(Error::Tls { reason, source: None });
    }
    Ok(store)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    read.map_err(|error| unreadable(path, error))
}

fn unreadable(path: &Path, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    failed(&format!("{} cannot be used", path.display()), error)
}

fn failed(reason: &str, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Tls { reason: reason.to_owned(), source: Some(Box::new(error)) }
}

/// Verifies everything but the host name: the chain if there are roots, otherwise nothing.
#[derive(Debug)]
struct Lenient {
    roots: Option<RootCertStore>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if let Some(roots) = &self.roots {
            let certificate = ParsedCertificate::try_from(end_entity)?;
            let algorithms = self.provider.signature_verification_algorithms.all;
            verify_server_cert_signed_by_trust_anchor(&certificate, roots, intermediates, now, algorithms)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

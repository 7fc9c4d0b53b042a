//! The emulator's certificate authority and the certificates of its hosts.

use std::{
    collections::HashMap,
    fmt::{Debug, Formatter},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivatePkcs8KeyDer},
};
use thiserror::Error;

/// A certificate could not be made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub(crate) enum CertificateError {
    #[error("making a certificate failed")]
    Make(#[from] rcgen::Error),
    #[error("the certificate does not fit TLS")]
    Use(#[from] rustls::Error),
}

/// Makes a certificate for each host it is asked for, once.
pub(crate) struct CertificateAuthority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    leaf_key: KeyPair,
    not_before: SystemTime,
    configs: Mutex<HashMap<String, Arc<ServerConfig>>>,
}

impl CertificateAuthority {
    /// Makes a new authority.
    pub(crate) fn new(now: SystemTime) -> Result<Self, CertificateError> {
        let key = KeyPair::generate()?;
        let pem = Self::params(now).self_signed(&key)?.pem();
        Self::with(now, key, pem)
    }

    /// The authority of an earlier emulator: its key and its certificate, as PEM.
    pub(crate) fn again(now: SystemTime, key: &str, pem: String) -> Result<Self, CertificateError> {
        Self::with(now, KeyPair::from_pem(key)?, pem)
    }

    /// The authority's key as PEM, for [`again`](Self::again).
    pub(crate) fn key_pem(&self) -> String {
        self.issuer.key().serialize_pem()
    }

    fn with(now: SystemTime, key: KeyPair, pem: String) -> Result<Self, CertificateError> {
        Ok(Self {
            issuer: Issuer::new(Self::params(now), key),
            pem,
            leaf_key: KeyPair::generate()?,
            not_before: now - DAY,
            configs: Mutex::default(),
        })
    }

    fn params(now: SystemTime) -> CertificateParams {
        // A little back, for a client whose clock is behind.
        let mut params = CertificateParams::default();
        params.distinguished_name = name("azbroker emulator, for tests on this machine only");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.not_before = (now - DAY).into();
        params.not_after = (now + VALIDITY).into();
        params
    }

    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    /// The TLS side of a host; sessions of earlier connections resume.
    pub(crate) fn server_config(&self, host: &str) -> Result<Arc<ServerConfig>, CertificateError> {
        let mut configs = self.configs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(config) = configs.get(host) {
            return Ok(config.clone());
        }
        let config = Arc::new(self.make_config(host)?);
        configs.insert(host.to_owned(), config.clone());
        Ok(config)
    }

    fn make_config(&self, host: &str) -> Result<ServerConfig, CertificateError> {
        let key = PrivatePkcs8KeyDer::from(self.leaf_key.serialize_der());
        // The provider is named, so that a program with another default provider is not disturbed.
        let mut config =
            ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()?
                .with_no_client_auth()
                .with_single_cert(vec![self.leaf(host)?], key.into())?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }

    fn leaf(&self, host: &str) -> Result<CertificateDer<'static>, CertificateError> {
        let mut params = CertificateParams::new(vec![host.to_owned()])?;
        params.distinguished_name = name(host);
        // Python's strict check wants both key identifiers: this one, and the subject's that comes with
        // `ExplicitNoCa`.
        params.use_authority_key_identifier_extension = true;
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.not_before = self.not_before.into();
        params.not_after = (self.not_before + VALIDITY).into();
        Ok(params
            .signed_by(&self.leaf_key, &self.issuer)?
            .der()
            .clone())
    }
}

impl Debug for CertificateAuthority {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CertificateAuthority")
            .finish_non_exhaustive()
    }
}

fn name(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name
}

const DAY: Duration = Duration::from_secs(86_400);
/// Short enough for clients that refuse certificates of more than 398 days.
const VALIDITY: Duration = Duration::from_secs(90 * 86_400);

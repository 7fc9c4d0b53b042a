//! The files that a program run against the emulator reads.

#[cfg(test)]
mod tests;

use std::ffi::OsStr;
use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::environment::{Variables, shell_quoted};

/// Where the files are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Files {
    /// The emulator's certificate authority alone, as PEM.
    pub(crate) ca: PathBuf,
    /// The system's certificate authorities and the emulator's, as PEM.
    pub(crate) bundle: PathBuf,
    /// The script that teaches Node's `fetch` the proxy.
    pub(crate) preload: PathBuf,
    /// A folder for Azure CLI, empty.
    pub(crate) azure_config: PathBuf,
    /// The program for `BROWSER`, if one was asked for.
    pub(crate) browser: Option<PathBuf>,
}

/// What is called with the URL in place of a browser.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BrowserCommand<'a> {
    /// The program.
    pub(crate) program: &'a Path,
    /// Its arguments before the URL.
    pub(crate) arguments: &'a [&'a OsStr],
}

/// A file of the emulation cannot be written; the user must make room, or the caller give a fresh folder.
#[derive(Debug, Error)]
#[error("cannot write `{}`", .path.display())]
pub(crate) struct FilesError {
    path: PathBuf,
    #[source]
    source: io::Error,
}

impl Files {
    /// Writes the files to `folder`, which should be private and fresh: a file that is there is an error.
    ///
    /// The bundle begins with the certificate authorities the process trusts so far: those of `SSL_CERT_FILE` in
    /// `parent`, or else the system's. Where neither is found it has the emulator's alone.
    ///
    /// # Errors
    ///
    /// [`FilesError`] names the file that could not be written.
    pub(crate) fn write(
        folder: &Path,
        ca_pem: &str,
        parent: &Variables,
        browser: Option<BrowserCommand<'_>>,
    ) -> Result<Self, FilesError> {
        let ca = folder.join("ca.pem");
        let bundle = folder.join("bundle.pem");
        let preload = folder.join("node-preload.cjs");
        let azure_config = folder.join("azure");

        write_new(&ca, ca_pem.as_bytes(), DATA)?;
        write_new(&bundle, &bundled(trusted_so_far(parent), ca_pem), DATA)?;
        write_new(&preload, NODE_PRELOAD.as_bytes(), DATA)?;
        DirBuilder::new()
            .mode(PROGRAM)
            .create(&azure_config)
            .map_err(|source| FilesError {
                path: azure_config.clone(),
                source,
            })?;
        let browser = match browser {
            None => None,
            Some(command) => {
                let path = folder.join("browser");
                write_new(&path, &command.script(), PROGRAM)?;
                Some(path)
            }
        };
        Ok(Self {
            ca,
            bundle,
            preload,
            azure_config,
            browser,
        })
    }
}

impl BrowserCommand<'_> {
    /// The script that calls the program with the URL, and like a browser does not keep its caller waiting.
    ///
    /// Programs open the browser first and answer the redirect afterwards, in the same thread: a script that
    /// waited for the sign-in to end would wait for ever.
    fn script(&self) -> Vec<u8> {
        let mut script = b"#!/bin/sh\n".to_vec();
        script.extend_from_slice(&shell_quoted(self.program.as_os_str().as_bytes()));
        for argument in self.arguments {
            script.push(b' ');
            script.extend_from_slice(&shell_quoted(argument.as_bytes()));
        }
        script.extend_from_slice(b" \"$1\" </dev/null >/dev/null &\n");
        script
    }
}

/// The authorities that the parent trusts, as PEM; the first that can be read.
fn trusted_so_far(parent: &Variables) -> Option<Vec<u8>> {
    let own = parent.get(OsStr::new("SSL_CERT_FILE")).map(Path::new);
    let system = SYSTEM_BUNDLES.into_iter().map(Path::new);
    own.into_iter()
        .chain(system)
        .find_map(|path| std::fs::read(path).ok().filter(|pem| !pem.is_empty()))
}

/// Puts the emulator's authority after the others.
fn bundled(others: Option<Vec<u8>>, ca_pem: &str) -> Vec<u8> {
    let mut bundle = others.unwrap_or_default();
    if bundle.last().is_some_and(|last| *last != b'\n') {
        bundle.push(b'\n');
    }
    bundle.extend_from_slice(ca_pem.as_bytes());
    bundle
}

/// Writes a file that does not exist yet, and so is not somebody else's link.
fn write_new(path: &Path, content: &[u8], mode: u32) -> Result<(), FilesError> {
    let written = || {
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(path)?
            .write_all(content)
    };
    written().map_err(|source| FilesError {
        path: path.to_path_buf(),
        source,
    })
}

const NODE_PRELOAD: &str = include_str!("node_preload.cjs");

const DATA: u32 = 0o600;
const PROGRAM: u32 = 0o700;

/// Where distributions keep the authorities: Debian, Fedora and RHEL, openSUSE, older RHEL, Alpine and the BSDs.
const SYSTEM_BUNDLES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
];

use std::path::PathBuf;

/// Where the key of the encrypted file comes from.
///
/// An environment variable is none: every program that the broker starts, such as the browser, would inherit
/// it, and `/proc/<pid>/environ` shows it to the user's other programs.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum KeySource {
    /// A file of key material that systemd hands over, as `LoadCredentialEncrypted=azbroker-key` does.
    Credential(PathBuf),
    /// A file with a passphrase, which nobody else may read.
    PassphraseFile(PathBuf),
}

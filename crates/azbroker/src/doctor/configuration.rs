use super::finding::Finding;
use crate::config_file::ConfigFile;

/// Reads the file that `serve` reads; without one all settings are the usual ones. Where it is wrong there is nothing to
/// go by, and no broker starts.
pub(super) fn examine(tell: &mut impl FnMut(Finding)) -> Option<ConfigFile> {
    let hop = "configuration";
    match ConfigFile::of_user() {
        Ok((file, path)) => {
            let found = match path {
                Some(path) => format!("{} can be read", path.display()),
                None => "there is no config.toml, so the settings are the usual ones".to_owned(),
            };
            tell(Finding::fine(hop, found));
            Some(file)
        }
        Err(failure) => {
            let (wrong, cure) = failure.into_parts();
            tell(Finding::broken(hop, wrong, cure.unwrap_or_default()));
            None
        }
    }
}

use azbroker_entra::RefreshToken;
use azbroker_service::{FileBytes, StoredGrant};

/// The encrypted file of accounts: an even first byte, and the rest is the file; an odd one, and the rest is what
/// the holder of its key hid in it. What was read can be written and read again, and means the same; a file
/// that was changed anywhere or cut off is refused, and a fault quotes nothing.
pub fn encrypted_file(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first() else {
        return;
    };
    thread_local!(static FILES: FileBytes = files_of_a_broker());
    FILES.with(|files| {
        let hidden;
        let file = match first % 2 {
            0 => rest,
            _ => {
                hidden = files.hide(rest).expect("it can be encrypted");
                &hidden
            }
        };
        let Some(grants) = read(files, file) else {
            return;
        };
        // Any byte of it, from wherever the first byte points.
        refused_when_changed(files, file, usize::from(*first));
        let again = files.write(&grants).expect("it can be encrypted");
        let again = read(files, &again).expect("what is written can be read");
        assert_eq!(shown(&again), shown(&grants));
    });
}

/// Files under the key of the one that a broker wrote, which can be opened still. With another key, or in another
/// form, nothing that a fuzzer makes of that file would come past the first check.
fn files_of_a_broker() -> FileBytes {
    let files = FileBytes::under(MATERIAL).expect("a key");
    let (first, file) = WRITTEN.split_first().expect("it is not empty");
    assert_eq!(first % 2, 0, "it is to be read as a file");
    let grants = files.read(file).expect("a broker wrote it");
    let kept: Vec<_> = grants
        .iter()
        .map(|grant| {
            let token = grant.refresh_token.as_ref().map(RefreshToken::expose);
            (grant.account.username.as_str(), token)
        })
        .collect();
    let ada = Some("the refresh token of Ada in a file");
    let expected = [("ada@contoso.example", ada), ("bob@contoso.example", None)];
    assert_eq!(kept, expected);
    files
}

fn read(files: &FileBytes, file: &[u8]) -> Option<Vec<StoredGrant>> {
    match files.read(file) {
        Ok(grants) => {
            let shown = format!("{grants:?}");
            for token in grants
                .iter()
                .filter_map(|grant| grant.refresh_token.as_ref())
            {
                // A shorter one may stand there by chance.
                let is_told = token.expose().len() > 16 && shown.contains(token.expose());
                assert!(!is_told || is_elsewhere(&grants, token.expose()), "{shown}");
            }
            Some(grants)
        }
        Err(fault) => {
            // Its words are ours: a bound on its length is a bound on what it can quote.
            let is_ours = fault.starts_with("is ") || fault.starts_with("was ");
            assert!(is_ours && fault.len() < 160, "{fault}");
            None
        }
    }
}

/// Whether a token stands in an account too, where nothing hides it.
fn is_elsewhere(grants: &[StoredGrant], token: &str) -> bool {
    grants
        .iter()
        .any(|grant| format!("{:?}", grant.account).contains(token))
}

fn refused_when_changed(files: &FileBytes, file: &[u8], at: usize) {
    let at = at * 257 % file.len();
    let mut changed = file.to_vec();
    changed[at] ^= 1;
    assert!(read(files, &changed).is_none(), "byte {at} may be changed");
    assert!(read(files, &file[..at]).is_none(), "it may end at {at}");
}

fn shown(grants: &[StoredGrant]) -> Vec<String> {
    let shown = |grant: &StoredGrant| {
        let token = grant.refresh_token.as_ref().map(|token| token.expose());
        format!("{grant:?} {token:?}")
    };
    grants.iter().map(shown).collect()
}

/// A seed: what a broker's store wrote to its disk, with that material as its systemd credential.
const WRITTEN: &[u8] = include_bytes!("../seeds/encrypted_file/file-of-a-broker");

/// What the files of the seeds are encrypted under.
const MATERIAL: &[u8] = b"key material of the fuzz target.";

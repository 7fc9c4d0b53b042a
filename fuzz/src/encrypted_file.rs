use azbroker_service::{FileBytes, StoredGrant};

/// The encrypted file of accounts: an even first byte, and the rest is the file; an odd one, and the rest is what
/// the holder of its key hid in it. What was read can be written and read again, and means the same; a file
/// that was changed anywhere or cut off is refused, and a fault quotes nothing.
pub fn encrypted_file(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first() else {
        return;
    };
    thread_local!(static FILES: FileBytes = FileBytes::under(MATERIAL).expect("a key"));
    FILES.with(|files| match first % 2 {
        0 => drop(read(files, rest)),
        _ => {
            let file = files.hide(rest).expect("it can be encrypted");
            if let Some(grants) = read(files, &file) {
                refused_when_changed(files, &file, usize::from(*first));
                let again = files.write(&grants).expect("it can be encrypted");
                let again = read(files, &again).expect("what is written can be read");
                assert_eq!(shown(&again), shown(&grants));
            }
        }
    });
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

/// What the files of the seeds are encrypted under.
const MATERIAL: &[u8] = b"key material of the fuzz target.";

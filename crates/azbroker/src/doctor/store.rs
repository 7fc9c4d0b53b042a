use super::finding::Finding;
use azure_identity_broker::BrokerStatus;

/// Whether accounts rest where they were wanted, by what the broker says of itself.
pub(super) fn store(hop: &'static str, status: &BrokerStatus) -> Finding {
    if let Some(kept) = &status.store_still_keeps {
        let (what, cure) = parts(kept);
        return Finding::broken(hop, what, cure.unwrap_or("mend that, then sign out again"));
    }
    if let Some(fault) = &status.store_fault {
        let (what, cure) = parts(fault);
        let cure = cure.unwrap_or("mend that, as by making room");
        return Finding::broken(
            hop,
            format!("the last change is in memory alone: {what}"),
            format!("{cure}; the next sign-in saves all that is held"),
        );
    }
    let reason_against = |store: &str| {
        let passed_over = &status.passed_over;
        let found = passed_over.iter().find(|passed| passed.store == store);
        found.map_or(status.store_description.as_str(), |passed| &passed.reason)
    };
    let wanted = status.store_wanted.as_str();
    if wanted != "auto" && wanted != status.store {
        return not_in_use(hop, status, wanted, reason_against(wanted));
    }
    let in_memory = status.store == "memory";
    let mut passed_over = status.passed_over.iter();
    match passed_over.find(|passed| passed.store == "file" && !passed.is_absent) {
        // Somebody set it up, so it is missed.
        Some(file) if in_memory => not_in_use(hop, status, &file.store, &file.reason),
        _ if in_memory && wanted == "auto" => Finding::notice(
            hop,
            "memory, until the broker ends",
            "to keep accounts, name a passphrase-file in config.toml or give the broker the systemd credential \
             azbroker-key; or run a keyring",
        ),
        _ => Finding::fine(hop, &status.store_description),
    }
}

fn not_in_use(hop: &'static str, status: &BrokerStatus, missed: &str, reason: &str) -> Finding {
    let in_use = match status.store.as_str() {
        "memory" => "memory, until the broker ends",
        _ => &status.store_description,
    };
    let (what, cure) = parts(reason);
    let (missed, else_cure) = match missed {
        "secret-service" => (
            "the Secret Service",
            "mend that, see the next line; or set store = \"auto\" in config.toml",
        ),
        _ => (
            "the encrypted file",
            "mend that; the next sign-in tries it again",
        ),
    };
    Finding::broken(
        hop,
        format!("accounts rest in {in_use}, not in {missed}: {what}"),
        cure.unwrap_or(else_cure),
    )
}

/// What is wrong, and what to do about it where the broker says so.
fn parts(reason: &str) -> (&str, Option<&str>) {
    match reason.split_once("; ") {
        Some((what, cure)) => (what, Some(cure)),
        None => (reason, None),
    }
}

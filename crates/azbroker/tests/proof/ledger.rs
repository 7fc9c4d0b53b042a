//! The ledger of an emulator that may have been killed many times.

use serde_json::Value;
use std::{collections::HashMap, path::Path};

/// One redemption of a refresh token that Entra ID answered with tokens.
#[derive(Clone, Debug)]
pub(crate) struct Redemption {
    /// Seconds since 1970.
    pub(crate) time: f64,
    /// Tells which refresh token it was.
    pub(crate) redeemed: String,
    /// The call that it was for.
    pub(crate) correlation_id: String,
}

/// All requests so far.
pub(crate) fn read(folder: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(folder.join("ledger.jsonl")).unwrap();
    text.lines()
        // Whoever was killed while writing left half a line.
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

/// The redemptions of each refresh token that was redeemed, in their order.
pub(crate) fn redemptions(entries: &[Value]) -> HashMap<String, Vec<Redemption>> {
    let mut all: HashMap<String, Vec<Redemption>> = HashMap::new();
    for entry in entries {
        if entry["grantType"] != "refresh_token" || entry["outcome"] != "answered" {
            continue;
        }
        let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
        let redemption = Redemption {
            time: entry["time"].as_f64().unwrap(),
            redeemed: text("redeemed"),
            correlation_id: text("clientRequestId"),
        };
        all.entry(redemption.redeemed.clone())
            .or_default()
            .push(redemption);
    }
    all
}

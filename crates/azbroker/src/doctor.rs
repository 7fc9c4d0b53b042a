//! The hops from this machine to a token, each tried by itself, so that a broken one can be named.

mod bus;
mod bus_address;
mod configuration;
mod finding;
mod machine;
mod network;
mod proxy_value;
mod store;

pub(crate) use finding::{Finding, Outcome};

use azbroker_service::AuthorityHost;

/// Tries every hop and tells each finding as soon as it is there.
///
/// Nothing here asks the user for anything, and each hop ends within seconds. Hops behind a broken one are not
/// tried: they would only say the same again.
pub(crate) async fn examine(host: &AuthorityHost, mut tell: impl FnMut(Finding)) {
    let configuration = configuration::examine(&mut tell);
    bus::examine(configuration.is_some(), &mut tell).await;
    network::examine(host, &mut tell).await;
    machine::examine(configuration.as_ref(), &mut tell);
}

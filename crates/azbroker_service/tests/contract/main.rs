//! The broker at one end of a socket pair, a plain D-Bus client at the other, and the emulated cloud behind.

mod bus;
mod claims;
mod clouds;
mod correlation;
mod default_account;
mod errors;
mod file_store;
mod hostile;
mod limits;
mod other_accounts;
mod other_clients;
mod picker;
mod proof_of_possession;
mod replay;
mod setup;
mod sign_ins_by_hand;
mod sign_out;
mod stores;
mod tokens;

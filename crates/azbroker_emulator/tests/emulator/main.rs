//! The emulator over real HTTP: through its proxy, with its certificates, on its pages.

mod clouds;
mod device_code;
mod discovery;
mod faults;
mod grants;
mod harness;
mod planned_faults;
mod proofs;
mod proxy;
mod resume;
mod secrecy;
mod sign_in;
mod sign_in_refusals;
mod tokens;
mod vault;
mod vault_caller;
mod vault_deletion;
mod world;

//! One file for each command.

pub(crate) mod account;
pub(crate) mod accounts;
pub(crate) mod doctor;
#[cfg(feature = "emulator")]
pub(crate) mod emulate;
#[cfg(feature = "emulator")]
pub(crate) mod hand_over;
pub(crate) mod install;
#[cfg(feature = "emulator")]
pub(crate) mod key_vault_secret;
pub(crate) mod log;
pub(crate) mod login;
pub(crate) mod logout;
mod passphrase_prompt;
pub(crate) mod rules;
pub(crate) mod run;
pub(crate) mod serve;
pub(crate) mod status;
pub(crate) mod token;
#[cfg(feature = "emulator")]
pub(crate) mod try_it;
pub(crate) mod uninstall;

mod broker_failure;
mod child;
mod sign_in_by_hand;
mod stop;
mod terminal_prompt;
mod which_account;

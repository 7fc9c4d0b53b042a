//! What a program needs around it to sign in without a network: a D-Bus session bus where the machine has none,
//! a secret service which forgets, and the environment that leads the program to the emulator.
//!
//! Nothing here plays Entra ID or a vault (that is `azbroker_emulator`) and nothing here is the broker (that is
//! `azbroker_service`). Everything lives in one private folder and ends with the values that hold it.

mod broker_process;
#[cfg(feature = "emulator")]
mod bus_monitor;
#[cfg(feature = "emulator")]
mod environment;
#[cfg(feature = "emulator")]
mod files;
mod folder;
mod private_bus;
mod secret_service;
#[cfg(feature = "emulator")]
mod session;
#[cfg(feature = "emulator")]
mod sign_in_pages;

pub(crate) use broker_process::start_broker;
#[cfg(feature = "emulator")]
pub(crate) use bus_monitor::{BusCall, BusMonitor};
#[cfg(feature = "emulator")]
pub(crate) use environment::{Emulation, Environment, Variables};
#[cfg(feature = "emulator")]
pub(crate) use files::{BrowserCommand, Files};
pub(crate) use folder::private_folder;
pub(crate) use private_bus::PrivateBus;
pub(crate) use secret_service::SecretService;
#[cfg(feature = "emulator")]
pub(crate) use session::{Browser, Session};
#[cfg(feature = "emulator")]
pub(crate) use sign_in_pages::{SignInPages, tell_users};

//! The command as its users run it: real processes, an empty environment, nothing left behind.

mod approvals;
mod bad_input;
mod broker;
mod doctor;
mod emulate;
mod install;
mod json;
mod leaks;
mod life;
mod real_bus;
mod run;
mod setup;
mod stops;
mod store;
mod store_faults;
mod surroundings;
mod trust;
mod try_it;

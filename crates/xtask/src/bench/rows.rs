//! The rows of the bench, in the order of the page.

mod command;
mod counts;
mod growth;
mod hello;
pub(crate) mod library;
mod load;
mod memory;
mod peers;
mod share;
mod sign_in;
mod size;
mod slow_authority;
mod start;

use crate::bench::Bench;
use crate::bench::measured::Measured;

/// One thing that is measured.
#[derive(Debug)]
pub(crate) struct Row {
    /// What to type.
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    /// How it is measured.
    pub(crate) how: &'static str,
    pub(crate) run: fn(&Bench<'_>) -> Result<Measured, String>,
}

pub(crate) const ROWS: &[Row] = &[
    start::ROW,
    memory::ROW,
    share::ROW,
    counts::ROW,
    slow_authority::ROW,
    load::ROW,
    growth::ROW,
    sign_in::ROW,
    library::ROW,
    peers::ROW,
    command::ROW,
    size::ROW,
    hello::ROW,
];

//! What a row of the bench comes to.

use serde_json::{Value, json};

/// All that one row measured.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    pub(crate) judgements: Vec<Judgement>,
    pub(crate) tables: Vec<Table>,
    /// Every single number, for whoever wants to look closer.
    pub(crate) raw: Vec<(String, Value)>,
}

/// A target, and whether it is met.
#[derive(Debug)]
pub(crate) struct Judgement {
    pub(crate) what: String,
    pub(crate) target: String,
    pub(crate) measured: String,
    pub(crate) verdict: Verdict,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Met,
    NotMet,
    /// The run could not or did not measure what the target speaks of.
    Open,
}

/// Figures beside each other.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) head: Vec<String>,
    pub(crate) lines: Vec<Vec<String>>,
}

impl Measured {
    /// A figure that must not exceed its bound.
    pub(crate) fn at_most(&mut self, what: &str, unit: &str, bound: f64, value: f64, shown: &str) {
        let target = format!("≤ {bound} {unit}");
        self.judge(what, target.trim_end(), shown, value <= bound);
    }

    /// A figure that must reach its bound.
    pub(crate) fn at_least(&mut self, what: &str, unit: &str, bound: f64, value: f64, shown: &str) {
        let target = format!("≥ {bound} {unit}");
        self.judge(what, target.trim_end(), shown, value >= bound);
    }

    pub(crate) fn judge(&mut self, what: &str, target: &str, measured: &str, is_met: bool) {
        let verdict = if is_met {
            Verdict::Met
        } else {
            Verdict::NotMet
        };
        self.push(what, target, measured, verdict);
    }

    /// A target that this run says nothing about.
    pub(crate) fn open(&mut self, what: &str, target: &str, why: &str) {
        self.push(what, target, why, Verdict::Open);
    }

    fn push(&mut self, what: &str, target: &str, measured: &str, verdict: Verdict) {
        self.judgements.push(Judgement {
            what: what.to_owned(),
            target: target.to_owned(),
            measured: measured.to_owned(),
            verdict,
        });
    }

    pub(crate) fn table(&mut self, head: &[&str], lines: Vec<Vec<String>>) {
        self.tables.push(Table {
            head: head.iter().map(|text| (*text).to_owned()).collect(),
            lines,
        });
    }

    pub(crate) fn raw(&mut self, name: &str, value: Value) {
        self.raw.push((name.to_owned(), value));
    }

    pub(crate) fn json(&self) -> Value {
        let judgements: Vec<_> = self
            .judgements
            .iter()
            .map(|each| {
                json!({
                    "what": each.what,
                    "target": each.target,
                    "measured": each.measured,
                    "verdict": format!("{:?}", each.verdict),
                })
            })
            .collect();
        let raw: serde_json::Map<_, _> = self.raw.iter().cloned().collect();
        json!({ "judgements": judgements, "raw": raw })
    }
}

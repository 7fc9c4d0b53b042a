//! What was measured, several times, and what can be said of it.

use serde_json::{Value, json};

/// Values of one figure, one for each measurement.
#[derive(Debug, Clone, Default)]
pub(crate) struct Samples(Vec<f64>);

impl Samples {
    pub(crate) fn push(&mut self, value: f64) {
        self.0.push(value);
    }

    pub(crate) fn extend(&mut self, values: &Self) {
        self.0.extend(&values.0);
    }

    /// Nanoseconds out of a program's JSON.
    pub(crate) fn of_json(value: &Value) -> Result<Self, String> {
        let list = value.as_array().ok_or("no list of times")?;
        let values = list.iter().map(Value::as_f64).collect::<Option<_>>();
        values.map(Self).ok_or("a time is no number".to_owned())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The value that this share of all does not exceed.
    pub(crate) fn percentile(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let place = ((sorted.len() as f64 * share).ceil() as usize).max(1) - 1;
        sorted.get(place).copied().unwrap_or(f64::NAN)
    }

    pub(crate) fn median(&self) -> f64 {
        self.percentile(0.5)
    }

    pub(crate) fn least(&self) -> f64 {
        self.percentile(0.0)
    }

    pub(crate) fn most(&self) -> f64 {
        self.percentile(1.0)
    }

    pub(crate) fn scaled(&self, factor: f64) -> Self {
        Self(self.0.iter().map(|value| value * factor).collect())
    }

    /// Each by the one measured in the same round.
    pub(crate) fn over(&self, other: &Self) -> Self {
        Self(
            self.0
                .iter()
                .zip(&other.0)
                .map(|(ours, theirs)| ours / theirs)
                .collect(),
        )
    }

    /// Each without the one measured in the same round.
    pub(crate) fn less(&self, other: &Self) -> Self {
        Self(
            self.0
                .iter()
                .zip(&other.0)
                .map(|(ours, theirs)| ours - theirs)
                .collect(),
        )
    }

    /// Each with the one measured in the same round.
    pub(crate) fn plus(&self, other: &Self) -> Self {
        Self(
            self.0
                .iter()
                .zip(&other.0)
                .map(|(one, another)| one + another)
                .collect(),
        )
    }

    /// The median with the least and the most, as the page shows it.
    pub(crate) fn shown(&self) -> String {
        match self.len() {
            0 => "none".to_owned(),
            1 => number(self.median()),
            _ => format!(
                "{} ({} to {})",
                number(self.median()),
                number(self.least()),
                number(self.most())
            ),
        }
    }

    pub(crate) fn json(&self) -> Value {
        json!(self.0)
    }
}

/// Three digits that matter.
pub(crate) fn number(value: f64) -> String {
    let size = value.abs();
    match size {
        _ if !value.is_finite() => "none".to_owned(),
        _ if size >= 1_000.0 => thousands(value),
        _ if size >= 100.0 => format!("{value:.0}"),
        _ if size >= 10.0 => format!("{value:.1}"),
        _ if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

fn thousands(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    match value < 0.0 {
        true => format!("-{text}"),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::{Samples, number};

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let samples = Samples((1..=200).rev().map(f64::from).collect());
        assert_eq!(samples.median(), 100.0);
        assert_eq!(samples.percentile(0.99), 198.0);
        assert_eq!((samples.least(), samples.most()), (1.0, 200.0));
        assert!(Samples::default().median().is_nan());
    }

    #[test]
    fn ratios_are_of_one_round() {
        let ours = Samples(vec![2.0, 30.0]);
        let theirs = Samples(vec![1.0, 10.0]);
        assert_eq!(ours.over(&theirs).shown(), "2.00 (2.00 to 3.00)");
        assert_eq!(ours.less(&theirs).0, [1.0, 20.0]);
    }

    #[test]
    fn numbers_have_three_digits_that_matter() {
        for (value, shown) in [
            (0.123_4, "0.123"),
            (9.876, "9.88"),
            (12.34, "12.3"),
            (123.4, "123"),
            (1_234_567.0, "1,234,567"),
            (-4_321.0, "-4,321"),
            (f64::NAN, "none"),
        ] {
            assert_eq!(number(value), shown);
        }
    }
}

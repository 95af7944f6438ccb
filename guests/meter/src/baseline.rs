//! A run against the committed one: what got dearer has a name.

use crate::report::{Report, grouped};

/// What may change without a reason: 2 %.
const TOLERANCE_PERCENT: u64 = 2;

/// Why a run does not stand up to the baseline.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BaselineError {
    /// The baseline is another page.
    #[error("the baseline has no line for `{0}`: write it anew with `cargo xtask steps --write`")]
    NoLine(String),
    /// Something takes more instructions, memory or traffic.
    #[error("more than the baseline allows:\n{}", .0.join("\n"))]
    Worse(Vec<String>),
}

/// Compares phase by phase, the whole, and every other figure.
pub fn compare(baseline: &str, report: &Report) -> Result<(), BaselineError> {
    let mut worse = Vec::new();
    let all = [("all", report.instructions)];
    for (name, now) in report.phases.iter().copied().chain(all).chain(report.figures.iter().copied()) {
        let before = figure(baseline, name).ok_or_else(|| BaselineError::NoLine(name.into()))?;
        if now * 100 > before * (100 + TOLERANCE_PERCENT) {
            let percent = (now - before) * 100 / before.max(1);
            worse.push(format!("{name}: {} before, {} now, {percent} % more", grouped(before), grouped(now)));
        }
    }
    if worse.is_empty() { Ok(()) } else { Err(BaselineError::Worse(worse)) }
}

/// The number in the line `| name | number | ..`.
fn figure(baseline: &str, name: &str) -> Option<u64> {
    let mut lines = baseline.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" | "));
    let (_, rest) = lines.find(|(first, _)| *first == name)?;
    rest.split(" |").next()?.replace(',', "").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(boot: u64, blobs: u64, heap: u64) -> Report {
        Report {
            witness: "w".into(),
            instructions: boot + blobs,
            phases: vec![("boot", boot), ("blobs", blobs)],
            figures: vec![("heap, bytes", heap)],
            functions: Vec::new(),
        }
    }

    /// A phase that is 2 % dearer passes, one that is more fails with its name, even if the whole does not.
    #[test]
    fn what_got_dearer_is_named() {
        let baseline = report(1_000, 1_000_000, 500).to_string();
        assert_eq!(compare(&baseline, &report(1_020, 900_000, 510)), Ok(()));
        let BaselineError::Worse(lines) = compare(&baseline, &report(1_021, 1_000_000, 600)).unwrap_err()
        else {
            panic!("not compared")
        };
        let expected =
            ["boot: 1,000 before, 1,021 now, 2 % more", "heap, bytes: 500 before, 600 now, 20 % more"];
        assert_eq!(lines, expected);
        assert_eq!(compare("", &report(1, 1, 1)), Err(BaselineError::NoLine("boot".into())));
    }
}

//! What people read: tables in Markdown, the same as JSON.

use crate::{machine::Run, phases::Phase, symbols::Symbols};
use serde::Serialize;
use std::fmt;

/// A run in figures.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The witness.
    pub witness: String,
    /// Instructions, all in all.
    pub instructions: u64,
    /// Instructions by phase, in the order of a run.
    pub phases: Vec<(&'static str, u64)>,
    /// Other figures, by what they are.
    pub figures: Vec<(&'static str, u64)>,
    /// Functions, the dearest first.
    pub functions: Vec<Function>,
}

/// Instructions of a function.
#[derive(Debug, Serialize)]
pub struct Function {
    /// Its name, as far as a line has room for it.
    pub name: String,
    /// Its own.
    pub own: u64,
    /// Its own and those of what it calls.
    pub with_callees: u64,
    /// How often it was entered.
    pub calls: u64,
}

impl Report {
    /// The figures of a run, with the `top` dearest functions.
    pub fn new(witness: String, run: &Run, symbols: &Symbols, top: usize) -> Self {
        let phases = Phase::ALL.into_iter().map(|phase| (phase.name(), run.profile.phases[phase as usize]));
        let mut functions: Vec<Function> = symbols
            .names()
            .iter()
            .zip(&run.profile.functions)
            .map(|(name, count)| Function {
                name: short(name),
                own: count.exclusive,
                with_callees: count.inclusive,
                calls: count.calls,
            })
            .collect();
        functions.sort_by(|a, b| b.own.cmp(&a.own).then_with(|| a.name.cmp(&b.name)));
        functions.truncate(top);
        Self {
            witness,
            instructions: run.steps,
            phases: phases.collect(),
            figures: vec![
                ("heap, bytes asked for with mmap", run.heap_bytes),
                ("stack, bytes at its deepest", run.stack_bytes),
                ("system calls", run.system_calls),
                ("preimages", run.traffic.preimages),
                ("bytes of preimages", run.traffic.preimage_bytes),
                ("hints", run.traffic.hints),
                ("bytes of hints", run.traffic.hint_bytes),
            ],
            functions,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# Instructions of the fault-proof guest\n")?;
        writeln!(
            f,
            "`cargo xtask steps --write` writes this page, `cargo xtask steps` compares with it: RISC-V 64 instructions of"
        )?;
        writeln!(f, "`guests/fpvm` on `{}`, each one counted, hints sent and the calls of", self.witness)?;
        writeln!(f, "read and write cut as Asterisc cuts them. Same program, same witness, same figures.\n")?;
        writeln!(f, "| phase | instructions | share |\n|---|--:|--:|")?;
        for (name, count) in &self.phases {
            writeln!(f, "| {name} | {} | {} |", grouped(*count), self.share(*count))?;
        }
        writeln!(f, "| all | {} | |\n", grouped(self.instructions))?;
        writeln!(f, "| figure | |\n|---|--:|")?;
        for (name, count) in &self.figures {
            writeln!(f, "| {name} | {} |", grouped(*count))?;
        }
        writeln!(f, "\n## Where they go\n\n| own | with callees | calls | function |\n|--:|--:|--:|---|")?;
        for function in &self.functions {
            let Function { name, own, with_callees, calls } = function;
            writeln!(
                f,
                "| {} | {} | {} | `{name}` |",
                grouped(*own),
                grouped(*with_callees),
                grouped(*calls)
            )?;
        }
        Ok(())
    }
}

impl Report {
    /// In percent of all.
    fn share(&self, count: u64) -> String {
        let tenths = count * 1000 / self.instructions.max(1);
        format!("{}.{} %", tenths / 10, tenths % 10)
    }
}

/// A number with commas between thousands.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A name that fits a line: what it is generic over is left out.
fn short(name: &str) -> String {
    let plain = crate::phases::plain(name).replace('|', "/");
    match plain.char_indices().nth(100) {
        Some((end, _)) => format!("{}..", &plain[..end]),
        None => plain,
    }
}

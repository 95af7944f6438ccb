//! Which function of which phase an instruction belongs to, from calls and returns alone: the program is not changed.

use crate::{
    phases::{Phase, phase_of},
    symbols::{FunctionId, Symbols},
};

/// Instructions of a function.
#[derive(Clone, Copy, Debug, Default)]
pub struct Count {
    /// Its own.
    pub exclusive: u64,
    /// Its own and those of what it calls.
    pub inclusive: u64,
    /// How often it was entered.
    pub calls: u64,
}

/// Instructions of a run.
#[derive(Debug, Default)]
pub struct Profile {
    /// By function.
    pub functions: Vec<Count>,
    /// By phase.
    pub phases: [u64; Phase::ALL.len()],
}

/// A function that runs, or waits for one that it called.
#[derive(Clone, Copy)]
struct Frame {
    function: FunctionId,
    /// The function's own phase, else its caller's.
    phase: Phase,
    /// The caller's, for those who take this one's place.
    outer_phase: Phase,
    /// Where it returns to.
    return_to: u64,
    /// Steps before it.
    entered: u64,
}

/// A shadow of the program's stack.
pub struct Trace<'a> {
    symbols: &'a Symbols,
    /// By function.
    phase_of: Vec<Option<Phase>>,
    profile: Profile,
    /// How often a function is on the stack.
    active: Vec<u32>,
    stack: Vec<Frame>,
    top: Frame,
    /// Steps that are counted already.
    counted: u64,
}

impl<'a> Trace<'a> {
    /// The trace of a program that begins at `entry`.
    pub fn new(symbols: &'a Symbols, entry: u64) -> Self {
        let functions = symbols.names().len();
        let function = symbols.function_at(entry);
        let outer = Phase::Boot;
        let mut trace = Self {
            symbols,
            phase_of: symbols.names().iter().map(|name| phase_of(name)).collect(),
            profile: Profile { functions: vec![Count::default(); functions], phases: Default::default() },
            active: vec![0; functions],
            stack: Vec::new(),
            top: Frame { function, phase: outer, outer_phase: outer, return_to: 0, entered: 0 },
            counted: 0,
        };
        trace.enter(function);
        trace
    }

    /// A call to `target`, which will return to `return_to`.
    pub fn call(&mut self, steps: u64, target: u64, return_to: u64) {
        self.count(steps);
        let function = self.symbols.function_at(target);
        let outer_phase = self.top.phase;
        let phase = self.phase_of[function as usize].unwrap_or(outer_phase);
        self.stack.push(self.top);
        self.top = Frame { function, phase, outer_phase, return_to, entered: steps };
        self.enter(function);
    }

    /// A return to `target`.
    pub fn ret(&mut self, steps: u64, target: u64) {
        self.count(steps);
        while self.top.return_to != target {
            if self.stack.is_empty() {
                return;
            }
            self.leave(steps);
        }
        self.leave(steps);
    }

    /// A jump: within the function, or to another one that takes its place.
    pub fn jump(&mut self, steps: u64, target: u64) {
        let function = self.symbols.function_at(target);
        if function == self.top.function {
            return;
        }
        self.count(steps);
        let outer_phase = self.top.outer_phase;
        self.exit(steps);
        self.top = Frame {
            function,
            phase: self.phase_of[function as usize].unwrap_or(outer_phase),
            entered: steps,
            ..self.top
        };
        self.enter(function);
    }

    /// The counts, once the program has ended.
    pub fn finish(mut self, steps: u64) -> Profile {
        self.count(steps);
        while !self.stack.is_empty() {
            self.leave(steps);
        }
        self.exit(steps);
        self.profile
    }

    fn count(&mut self, steps: u64) {
        let new = steps - self.counted;
        self.counted = steps;
        self.profile.functions[self.top.function as usize].exclusive += new;
        self.profile.phases[self.top.phase as usize] += new;
    }

    fn enter(&mut self, function: FunctionId) {
        self.active[function as usize] += 1;
        self.profile.functions[function as usize].calls += 1;
    }

    fn leave(&mut self, steps: u64) {
        self.exit(steps);
        if let Some(below) = self.stack.pop() {
            self.top = below;
        }
    }

    /// What a function that calls itself takes is counted once.
    fn exit(&mut self, steps: u64) {
        let Frame { function, entered, .. } = self.top;
        let active = &mut self.active[function as usize];
        *active = active.saturating_sub(1);
        if *active == 0 {
            self.profile.functions[function as usize].inclusive += steps - entered;
        }
    }
}

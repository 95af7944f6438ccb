//! One test a rule of derivation, on made-up chains; the doc comment names the rule.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::needless_pass_by_value,
    clippy::type_complexity,
    reason = "test support: a failure is a failed test"
)]

mod alt_da;
mod batches;
mod chains;
mod channels;
mod clocks;
mod payloads;
mod providers;
mod sim;
mod spans;

//! One test a rule of derivation, on made-up chains; the doc comment names the rule.

mod batches;
mod channels;
mod payloads;
mod sim;
mod spans;

//! An assembler for the few contracts of the devnet.

use alloy_primitives::{Bytes, hex};
use revm::bytecode::opcode::OpCode;
use std::collections::HashMap;

/// Assembles EVM code: names of instructions, numbers to push, labels.
///
/// ```text
/// 0x1f             pushes a number, in as few bytes as it is written with
/// @there           pushes the position of a label, in two bytes
/// there:           a label: a JUMPDEST
/// ADD              an instruction
/// ; rest of line   a comment
/// ```
///
/// # Panics
///
/// On a word that it does not know: the sources stand in this crate.
#[expect(clippy::panic, reason = "test support: names the word")]
pub fn assemble(source: &str) -> Bytes {
    let codes: HashMap<&str, u8> =
        (0..=255).filter_map(|byte| OpCode::new(byte).map(|code| (code.as_str(), byte))).collect();
    let mut out = Vec::new();
    let mut labels = HashMap::new();
    let mut uses = Vec::new();
    let words = source.lines().flat_map(|line| line.split(';').next().unwrap_or_default().split_whitespace());
    for word in words {
        if let Some(label) = word.strip_suffix(':') {
            labels.insert(label, out.len());
            out.push(codes["JUMPDEST"]);
        } else if let Some(label) = word.strip_prefix('@') {
            out.push(codes["PUSH2"]);
            uses.push((out.len(), label));
            out.extend([0, 0]);
        } else if let Some(digits) = word.strip_prefix("0x") {
            let bytes = hex::decode(digits).unwrap_or_else(|error| panic!("{word}: {error}"));
            let length = u8::try_from(bytes.len()).unwrap_or_else(|_| panic!("{word} is too long"));
            out.push(codes["PUSH1"] - 1 + length);
            out.extend(bytes);
        } else {
            out.push(*codes.get(word).unwrap_or_else(|| panic!("{word} is no instruction")));
        }
    }
    for (at, label) in uses {
        let position = labels.get(label).unwrap_or_else(|| panic!("there is no label {label}"));
        let position = u16::try_from(*position).unwrap_or_else(|_| panic!("{label} lies too far"));
        out[at..at + 2].copy_from_slice(&position.to_be_bytes());
    }
    out.into()
}

/// Code that deploys `runtime`: copies what follows it to memory and returns it.
pub fn deployer(runtime: &[u8]) -> Bytes {
    let length = u16::try_from(runtime.len()).expect("a contract has at most 24 KiB");
    let mut out = vec![0x61]; // PUSH2 length
    out.extend(length.to_be_bytes());
    // 3: DUP1  4: PUSH1 12  6: PUSH1 0  8: CODECOPY  9: PUSH1 0  11: RETURN
    out.extend([0x80, 0x60, 12, 0x60, 0, 0x39, 0x60, 0, 0xf3]);
    out.extend(runtime);
    out.into()
}

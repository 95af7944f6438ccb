//! What the bytes of an OP Stack rollup mean: configs, forks, frames, channels, batches, deposits, roots.
//!
//! Values in, values out: no state, no I/O. Rule ids (`A-001`) name the rows of `docs/SPEC.md`.
#![no_std]

extern crate alloc;

mod abi;
pub mod batch;
pub mod blob;
pub mod blob_schedule;
pub mod chains;
pub mod channel;
pub mod compression;
pub mod config;
#[cfg(feature = "serde")]
pub mod config_file;
pub mod deposit;
pub mod extra_data;
pub mod forks;
pub mod frame;
pub mod l1_info;
pub mod l1_receipt;
pub mod l1_transaction;
pub mod output_root;
pub mod provider;
pub mod reader;
pub mod system_config;
pub mod tip;
pub mod units;
pub mod upgrades;

//! `devnet.toml` with a word on each key.

use serde::Serialize;
use std::fmt::Write as _;
use unroll_testing::devnet::{
    DevnetConfig,
    config::{AltDaWindows, BlobFork},
};

/// The file of this config: all of its keys, with what they mean.
pub(super) fn toml(config: &DevnetConfig) -> String {
    let mut out = String::from(
        "# What this devnet is made from. The same file makes the same chain, to the byte.\n\
         # Whatever is left out has a default.\n\n",
    );
    let mut file = File { out: &mut out, example: false };
    file.key("seed", &config.seed, "All chance comes from it.");
    file.chains(config);
    file.users(config);
    file.example = config.alt_da.is_none();
    let windows = config.alt_da.unwrap_or(AltDaWindows { challenge_window: 20, resolve_window: 20 });
    file.section(
        "[alt_da]",
        "Batches may lie beside L1, which has commitments to them: batcher.da = \"altda\".",
    );
    file.key("challenge_window", &windows.challenge_window, "L1 blocks in which to challenge one.");
    file.key("resolve_window", &windows.resolve_window, "L1 blocks in which to answer with the data.");
    file.example = config.l1.blob_forks.is_empty();
    let prague =
        || BlobFork { name: "prague".into(), after: 0, target: 6, max: 9, update_fraction: 5_007_716 };
    let examples = file.example.then(prague);
    for fork in config.l1.blob_forks.iter().chain(&examples) {
        file.blob_fork(fork);
    }
    out
}

struct File<'a> {
    out: &'a mut String,
    /// What is not set is shown as a comment.
    example: bool,
}

impl File<'_> {
    fn chains(&mut self, config: &DevnetConfig) {
        let (file, DevnetConfig { l1, l2, .. }) = (self, config);
        file.section("[l1]", "The layer below.");
        file.key("chain_id", &l1.chain_id, "");
        file.key("block_time", &l1.block_time, "Seconds in a slot.");
        file.key("missed_slots", &l1.missed_slots, "Per mille of slots without a block.");
        file.key(
            "excess_blob_gas",
            &l1.excess_blob_gas,
            "What the blob market starts with; 0: blobs cost 1 wei.",
        );
        file.optional("cancun", l1.cancun, "Seconds after genesis; absent: from genesis on.");
        file.section("[l2]", "The rollup's constants, and the system config that it starts with.");
        file.key("chain_id", &l2.chain_id, "");
        file.key("block_time", &l2.block_time, "Seconds between blocks.");
        file.key("seq_window_size", &l2.seq_window_size, "L1 blocks in which a batch may still come.");
        file.key(
            "channel_timeout",
            &l2.channel_timeout,
            "L1 blocks that a channel may take, before Granite.",
        );
        file.key(
            "max_sequencer_drift",
            &l2.max_sequencer_drift,
            "Seconds that L2 may be ahead of L1, before Fjord.",
        );
        file.key("gas_limit", &l2.gas_limit, "Of each block.");
        file.key("base_fee_scalar", &l2.base_fee_scalar, "Weight of the L1 base fee, in millionths.");
        file.key(
            "blob_base_fee_scalar",
            &l2.blob_base_fee_scalar,
            "Weight of the L1 blob base fee, in millionths.",
        );
        file.key("operator_fee_scalar", &l2.operator_fee_scalar, "From Isthmus.");
        file.key("operator_fee_constant", &l2.operator_fee_constant, "From Isthmus.");
        file.optional(
            "pectra_blob_schedule",
            l2.pectra_blob_schedule,
            "Seconds after genesis at which the fix of the Pectra blob schedule ends.",
        );
        file.section("[forks]", "Seconds after genesis at which the rollup's forks activate; absent: never. Without this section: all to Isthmus, from genesis.");
        for (fork, after) in config.forks.list() {
            file.optional(fork.name(), after, "");
        }
    }

    fn users(&mut self, config: &DevnetConfig) {
        let (file, DevnetConfig { batcher, traffic, .. }) = (self, config);
        file.section(
            "[batcher]",
            "How blocks get to L1. What a fork does not admit yet is written the way that it does.",
        );
        file.key("batch", &batcher.batch, "singular, or span from Delta on.");
        file.key(
            "da",
            &batcher.da,
            "calldata, blobs (from Ecotone), both in turn, or altda (with the section alt_da).",
        );
        file.key("compression", &batcher.compression, "zlib, or brotli from Fjord on.");
        file.key("level", &batcher.level, "0 to 10 for zlib, 0 to 11 for brotli.");
        file.key("blocks_per_batch", &batcher.blocks_per_batch, "Most L2 blocks in one span batch.");
        file.key("l1_blocks_per_channel", &batcher.l1_blocks_per_channel, "L1 blocks between two channels.");
        file.key("frame_bytes", &batcher.frame_bytes, "Most bytes of data in a frame.");
        file.key("frames_per_transaction", &batcher.frames_per_transaction, "In calldata; a blob holds one.");
        file.key("blobs_per_transaction", &batcher.blobs_per_transaction, "Most blobs in a transaction.");
        file.section("[traffic]", "What users do.");
        file.key("transactions", &traffic.transactions, "Most transactions in an L2 block.");
        file.key("mix", &traffic.mix, "[kind, weight] of transactions; empty: all kinds alike.");
        file.key("deposits", &traffic.deposits, "Per mille of L1 blocks with deposits.");
        file.key(
            "config_updates",
            &traffic.config_updates,
            "Per mille of L1 blocks with a change of the system config.",
        );
    }

    fn blob_fork(&mut self, fork: &BlobFork) {
        self.section("[[l1.blob_forks]]", "An L1 fork that changes the blob market; one section for each.");
        self.key("name", &fork.name, "prague, osaka, or bpo1 to bpo5.");
        self.key("after", &fork.after, "Seconds after genesis.");
        self.key("target", &fork.target, "Blobs in a block at which the price stays.");
        self.key("max", &fork.max, "Most blobs in a block.");
        self.key("update_fraction", &fork.update_fraction, "How slowly the price follows.");
    }

    fn line(&mut self, line: &str) {
        let mark = if self.example { "# " } else { "" };
        // Writing into a string does not fail.
        let _ = writeln!(self.out, "{mark}{line}");
    }

    fn section(&mut self, name: &str, about: &str) {
        let _ = writeln!(self.out, "\n# {about}");
        self.line(name);
    }

    fn key(&mut self, name: &str, value: &impl Serialize, about: &str) {
        // JSON's numbers, strings and lists are TOML's too.
        let value =
            serde_json::to_value(value).map_or_else(|error| error.to_string(), |value| value.to_string());
        self.line(format!("{:<40}{}", format!("{name} = {value}"), comment(about)).trim_end());
    }

    fn optional(&mut self, name: &str, value: Option<u64>, about: &str) {
        match value {
            Some(value) => self.key(name, &value, about),
            None => self.line(format!("{:<40}{}", format!("# {name} = 0"), comment(about)).trim_end()),
        }
    }
}

fn comment(about: &str) -> String {
    if about.is_empty() { String::new() } else { format!(" # {about}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use unroll_protocol::forks::Fork;
    use unroll_testing::devnet::{
        config::{BatchKind, CompressionKind, DaKind, ForkConfig},
        traffic::Kind,
    };

    #[test]
    fn the_file_says_what_the_config_says() {
        let mut config = DevnetConfig::default();
        assert_eq!(DevnetConfig::from_toml(&toml(&config)), Ok(config.clone()));

        config.seed = u64::MAX / 2;
        config.l1.cancun = Some(24);
        let name = "prague".to_owned();
        config.l1.blob_forks.push(BlobFork {
            name,
            after: 36,
            target: 6,
            max: 9,
            update_fraction: 5_007_716,
        });
        config.l2.pectra_blob_schedule = Some(60);
        config.l2.operator_fee_scalar = 7;
        config.forks = ForkConfig::until(Fork::Canyon).with(Fork::Delta, 4);
        config.batcher.batch = BatchKind::Singular;
        config.batcher.da = DaKind::Both;
        config.alt_da = Some(AltDaWindows { challenge_window: 5, resolve_window: 6 });
        config.batcher.compression = CompressionKind::Zlib;
        config.traffic.mix = vec![(Kind::Transfer, 3), (Kind::SetCode, 1)];
        assert_eq!(DevnetConfig::from_toml(&toml(&config)), Ok(config));
    }

    /// What is a comment would be right without its mark.
    #[test]
    fn examples_are_well_formed() {
        let config = DevnetConfig::default();
        let text = toml(&config);
        let (set, examples) = text.split_once("# [alt_da]").expect("an example");
        let examples = examples.replace("\n# ", "\n").replace("\nAn L1 fork", "\n# An L1 fork");
        let all = DevnetConfig::from_toml(&format!("{set}[alt_da]{examples}")).expect("well-formed");
        assert!(all.alt_da.is_some());
        assert_eq!(all.l1.blob_forks.len(), 1);
        assert_eq!(DevnetConfig { alt_da: None, ..all }.l2, config.l2);
    }
}

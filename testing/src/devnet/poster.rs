//! The batcher of the devnet: L2 blocks to L1 transactions, as its config says and as the forks admit.

use super::{
    blobs::Sidecar,
    config::{BatchKind, BatcherConfig, CompressionKind, DaKind},
    events::INBOX,
    keys::{Call, Key},
    l1::{L1Chain, L1Transaction},
    l2::L2Block,
};
use crate::batcher::{self, Compression, Span};
use alloy_primitives::{B256, Bytes, TxKind, U256, keccak256};
use unroll_protocol::{
    batch::{SingularBatch, SpanBlock},
    config::RollupConfig,
    frame::{ALT_DA_VERSION, ChannelId, Frame},
    units::{L1Time, L2Time},
};

/// Posts L2 blocks; see the module.
#[derive(Clone, Debug)]
pub struct Poster {
    /// How it writes. May be changed at any time.
    pub config: BatcherConfig,
    /// Who signs.
    pub key: Key,
    /// How many transactions it has sent.
    pub nonce: u64,
    /// The number of the first L2 block that was not posted.
    pub next: u64,
    /// How many channels it has begun.
    pub channels: u64,
}

impl Poster {
    /// A poster that has posted genesis.
    pub fn new(config: BatcherConfig) -> Self {
        Self { config, key: Key::new(0xba7c), nonce: 0, next: 1, channels: 0 }
    }

    /// Everything that was not posted yet, in one channel and for the next L1 block. Empty if there is nothing.
    pub fn post(&mut self, cfg: &RollupConfig, l1: &L1Chain, l2: &[L2Block]) -> Vec<L1Transaction> {
        let first = usize::try_from(self.next).expect("the chain is short");
        if first >= l2.len() {
            return Vec::new();
        }
        let batches = self.batches(cfg, l1, l2, first..l2.len());
        self.next = l2.len() as u64;
        let frames = self.channel(cfg, L1Time(l1.next_time()), &batches);
        self.transactions(cfg, L1Time(l1.next_time()), &frames)
    }

    /// The batches of these blocks: spans where the blocks' own origins admit them (F-040).
    pub fn batches(
        &self,
        cfg: &RollupConfig,
        l1: &L1Chain,
        l2: &[L2Block],
        blocks: std::ops::Range<usize>,
    ) -> Vec<Vec<u8>> {
        let admitted = |block: &L2Block| {
            let origin = l1.block(block.l1_origin.number);
            origin.is_some_and(|origin| cfg.forks.derivation(origin.origin().time).span_batches)
        };
        let mut batches = Vec::new();
        let mut at = blocks.start;
        while at < blocks.end {
            let end = blocks.end.min(at + self.config.blocks_per_batch.max(1));
            if self.config.batch == BatchKind::Span && admitted(&l2[at]) {
                let span = span(&l2[at - 1], &l2[at..end]);
                batches.push(batcher::span(&span, cfg).expect("our own transactions fit into a span"));
                at = end;
            } else {
                batches.push(batcher::singular(&singular(&l2[at])));
                at += 1;
            }
        }
        batches
    }

    /// The frames of a new channel with these batches, for the L1 block at `time`.
    pub fn channel(&mut self, cfg: &RollupConfig, time: L1Time, batches: &[Vec<u8>]) -> Vec<Frame> {
        let level = self.config.level;
        let compression = match self.config.compression {
            CompressionKind::Brotli if cfg.forks.derivation(time).brotli => Compression::Brotli(level.into()),
            _ => Compression::Zlib(level.min(10)),
        };
        let data = Bytes::from(batcher::compress(&batcher::stream(batches), compression));
        batcher::frames(self.new_channel(), &data, self.config.frame_bytes)
    }

    /// An id that no channel had.
    pub fn new_channel(&mut self) -> ChannelId {
        self.channels += 1;
        let mut id = [0; 16];
        id.copy_from_slice(&keccak256(self.channels.to_be_bytes())[..16]);
        ChannelId(id)
    }

    /// The transactions that carry these frames into the L1 block at `time`.
    pub fn transactions(&mut self, cfg: &RollupConfig, time: L1Time, frames: &[Frame]) -> Vec<L1Transaction> {
        let blobs = match self.config.da {
            DaKind::Calldata | DaKind::AltDa => false,
            DaKind::Blobs => true,
            DaKind::Both => self.channels.is_multiple_of(2),
        };
        if blobs && cfg.forks.derivation(time).blobs {
            let payloads = frames.chunks(self.config.blobs_per_transaction.max(1));
            return payloads
                .map(|frames| {
                    self.blobs(cfg, frames.iter().map(|frame| batcher::payload(std::slice::from_ref(frame))))
                })
                .collect();
        }
        let payloads = frames.chunks(self.config.frames_per_transaction.max(1));
        let payloads = payloads.map(batcher::payload);
        match self.config.da {
            DaKind::AltDa => payloads.map(|input| self.commitment(cfg, input)).collect(),
            _ => payloads.map(|payload| self.calldata(cfg, payload)).collect(),
        }
    }

    /// A transaction with a commitment to this payload (B-042).
    pub fn commitment(&mut self, cfg: &RollupConfig, input: Bytes) -> L1Transaction {
        let payload = [&[ALT_DA_VERSION, 0], &keccak256(&input)[..]].concat();
        L1Transaction { inputs: vec![input], ..self.calldata(cfg, payload.into()) }
    }

    /// A transaction with this payload as calldata.
    pub fn calldata(&mut self, cfg: &RollupConfig, payload: Bytes) -> L1Transaction {
        let call = self.call(cfg, payload);
        L1Transaction::logging(self.key.call(call), Vec::new())
    }

    /// A transaction with one blob for each payload.
    pub fn blobs(&mut self, cfg: &RollupConfig, payloads: impl Iterator<Item = Bytes>) -> L1Transaction {
        let sidecars = payloads
            .map(|payload| Sidecar::new(batcher::blob(&payload).expect("a frame is cut to fit into a blob")));
        self.sidecars(cfg, sidecars.collect())
    }

    /// A transaction with these blobs.
    pub fn sidecars(&mut self, cfg: &RollupConfig, sidecars: Vec<Sidecar>) -> L1Transaction {
        let hashes: Vec<B256> = sidecars.iter().map(|sidecar| sidecar.versioned_hash).collect();
        let call = self.call(cfg, Bytes::new());
        L1Transaction { sidecars, ..L1Transaction::logging(self.key.blobs(call, hashes), Vec::new()) }
    }

    fn call(&mut self, cfg: &RollupConfig, input: Bytes) -> Call {
        self.nonce += 1;
        Call {
            chain_id: cfg.l1_chain_id,
            nonce: self.nonce - 1,
            gas_limit: 21_000 + 40 * input.len() as u64,
            to: TxKind::Call(INBOX),
            value: U256::ZERO,
            input,
        }
    }
}

/// What an honest batcher says about a block.
pub fn singular(block: &L2Block) -> SingularBatch {
    SingularBatch {
        parent_hash: block.header.parent_hash,
        epoch: block.l1_origin,
        time: L2Time(block.header.timestamp),
        transactions: block.batched().collect(),
    }
}

/// What an honest batcher says about several blocks, which follow `parent`.
pub fn span(parent: &L2Block, blocks: &[L2Block]) -> Span {
    let plain = |block: &L2Block| SpanBlock {
        time: L2Time(block.header.timestamp),
        epoch_number: block.l1_origin.number,
        transactions: block.batched().collect(),
    };
    Span {
        parent_check: check(parent.header.hash()),
        l1_origin_check: blocks.last().map_or([0; 20], |last| check(last.l1_origin.hash)),
        first_origin_bit: blocks.first().is_some_and(|first| first.l1_origin != parent.l1_origin),
        blocks: blocks.iter().map(plain).collect(),
    }
}

/// The first 20 bytes of a hash.
pub fn check(hash: B256) -> [u8; 20] {
    let mut out = [0; 20];
    out.copy_from_slice(&hash[..20]);
    out
}

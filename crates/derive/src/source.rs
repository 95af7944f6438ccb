//! L1 blocks reduced to what derivation reads (B.1, B.2, B-040 to B-046; blobs are decoded by `protocol`).

use crate::{
    error::{CriticalCause, DriveError, Misuse},
    event::Event,
    inbox::{self, Payloads},
    provider::{BlobProvider, ChainProvider},
    receipts::{Logs, last_batcher},
    start::Start,
};
use alloc::vec::Vec;
use alloy_consensus::Header;
use alloy_eips::eip4844::Blob;
use alloy_primitives::{Address, B256, Bytes};
use unroll_alt_da::AltDa;
use unroll_protocol::{
    blob::decode_blob, config::RollupConfig, deposit::DEPOSIT_TOPIC, l1_info::L1Fees, l1_receipt::may_log,
    system_config::ConfigUpdate, units::L1Ref,
};

/// An L1 block reduced to what derivation reads. Nothing after this touches L1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct L1Input {
    /// The block.
    pub origin: L1Ref,
    /// Its `mixHash`, the randomness of the L2 blocks that name it as their origin (G-040).
    pub prev_randao: B256,
    /// Its own parent beacon block root, from Cancun (G-043).
    pub parent_beacon_block_root: Option<B256>,
    /// What the L1-info deposit repeats of its fees.
    pub fees: L1Fees,
    /// Changes of the system config, in log order.
    pub updates: Vec<ConfigUpdate>,
    /// User deposits as encoded L2 transactions, in log order.
    pub deposits: Vec<Bytes>,
    /// Batcher payloads in order, blobs unpacked.
    pub data: Vec<Bytes>,
}

/// Reads L1 blocks one after the other. It holds the traversal copy of the system config, of which only the batcher's
/// address matters here.
#[derive(Debug)]
pub struct L1Reader<'c> {
    cfg: &'c RollupConfig,
    batcher: Address,
    /// The block up to which the batcher is known: its updates are not read again.
    known_until: u64,
    /// Deposits of blocks up to this one are in the safe chain already.
    deposited_until: u64,
    /// Where the rollup's data lies beside L1.
    alt_da: Option<AltDa<'c>>,
}

impl<'c> L1Reader<'c> {
    /// A reader from `start` on.
    pub fn new(cfg: &'c RollupConfig, start: &Start) -> Self {
        Self {
            cfg,
            batcher: start.batcher,
            known_until: start.base.number,
            deposited_until: start.safe_origin,
            alt_da: cfg.alt_da.as_ref().map(AltDa::new),
        }
    }

    /// Reads the block that follows the last one. `None`: the rollup uses alt-DA, an input cannot be had, and L1 does not go on
    /// far enough to say whether it counts (B-044). The call can be repeated when it does.
    ///
    /// Receipts are asked for only if the header's bloom filter says that they may concern the rollup, blobs only if the
    /// batcher sent them. A block whose data cannot be had is the provider's error, never an empty block (B-019).
    // A phase of the step meter begins here.
    #[inline(never)]
    pub fn read<B: ChainProvider + BlobProvider>(
        &mut self,
        backend: &mut B,
        origin: &L1Ref,
        events: &mut Vec<Event>,
    ) -> Result<Option<L1Input>, DriveError<B::Error>> {
        let said = events.len();
        let header = backend.header_by_hash(origin.hash).map_err(DriveError::Provider)?;
        let transactions = backend.transactions_by_hash(origin.hash).map_err(DriveError::Provider)?;
        let base_fee = header.base_fee_per_gas.ok_or(CriticalCause::BaseFee(origin.number))?; // G-034
        let mut input = L1Input {
            origin: *origin,
            prev_randao: header.mix_hash,
            parent_beacon_block_root: header.parent_beacon_block_root,
            fees: L1Fees { base_fee, excess_blob_gas: header.excess_blob_gas },
            ..L1Input::default()
        };
        let updates = origin.number > self.known_until && may_update(self.cfg, &header);
        let deposits = origin.number > self.deposited_until
            && may_log(&header, self.cfg.deposit_contract, DEPOSIT_TOPIC);
        if updates || deposits {
            let receipts = backend.receipts_by_hash(origin.hash).map_err(DriveError::Provider)?;
            let (cfg, transactions) = (self.cfg, Some(&transactions[..]));
            let receipts = &receipts[..];
            let input = &mut input;
            Logs { cfg, block: origin, receipts, transactions, updates, deposits, input, events }.read()?;
        }
        if let Some(batcher) = last_batcher(&input.updates) {
            self.batcher = batcher; // B-004: for this block's own data as well
            events.push(Event::BatcherChanged { block: origin.number, batcher });
        }
        input.data = self.data(backend, origin, &transactions, events)?;
        if let Some(alt_da) = &mut self.alt_da {
            let read = events.len();
            let mut tell = |decision| events.push(Event::AltDa(decision));
            let inputs = alt_da.resolve(backend, origin, input.data, &mut tell);
            let Some(inputs) = inputs.map_err(DriveError::from_alt_da)? else {
                events.drain(said..read); // to be said when the block is read
                return Ok(None);
            };
            input.data = inputs;
        }
        Ok(Some(input))
    }

    /// B-015: in transaction order; calldata and blobs share it.
    fn data<B: BlobProvider>(
        &self,
        backend: &mut B,
        origin: &L1Ref,
        transactions: &[Bytes],
        events: &mut Vec<Event>,
    ) -> Result<Vec<Bytes>, DriveError<B::Error>> {
        let Payloads { data: payloads, blobs: asked } =
            inbox::payloads(self.cfg, self.batcher, origin, transactions, events);
        let blobs = match asked.len() {
            0 => Vec::new(),
            _ => backend.blobs(origin, &asked).map_err(DriveError::Provider)?,
        };
        if blobs.len() != asked.len() {
            return Err(Misuse::BlobCount { asked: asked.len(), got: blobs.len() }.into());
        }
        let mut blobs = asked.iter().zip(&blobs).peekable();
        let mut data = Vec::with_capacity(payloads.len());
        for (transaction, calldata) in payloads {
            let blob = blobs.next_if(|_| calldata.is_none());
            let bytes = blob.map_or(calldata, |(asked, blob)| unpack(origin, asked.hash, blob, events));
            if let Some(bytes) = bytes {
                let blob = blob.map(|(asked, _)| asked.hash);
                events.push(Event::DataRead { block: origin.number, transaction, blob, bytes: bytes.len() });
                data.push(bytes);
            }
        }
        Ok(data)
    }
}

/// B-036: a blob without rollup data is ignored, and nothing else with it.
fn unpack(origin: &L1Ref, hash: B256, blob: &Blob, events: &mut Vec<Event>) -> Option<Bytes> {
    decode_blob(blob).map_err(|why| events.push(Event::BlobIgnored { block: origin.number, hash, why })).ok()
}

/// Whether the block may hold a config update.
pub(crate) fn may_update(cfg: &RollupConfig, header: &Header) -> bool {
    may_log(header, cfg.l1_system_config, ConfigUpdate::TOPIC)
}

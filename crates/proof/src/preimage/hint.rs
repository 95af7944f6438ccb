//! Hints: what the program is about to ask for, told to a host that has to fetch it (K-040 to K-059).
//!
//! A hint is `<name> <0x-prefixed hex>`. The two families of hosts understand different texts for the same thing
//! ([`Dialect`]); a program speaks the one of the host that it is paired with.

use alloc::{format, string::String, vec::Vec};
use alloy_primitives::{Address, B256, Bytes};
use core::fmt::Write;
use op_alloy_rpc_types_engine::OpPayloadAttributes;

/// What is about to be asked for. It borrows, so that making one costs nothing where nobody listens.
#[derive(Clone, Copy, Debug)]
pub enum Hint<'a> {
    /// The header of an L1 block (K-040).
    L1BlockHeader(B256),
    /// The transactions of an L1 block, and the nodes of their trie (K-041).
    L1Transactions(B256),
    /// The receipts of an L1 block, and the nodes of their trie (K-042).
    L1Receipts(B256),
    /// A blob: its commitment and its 4,096 elements (K-044).
    L1Blob {
        /// Which blob.
        versioned_hash: B256,
        /// Its place among all blobs of the L1 block (B-018).
        index: u64,
        /// The timestamp of the L1 block, by which a beacon node finds the slot.
        timestamp: u64,
    },
    /// The result of a precompile call (K-045).
    L1Precompile {
        /// The precompile.
        address: Address,
        /// What the call costs.
        required_gas: u64,
        /// The normalised input (K-062).
        input: &'a [u8],
    },
    /// The header of an L2 block (K-046).
    L2BlockHeader(B256),
    /// The transactions of an L2 block, and the nodes of their trie (K-047).
    L2Transactions(B256),
    /// The receipts of an L2 block, and the nodes of their trie (K-048): interop.
    L2Receipts(B256),
    /// Contract code by its hash (K-049).
    L2Code(B256),
    /// A node of the state trie or of a storage trie (K-050).
    L2StateNode(B256),
    /// The preimage of an output root (K-051).
    L2Output(B256),
    /// Everything that building this payload touches (K-052). It comes before the finer hints, which must do alone
    /// as well (K-059).
    L2PayloadWitness {
        /// The block to build on.
        parent: B256,
        /// What is to be built.
        attributes: &'a OpPayloadAttributes,
    },
    /// The nodes that prove an account (K-053).
    L2AccountProof {
        /// The block whose state it is, by hash: what the specification's hosts ask for.
        block_hash: B256,
        /// The same block by number: what kona's hosts ask for.
        block_number: u64,
        /// The account.
        address: Address,
    },
    /// The nodes that prove an account and a slot of its storage (K-054). The specification has no such hint: there it
    /// becomes the account's.
    L2AccountStorageProof {
        /// The block whose state it is, by hash.
        block_hash: B256,
        /// The same block by number.
        block_number: u64,
        /// The account.
        address: Address,
        /// The slot.
        slot: B256,
    },
    /// All data of executing a block again (K-055): interop.
    L2BlockData {
        /// The agreed block to build on.
        agreed_parent: B256,
        /// The block.
        block: B256,
    },
    /// What the super root of the agreed prestate commits to (K-056): interop.
    AgreedPreState(B256),
    /// The preimage of an output root that a super root names (K-056): interop.
    L2OutputRoot(B256),
    /// Data that an alt-DA commitment stands for (K-057).
    AltDaInput(&'a [u8]),
    /// The status of the challenge of an alt-DA commitment (K-057).
    AltDaChallenge {
        /// The commitment.
        commitment: &'a [u8],
        /// The L1 block in which it was posted.
        block_number: u64,
    },
}

/// The text form that a host understands (specs#888: hosts are not interchangeable).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// kona's hosts.
    #[default]
    Kona,
    /// The specification's, which op-program's hosts speak.
    Spec,
}

impl Hint<'_> {
    /// The hint's text in a dialect; `chain_id` is appended to hints about L2 where given (K-058: optional before interop, but in
    /// the hints that are for interop, and in the specification's about accounts).
    pub fn encode(&self, dialect: Dialect, chain_id: Option<u64>) -> String {
        let mut text = Vec::new();
        self.write(dialect, chain_id, &mut text);
        String::from_utf8(text).expect("names, spaces and hex digits are ASCII")
    }

    /// Appends the text to `out`.
    pub(super) fn write(&self, dialect: Dialect, chain_id: Option<u64>, out: &mut Vec<u8>) {
        out.extend_from_slice(self.name(dialect).as_bytes());
        out.extend_from_slice(b" 0x");
        self.write_payload(dialect, chain_id, out);
        if let Some(id) = chain_id.filter(|_| self.takes_chain_id(dialect)) {
            write_hex(out, &id.to_be_bytes());
        }
        if let Self::AltDaChallenge { block_number, .. } = self {
            out.extend_from_slice(format!(" {block_number}").as_bytes());
        }
    }

    /// Whether a host can read it: the specification's hosts read no hint about an account without the chain's id (K-053), and
    /// nobody reads one about two chains' blocks without it (K-048, K-055). Hints are never needed (K-059).
    pub(super) fn is_complete(&self, dialect: Dialect, chain_id: Option<u64>) -> bool {
        let needs_chain_id = match self {
            Self::L2AccountProof { .. } | Self::L2AccountStorageProof { .. } => dialect == Dialect::Spec,
            Self::L2Receipts(_) | Self::L2BlockData { .. } => true,
            _ => false,
        };
        chain_id.is_some() || !needs_chain_id
    }

    fn name(&self, dialect: Dialect) -> &'static str {
        use Dialect::{Kona, Spec};
        match (self, dialect) {
            (Self::L1BlockHeader(_), _) => "l1-block-header",
            (Self::L1Transactions(_), _) => "l1-transactions",
            (Self::L1Receipts(_), _) => "l1-receipts",
            (Self::L1Blob { .. }, _) => "l1-blob",
            (Self::L1Precompile { .. }, Kona) => "l1-precompile",
            (Self::L1Precompile { .. }, Spec) => "l1-precompile-v2",
            (Self::L2BlockHeader(_), _) => "l2-block-header",
            (Self::L2Transactions(_), _) => "l2-transactions",
            (Self::L2Receipts(_), _) => "l2-receipts",
            (Self::L2Code(_), _) => "l2-code",
            (Self::L2StateNode(_), _) => "l2-state-node",
            (Self::L2Output(_), Kona) => "starting-l2-output",
            (Self::L2Output(_), Spec) => "l2-output",
            (Self::L2PayloadWitness { .. }, _) => "l2-payload-witness",
            (Self::L2AccountStorageProof { .. }, Kona) => "l2-account-storage-proof",
            (Self::L2AccountProof { .. } | Self::L2AccountStorageProof { .. }, _) => "l2-account-proof",
            (Self::L2BlockData { .. }, _) => "l2-block-data",
            (Self::AgreedPreState(_), _) => "agreed-pre-state",
            (Self::L2OutputRoot(_), _) => "l2-output-root",
            (Self::AltDaInput(_), _) => "l2-input",
            (Self::AltDaChallenge { .. }, _) => "l1-challenge-status",
        }
    }

    /// Hints about L1 and about several chains never name the L2 chain; the specification's payload witness names it inside its JSON.
    fn takes_chain_id(&self, dialect: Dialect) -> bool {
        match self {
            Self::L1BlockHeader(_)
            | Self::L1Transactions(_)
            | Self::L1Receipts(_)
            | Self::L1Blob { .. }
            | Self::L1Precompile { .. }
            | Self::AgreedPreState(_)
            | Self::AltDaInput(_)
            | Self::AltDaChallenge { .. } => false,
            Self::L2PayloadWitness { .. } => dialect == Dialect::Kona,
            _ => true,
        }
    }

    fn write_payload(&self, dialect: Dialect, chain_id: Option<u64>, out: &mut Vec<u8>) {
        match self {
            Self::L1BlockHeader(hash)
            | Self::L1Transactions(hash)
            | Self::L1Receipts(hash)
            | Self::L2BlockHeader(hash)
            | Self::L2Transactions(hash)
            | Self::L2Receipts(hash)
            | Self::L2Code(hash)
            | Self::L2StateNode(hash)
            | Self::L2Output(hash)
            | Self::AgreedPreState(hash)
            | Self::L2OutputRoot(hash) => write_hex(out, hash.as_slice()),
            Self::L1Blob { versioned_hash, index, timestamp } => {
                write_hex(out, versioned_hash.as_slice());
                if dialect == Dialect::Kona {
                    write_hex(out, &index.to_be_bytes());
                }
                write_hex(out, &timestamp.to_be_bytes());
            }
            Self::L1Precompile { address, required_gas, input } => {
                write_hex(out, address.as_slice());
                write_hex(out, &required_gas.to_be_bytes());
                write_hex(out, input);
            }
            Self::L2PayloadWitness { parent, attributes } => {
                write_payload_witness(out, dialect, *parent, attributes, chain_id);
            }
            Self::L2AccountProof { block_hash, block_number, address } => {
                write_block_reference(out, dialect, *block_hash, *block_number);
                write_hex(out, address.as_slice());
            }
            Self::L2AccountStorageProof { block_hash, block_number, address, slot } => {
                write_block_reference(out, dialect, *block_hash, *block_number);
                write_hex(out, address.as_slice());
                if dialect == Dialect::Kona {
                    write_hex(out, slot.as_slice());
                }
            }
            Self::L2BlockData { agreed_parent, block } => {
                write_hex(out, agreed_parent.as_slice());
                write_hex(out, block.as_slice());
            }
            Self::AltDaInput(commitment) | Self::AltDaChallenge { commitment, .. } => {
                write_hex(out, commitment);
            }
        }
    }
}

/// Appends bytes as hex digits. A guest does this once for every trie node, so it is a table and not a formatter.
fn write_hex(out: &mut Vec<u8>, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.reserve(2 * bytes.len());
    out.extend(
        bytes.iter().flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]),
    );
}

fn write_block_reference(out: &mut Vec<u8>, dialect: Dialect, hash: B256, number: u64) {
    match dialect {
        Dialect::Kona => write_hex(out, &number.to_be_bytes()),
        Dialect::Spec => write_hex(out, hash.as_slice()),
    }
}

fn write_payload_witness(
    out: &mut Vec<u8>,
    dialect: Dialect,
    parent: B256,
    attributes: &OpPayloadAttributes,
    chain_id: Option<u64>,
) {
    let attributes = attributes_json(attributes);
    match dialect {
        Dialect::Kona => {
            write_hex(out, parent.as_slice());
            write_hex(out, attributes.as_bytes());
        }
        Dialect::Spec => {
            write_hex(out, payload_witness_json(parent, &attributes, chain_id).as_bytes());
        }
    }
}

/// What the specification's hosts are told of a payload.
pub(super) fn payload_witness_json(parent: B256, attributes: &str, chain_id: Option<u64>) -> String {
    let chain = chain_id.map_or_else(String::new, |id| format!(",\"chainID\":\"{id}\""));
    format!("{{\"parentBlockHash\":\"{parent}\",\"payloadAttributes\":{attributes}{chain}}}")
}

/// Payload attributes as the Engine API writes them.
///
/// Written by hand because it is the only JSON that the core ever writes, and no input can need escaping.
pub(super) fn attributes_json(attributes: &OpPayloadAttributes) -> String {
    let inner = &attributes.payload_attributes;
    let mut json = format!(
        "{{\"timestamp\":\"{:#x}\",\"prevRandao\":\"{}\",\"suggestedFeeRecipient\":\"0x{:x}\"",
        inner.timestamp, inner.prev_randao, inner.suggested_fee_recipient
    );
    // Writing into a String cannot fail, so the results below carry nothing.
    if let Some(withdrawals) = &inner.withdrawals {
        json.push_str(",\"withdrawals\":[");
        for (i, w) in withdrawals.iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            let _ = write!(
                json,
                "{comma}{{\"index\":\"{:#x}\",\"validatorIndex\":\"{:#x}\",\"address\":\"0x{:x}\",\"amount\":\"{:#x}\"}}",
                w.index, w.validator_index, w.address, w.amount
            );
        }
        json.push(']');
    }
    if let Some(root) = inner.parent_beacon_block_root {
        let _ = write!(json, ",\"parentBeaconBlockRoot\":\"{root}\"");
    }
    if let Some(transactions) = &attributes.transactions {
        let list: Vec<String> = transactions.iter().map(|t: &Bytes| format!("\"{t}\"")).collect();
        let _ = write!(json, ",\"transactions\":[{}]", list.join(","));
    }
    if let Some(no_pool) = attributes.no_tx_pool {
        let _ = write!(json, ",\"noTxPool\":{no_pool}");
    }
    if let Some(gas) = attributes.gas_limit {
        let _ = write!(json, ",\"gasLimit\":\"{gas:#x}\"");
    }
    if let Some(params) = attributes.eip_1559_params {
        let _ = write!(json, ",\"eip1559Params\":\"{params}\"");
    }
    if let Some(fee) = attributes.min_base_fee {
        let _ = write!(json, ",\"minBaseFee\":{fee}");
    }
    json.push('}');
    json
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use alloy_primitives::{address, b64, hex};

    const HASH: B256 = B256::repeat_byte(0xab);

    fn word() -> String {
        "ab".repeat(32)
    }

    /// K-040, K-041, K-042, K-046, K-047, K-049, K-050, K-051: a name and a hash; the output root's name depends on the
    /// host.
    #[test]
    fn hash_hints() {
        for (hint, kona, spec) in [
            (Hint::L1BlockHeader(HASH), "l1-block-header", "l1-block-header"),
            (Hint::L1Transactions(HASH), "l1-transactions", "l1-transactions"),
            (Hint::L1Receipts(HASH), "l1-receipts", "l1-receipts"),
            (Hint::L2BlockHeader(HASH), "l2-block-header", "l2-block-header"),
            (Hint::L2Transactions(HASH), "l2-transactions", "l2-transactions"),
            (Hint::L2Code(HASH), "l2-code", "l2-code"),
            (Hint::L2StateNode(HASH), "l2-state-node", "l2-state-node"),
            (Hint::L2Output(HASH), "starting-l2-output", "l2-output"),
        ] {
            assert_eq!(hint.encode(Dialect::Kona, None), format!("{kona} 0x{}", word()));
            assert_eq!(hint.encode(Dialect::Spec, None), format!("{spec} 0x{}", word()));
        }
    }

    /// K-048, K-055, K-056, K-057: hints of interop, which no run sends, and of alt-DA.
    #[test]
    fn hints_of_experiments() {
        let (word, commitment) = (word(), [1, 2]);
        let data = Hint::L2BlockData { agreed_parent: HASH, block: B256::ZERO };
        let challenge = Hint::AltDaChallenge { commitment: &commitment, block_number: 7 };
        for (hint, text) in [
            (Hint::L2Receipts(HASH), format!("l2-receipts 0x{word}000000000000000a")),
            (data, format!("l2-block-data 0x{word}{}000000000000000a", "00".repeat(32))),
            (Hint::AgreedPreState(HASH), format!("agreed-pre-state 0x{word}")),
            (Hint::L2OutputRoot(HASH), format!("l2-output-root 0x{word}000000000000000a")),
            (Hint::AltDaInput(&commitment), "l2-input 0x0102".into()),
            (challenge, "l1-challenge-status 0x0102 7".into()),
        ] {
            assert_eq!(hint.encode(Dialect::Kona, Some(10)), text);
            assert_eq!(hint.encode(Dialect::Spec, Some(10)), text);
        }
    }

    /// K-053, K-058: what cannot be read without the chain's id is not complete without it.
    #[test]
    fn completeness() {
        let account = Hint::L2AccountProof { block_hash: HASH, block_number: 5, address: Address::ZERO };
        let data = Hint::L2BlockData { agreed_parent: HASH, block: HASH };
        for (hint, dialect, complete) in [
            (account, Dialect::Kona, true),
            (account, Dialect::Spec, false),
            (Hint::L2Code(HASH), Dialect::Spec, true),
            (Hint::L2Receipts(HASH), Dialect::Kona, false),
            (data, Dialect::Spec, false),
        ] {
            assert_eq!(hint.is_complete(dialect, None), complete, "{hint:?}");
            assert!(hint.is_complete(dialect, Some(10)));
        }
    }

    /// K-058: hints about L2 end with the chain id where one is given, hints about L1 never do.
    #[test]
    fn chain_id_is_for_l2_only() {
        let l2 = Hint::L2Code(HASH).encode(Dialect::Kona, Some(10));
        assert_eq!(l2, format!("l2-code 0x{}000000000000000a", word()));
        let l1 = Hint::L1Receipts(HASH).encode(Dialect::Kona, Some(10));
        assert_eq!(l1, format!("l1-receipts 0x{}", word()));
    }

    /// K-044: 48 bytes with the index for kona's hosts, 40 without it for the specification's.
    #[test]
    fn blob_hints() {
        let hint = Hint::L1Blob { versioned_hash: HASH, index: 3, timestamp: 0x1234 };
        let tail = "0000000000001234";
        assert_eq!(hint.encode(Dialect::Kona, None), format!("l1-blob 0x{}0000000000000003{tail}", word()));
        assert_eq!(hint.encode(Dialect::Spec, Some(1)), format!("l1-blob 0x{}{tail}", word()));
    }

    /// K-045: the same payload under two names.
    #[test]
    fn precompile_hints() {
        let address = address!("0000000000000000000000000000000000000001");
        let hint = Hint::L1Precompile { address, required_gas: 3000, input: &[0xff] };
        let data = "0x00000000000000000000000000000000000000010000000000000bb8ff";
        assert_eq!(hint.encode(Dialect::Kona, None), format!("l1-precompile {data}"));
        assert_eq!(hint.encode(Dialect::Spec, None), format!("l1-precompile-v2 {data}"));
    }

    /// K-053, K-054: kona names the block by number and has a hint for a slot, the specification by hash and has none.
    #[test]
    fn account_hints() {
        let address = address!("00000000000000000000000000000000000000aa");
        let account = Hint::L2AccountProof { block_hash: HASH, block_number: 5, address };
        let slot =
            Hint::L2AccountStorageProof { block_hash: HASH, block_number: 5, address, slot: B256::ZERO };
        let tail = "00000000000000000000000000000000000000aa";
        assert_eq!(account.encode(Dialect::Kona, None), format!("l2-account-proof 0x0000000000000005{tail}"));
        let spec = format!("l2-account-proof 0x{}{tail}", word());
        assert_eq!(account.encode(Dialect::Spec, None), spec);
        assert_eq!(slot.encode(Dialect::Spec, None), spec);
        assert_eq!(
            slot.encode(Dialect::Kona, None),
            format!("l2-account-storage-proof 0x0000000000000005{tail}{}", "00".repeat(32))
        );
    }

    /// K-052: kona's is the parent's hash and the attributes, the specification's one JSON object.
    #[test]
    fn payload_witness_hints() {
        let mut attributes = OpPayloadAttributes {
            transactions: Some(vec![Bytes::from_static(&[0x7e, 1]), Bytes::from_static(&[2])]),
            no_tx_pool: Some(true),
            gas_limit: Some(30_000_000),
            eip_1559_params: Some(b64!("000000fa00000006")),
            min_base_fee: Some(7),
            ..Default::default()
        };
        attributes.payload_attributes.timestamp = 16;
        attributes.payload_attributes.withdrawals = Some(vec![]);
        attributes.payload_attributes.parent_beacon_block_root = Some(HASH);
        let json = format!(
            "{{\"timestamp\":\"0x10\",\"prevRandao\":\"0x{zeros}\",\"suggestedFeeRecipient\":\"0x{}\",\
             \"withdrawals\":[],\"parentBeaconBlockRoot\":\"0x{}\",\"transactions\":[\"0x7e01\",\"0x02\"],\
             \"noTxPool\":true,\"gasLimit\":\"0x1c9c380\",\"eip1559Params\":\"0x000000fa00000006\",\"minBaseFee\":7}}",
            "00".repeat(20),
            word(),
            zeros = "00".repeat(32),
        );
        assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok());
        let hint = Hint::L2PayloadWitness { parent: HASH, attributes: &attributes };
        let kona = hint.encode(Dialect::Kona, Some(10));
        let bytes = hex::decode(kona.strip_prefix("l2-payload-witness ").unwrap()).unwrap();
        assert_eq!(bytes[..32], HASH[..]);
        assert_eq!(bytes[32..bytes.len() - 8], *json.as_bytes());
        assert_eq!(bytes[bytes.len() - 8..], 10u64.to_be_bytes());
        let spec = hint.encode(Dialect::Spec, Some(10));
        let bytes = hex::decode(spec.strip_prefix("l2-payload-witness ").unwrap()).unwrap();
        let expected = format!(
            "{{\"parentBlockHash\":\"0x{}\",\"payloadAttributes\":{json},\"chainID\":\"10\"}}",
            word()
        );
        assert_eq!(bytes, expected.as_bytes());
    }
}

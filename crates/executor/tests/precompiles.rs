//! Precompiles as contracts see them (I-093 to I-100, K-060, K-062), computed and answered by a backend: both must give what is
//! known of the call without them.

mod common;
mod curves;

use alloy_consensus::Header;
use alloy_primitives::{Address, B256, Bytes};
use common::{Missing, Preimages};
use curves::{Case, FORKS, cases, chain, limits, run};
use op_revm::{OpSpecId, precompiles::OpPrecompiles};
use unroll_executor::{
    TrieDBFetcher, TrieDBHinter,
    precompiles::{PrecompileAnswer, PrecompileCall, answer},
    provider::Provider,
};
use unroll_protocol::forks::Fork;

/// A backend that answers as a host does, and remembers what it was asked for.
struct Oracle {
    preimages: Preimages,
    asked: Vec<(u64, u64, Bytes)>,
}

impl Provider for Oracle {
    type Error = Missing;
}

impl TrieDBHinter for Oracle {}

impl TrieDBFetcher for Oracle {
    fn trie_node_preimage(&mut self, hash: B256) -> Result<Bytes, Missing> {
        self.preimages.trie_node_preimage(hash)
    }

    fn bytecode_by_hash(&mut self, hash: B256) -> Result<Bytes, Missing> {
        self.preimages.bytecode_by_hash(hash)
    }

    fn l2_header_by_hash(&mut self, hash: B256) -> Result<Header, Missing> {
        self.preimages.l2_header_by_hash(hash)
    }

    fn precompile(&mut self, call: &PrecompileCall<'_>) -> Result<Option<PrecompileAnswer>, Missing> {
        let address = u64::from_be_bytes(*call.address.last_chunk().expect("20 bytes"));
        self.asked.push((address, call.required_gas, Bytes::copy_from_slice(call.input)));
        Ok(Some(answer(call).expect("it is asked for precompiles of K-060 alone")))
    }
}

/// Runs each call with gas that suffices exactly, with one less, and with more.
fn check(fork: Fork, cases: &[Case]) {
    let calls: Vec<_> = cases
        .iter()
        .flat_map(|case| [-1, 0, 777].map(|more| (case, case.price(fork).saturating_add_signed(more))))
        .collect();
    let chain = chain(fork);
    let computed = run(&chain, fork, &calls, &mut chain.provider.clone());
    let mut oracle = Oracle { preimages: chain.provider.clone(), asked: Vec::new() };
    let answered = run(&chain, fork, &calls, &mut oracle);
    for (((case, gas), computed), answered) in calls.iter().zip(computed).zip(answered) {
        let expected = case.outcome(fork, *gas);
        assert_eq!(
            computed,
            expected,
            "{fork}: {}, {gas} gas: {}",
            case.what,
            Bytes::from(case.input.clone())
        );
        assert_eq!(answered, expected, "{fork}: {}, answered, {gas} gas", case.what);
        assert_eq!(canonical(fork, case, *gas), Some(expected.output).filter(|_| expected.succeeds));
    }
    // K-014, K-060, K-062: what the backend is asked for.
    let asked = calls
        .iter()
        .filter(|(case, gas)| case.is_asked && case.exists(fork) && *gas >= case.price(fork))
        .map(|(case, _)| {
            let mut input = case.input.clone();
            if case.address == 1 {
                input.resize(128, 0);
            }
            (case.address, case.price(fork), Bytes::from(input))
        });
    assert!(oracle.asked.iter().cloned().eq(asked), "{fork}");
}

/// The library's own, without this crate; without Karst's limit, which it does not know.
fn canonical(fork: Fork, case: &Case, gas: u64) -> Option<Bytes> {
    let spec = match fork {
        Fork::Bedrock => OpSpecId::BEDROCK,
        Fork::Regolith => OpSpecId::REGOLITH,
        Fork::Canyon | Fork::Delta => OpSpecId::CANYON,
        Fork::Ecotone => OpSpecId::ECOTONE,
        Fork::Fjord => OpSpecId::FJORD,
        Fork::Granite => OpSpecId::GRANITE,
        Fork::Holocene => OpSpecId::HOLOCENE,
        Fork::Isthmus => OpSpecId::ISTHMUS,
        Fork::Jovian => OpSpecId::JOVIAN,
        Fork::Karst | Fork::Lagoon => OpSpecId::KARST,
    };
    let set = OpPrecompiles::new_with_spec(spec).precompiles();
    let Some(precompile) = set.get(&Address::left_padding_from(&case.address.to_be_bytes())) else {
        return Some(Bytes::new());
    };
    if fork >= Fork::Karst && case.address == 8 && case.input.len() > 57_600 {
        return None;
    }
    let output = precompile.execute(&case.input, gas, 0).expect("no fatal error");
    output.is_success().then_some(output.bytes)
}

/// I-092, I-093, I-095, I-098, I-100, K-014, K-060, K-062: real points, sums, products, pairings, proofs and signatures, and bad ones of
/// every kind, at every fork.
#[test]
fn results_are_what_they_must_be() {
    let cases = cases();
    for fork in FORKS {
        check(fork, &cases);
    }
    for address in [1, 6, 7, 8, 0xa, 0xb, 0xc, 0xd, 0xe, 0xf, 0x10, 0x11, curves::P256VERIFY] {
        let of_it = || cases.iter().filter(|case| case.address == address);
        let (good, bad) = (
            of_it().filter(|case| case.output.as_ref().is_some_and(|output| !output.is_empty())).count(),
            of_it().filter(|case| case.output.as_ref().is_none_or(Vec::is_empty)).count(),
        );
        assert!(good >= 3 && bad >= 3, "{address:#x}: {good} good, {bad} bad");
    }
}

/// I-094, I-095, I-096, I-097, I-099: input at the limit of the fork succeeds and costs its price; a piece more fails.
#[test]
fn input_has_limits() {
    for fork in FORKS {
        let cases = limits(fork);
        assert!(!cases.is_empty());
        check(fork, &cases);
    }
}

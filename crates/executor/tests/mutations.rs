//! Valid blocks and what chance makes of them: each is a block or invalid, and nothing else (H-010, H-016, H-017).

mod common;

use alloy_consensus::{Header, TxEip1559, TxEip2930, TxEip7702, TxLegacy};
use alloy_eips::{
    eip2930::{AccessList, AccessListItem},
    eip7702::Authorization,
};
use alloy_primitives::{Address, B256, Bytes, Sealable, TxKind, U256, bytes};
use common::world::{BASE_FEE, CHAIN_ID, Chain, GAS_LIMIT, Signer, World, deposit, user_deposit};
use op_alloy_consensus::TxDeposit;
use proptest::{collection::vec, prelude::*, sample::Index};
use unroll_executor::{ExecutionError, InvalidPayload};
use unroll_protocol::forks::Fork;

const BOB: Address = Address::repeat_byte(0xb0);
const SIGNERS: u8 = 3;

/// What a transaction is made of. The nonce is what its signer has, unless chance changes it.
#[derive(Clone, Debug)]
struct Plan {
    signer: u8,
    /// 0, 1, 2, or 4, which becomes 2 before Isthmus.
    kind: u8,
    to: Option<u8>,
    value: u64,
    tip: u8,
    input: Vec<u8>,
}

/// A change of the transactions, before they are signed or after.
#[derive(Clone, Debug)]
enum Change {
    Nonce(Index, u64),
    Gas(Index, u64),
    Fee(Index, u64),
    Value(Index, U256),
    Chain(Index, u64),
    Flip(Index, Index, u8),
    Cut(Index, Index),
    Insert(Index, Index, u8),
    Swap(Index, Index),
    Repeat(Index),
    Remove(Index),
}

fn plans() -> impl Strategy<Value = Vec<Plan>> {
    let input = prop_oneof![vec(any::<u8>(), 0..80), prop::sample::select(calldata())];
    let to = prop::option::weighted(0.8, 0..u8::try_from(contracts().len()).expect("few"));
    let kind = prop::sample::select(vec![0, 1, 2, 4]);
    let plan = (1..=SIGNERS, kind, to, 0..3_u64, 0..9_u8, input);
    let plan =
        plan.prop_map(|(signer, kind, to, value, tip, input)| Plan { signer, kind, to, value, tip, input });
    vec(plan, 1..7)
}

/// Numbers that mean something, and any.
fn number() -> impl Strategy<Value = u64> {
    let telling =
        vec![0, 1, 2, 20_999, 21_000, 53_000, BASE_FEE - 1, BASE_FEE, GAS_LIMIT, 16_777_217, u64::MAX];
    prop_oneof![prop::sample::select(telling), any::<u64>()]
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let (tx, at) = (any::<Index>, any::<Index>);
    let change = prop_oneof![
        (tx(), number()).prop_map(|(tx, to)| Change::Nonce(tx, to)),
        (tx(), number()).prop_map(|(tx, to)| Change::Gas(tx, to)),
        (tx(), number()).prop_map(|(tx, to)| Change::Fee(tx, to)),
        (tx(), number()).prop_map(|(tx, to)| Change::Value(tx, U256::from(to))),
        (tx(), number()).prop_map(|(tx, to)| Change::Value(tx, U256::MAX - U256::from(to))),
        (tx(), number()).prop_map(|(tx, to)| Change::Chain(tx, to)),
        (tx(), at(), 1..=255_u8).prop_map(|(tx, at, bits)| Change::Flip(tx, at, bits)),
        (tx(), at()).prop_map(|(tx, at)| Change::Cut(tx, at)),
        (tx(), at(), any::<u8>()).prop_map(|(tx, at, byte)| Change::Insert(tx, at, byte)),
        (tx(), tx()).prop_map(|(one, other)| Change::Swap(one, other)),
        tx().prop_map(Change::Repeat),
        tx().prop_map(Change::Remove),
    ];
    vec(change, 1..3)
}

/// Contracts that store, log, fail, die, create, call precompiles and themselves, and use up their gas.
fn contracts() -> Vec<Bytes> {
    vec![
        Bytes::new(),
        // sstore(0, sload(0) + 1)
        bytes!("60005460010160005500"),
        // sstore(calldataload(0), 0)
        bytes!("60006000355500"),
        // log1(0, 32, calldataload(0))
        bytes!("60003560206000a100"),
        bytes!("60006000fd"),
        bytes!("fe"),
        // selfdestruct(caller)
        bytes!("33ff"),
        // jumpdest, jump(0)
        bytes!("5b600056"),
        // create2 of the calldata
        bytes!("36600060003760003660006000f500"),
        // Calls precompile calldataload(0) with the calldata, and stores the result's first word.
        bytes!("3660006000376020600036600060006000355af160005160015500"),
        // Calls itself with all its gas.
        bytes!("6000600060006000600030455af100"),
        // sstore(1, blockhash(number - 1)), sstore(2, balance(coinbase))
        bytes!("600143034060015541316002550000"),
    ]
}

/// Numbers of precompiles.
fn calldata() -> Vec<Vec<u8>> {
    (0..=0x11)
        .chain([0x100])
        .map(|number: u64| B256::left_padding_from(&number.to_be_bytes()).to_vec())
        .collect()
}

fn contract(number: u8) -> Address {
    Address::with_last_byte(0x70 + number)
}

/// A second block, so that all hashes of blocks before it are known.
fn chain(fork: Fork) -> Chain {
    let mut world = World::default().with_fees(5_000_000, 77, 400);
    for seed in 1..=SIGNERS {
        world.actor(Signer::new(seed).address()).balance = U256::from(u64::MAX);
    }
    for (number, code) in contracts().into_iter().enumerate() {
        let address = contract(u8::try_from(number).expect("few"));
        world = world.with_code(address, code).with_balance(address, 5).with_slot(address, 1, U256::from(9));
    }
    let mut chain = Chain::at(fork, &world);
    chain.parent = Header { number: 1, ..chain.parent.into_inner() }.seal_slow();
    chain
}

/// A transaction before it is signed.
struct Draft {
    plan: Plan,
    nonce: u64,
    gas_limit: u64,
    fee: u64,
    value: U256,
    chain_id: u64,
}

impl Draft {
    fn sign(&self) -> Bytes {
        let &Self { nonce, gas_limit, value, chain_id, .. } = self;
        let Plan { kind, to, tip, input, .. } = self.plan.clone();
        let (signer, input) = (Signer::new(self.plan.signer), Bytes::from(input));
        let to = to.map(contract);
        let kind_of_call = to.map_or(TxKind::Create, TxKind::Call);
        let (gas_price, max_fee_per_gas) = (self.fee.into(), self.fee.into());
        let access_list =
            AccessList(vec![AccessListItem { address: contract(1), storage_keys: vec![B256::ZERO] }]);
        match kind {
            0 => signer.sign(&TxLegacy {
                chain_id: (tip > 3).then_some(chain_id),
                nonce,
                gas_price,
                gas_limit,
                to: kind_of_call,
                value,
                input,
            }),
            1 => {
                let to = kind_of_call;
                signer.sign(&TxEip2930 {
                    chain_id,
                    nonce,
                    gas_price,
                    gas_limit,
                    to,
                    value,
                    access_list,
                    input,
                })
            }
            2 => signer.sign(&TxEip1559 {
                chain_id,
                nonce,
                gas_limit,
                max_fee_per_gas,
                max_priority_fee_per_gas: tip.into(),
                to: kind_of_call,
                value,
                access_list,
                input,
            }),
            _ => signer.sign(&TxEip7702 {
                chain_id,
                nonce,
                gas_limit,
                max_fee_per_gas,
                max_priority_fee_per_gas: tip.into(),
                to: to.unwrap_or(BOB),
                value,
                access_list,
                authorization_list: vec![authorization(tip)],
                input,
            }),
        }
    }
}

/// Of a signer whose nonce may be another by then, for a contract.
fn authorization(number: u8) -> alloy_eips::eip7702::SignedAuthorization {
    let signer = Signer::new(1 + number % (SIGNERS + 2));
    let authorization = Authorization { chain_id: U256::ZERO, address: contract(number), nonce: 0 };
    let signature = signer.signature(authorization.signature_hash());
    authorization.into_signed(signature)
}

fn drafts(plans: &[Plan], fork: Fork) -> Vec<Draft> {
    let mut drafts: Vec<Draft> = Vec::new();
    for plan in plans {
        let mut plan = plan.clone();
        // An authorization that counts moves its signer's nonce; this one signs nothing else.
        if plan.kind == 4 && (fork < Fork::Isthmus || plan.tip % (SIGNERS + 2) < SIGNERS) {
            plan.kind = 2;
        }
        let nonce = drafts.iter().filter(|draft| draft.plan.signer == plan.signer).count() as u64;
        let (gas_limit, fee, value) = (200_000, BASE_FEE + 9, U256::from(plan.value));
        drafts.push(Draft { plan, nonce, gas_limit, fee, value, chain_id: CHAIN_ID });
    }
    drafts
}

/// Applies the changes of fields.
fn redraft(drafts: &mut [Draft], change: &Change) {
    match change {
        Change::Nonce(tx, nonce) => tx.get_mut(drafts).nonce = *nonce,
        Change::Gas(tx, gas) => tx.get_mut(drafts).gas_limit = *gas,
        Change::Fee(tx, fee) => tx.get_mut(drafts).fee = *fee,
        Change::Value(tx, value) => tx.get_mut(drafts).value = *value,
        Change::Chain(tx, chain_id) => tx.get_mut(drafts).chain_id = *chain_id,
        _ => {}
    }
}

/// Applies the changes of bytes and of order.
fn rewrite(list: &mut Vec<Vec<u8>>, change: &Change) {
    let count = list.len();
    match change {
        Change::Flip(tx, at, bits) => {
            let tx = tx.get_mut(list);
            if !tx.is_empty() {
                *at.get_mut(tx) ^= bits;
            }
        }
        Change::Cut(tx, at) => {
            let tx = tx.get_mut(list);
            tx.truncate(at.index(tx.len() + 1));
        }
        Change::Insert(tx, at, byte) => {
            let tx = tx.get_mut(list);
            tx.insert(at.index(tx.len() + 1), *byte);
        }
        Change::Swap(one, other) => list.swap(one.index(count), other.index(count)),
        Change::Repeat(tx) => list.push(tx.get(list).clone()),
        // One is left for the next change.
        Change::Remove(tx) if count > 1 => drop(list.remove(tx.index(count))),
        _ => {}
    }
}

/// What chance makes of the transactions. Derivation drops a batch with what begins like a deposit (F-023).
fn changed(mut drafts: Vec<Draft>, changes: &[Change]) -> Vec<Bytes> {
    for change in changes {
        redraft(&mut drafts, change);
    }
    let mut list: Vec<Vec<u8>> = drafts.iter().map(|draft| draft.sign().to_vec()).collect();
    for change in changes {
        rewrite(&mut list, change);
    }
    list.into_iter().filter(|tx| tx.first() != Some(&0x7e)).map(Bytes::from).collect()
}

/// A block, or the position of what is invalid. In that case what comes before it is a block, and so are the deposits, by the
/// executor that refused the payload (H-011, H-016).
fn judge(chain: &Chain, transactions: &[Bytes]) -> Result<usize, TestCaseError> {
    let front = deposit(&TxDeposit { mint: 12_345, to: BOB.into(), ..user_deposit(BOB) });
    let payload = [&[front][..], transactions].concat();
    let run = |transactions: &[Bytes]| chain.run(transactions);
    let mut executor = chain.executor();
    let mut provider = chain.provider.clone();
    match executor.execute(&mut provider, &chain.attributes(&payload)) {
        Ok(block) => {
            prop_assert_eq!(block.receipts.len(), payload.len() + 1);
            prop_assert!(block.header.gas_used <= GAS_LIMIT);
            prop_assert_eq!(&run(&payload).expect("the same again"), &block);
            Ok(transactions.len())
        }
        Err(ExecutionError::InvalidPayload(InvalidPayload { index, .. })) => {
            prop_assert!(index >= 2, "deposits are valid");
            let deposits = executor.execute(&mut provider, &chain.attributes(&payload[..1]));
            prop_assert_eq!(deposits.expect("deposits"), run(&payload[..1]).expect("deposits"));
            let before = run(&payload[..index - 1]);
            prop_assert!(before.is_ok(), "before {index}: {before:?}");
            Ok(index - 2)
        }
        Err(other) => Err(TestCaseError::fail(format!("no verdict: {other:?}"))),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    /// H-010, H-016, H-017
    #[test]
    fn a_changed_block_is_a_block_or_invalid(plans in plans(), changes in changes(), fork in fork()) {
        let chain = chain(fork);
        let valid: Vec<_> = drafts(&plans, fork).iter().map(Draft::sign).collect();
        prop_assert_eq!(judge(&chain, &valid)?, valid.len(), "{}: all are valid", fork);
        judge(&chain, &changed(drafts(&plans, fork), &changes))?;
    }
}

fn fork() -> impl Strategy<Value = Fork> {
    prop::sample::select(Fork::ALL.into_iter().filter(|fork| *fork <= Fork::Karst).collect::<Vec<_>>())
}

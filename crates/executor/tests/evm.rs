//! What contracts see of a block and of its fork (I-073, I-080 to I-098), on a chain made up for it.

mod common;

use std::slice::from_ref;

use alloy_consensus::Header;
use alloy_primitives::{Address, B256, Bytes, Sealable, TxKind, U256, address, b256, bytes, keccak256};
use common::{
    Missing,
    logging::{ALICE, BOB, logging, result, run},
    world::{Chain, DEPOSITOR, PARENT_NUMBER, Signer, TIME, World, deposit, user_deposit},
};
use op_alloy_consensus::TxDeposit;
use unroll_executor::ExecutionError;
use unroll_protocol::forks::Fork;

/// I-073, I-092: BLOBBASEFEE is 1, also after a block with a large DA footprint, and BLOBHASH is 0.
#[test]
fn there_are_no_blobs() {
    for fork in [Fork::Ecotone, Fork::Isthmus, Fork::Jovian, Fork::Karst] {
        assert_eq!(result(fork, &bytes!("4a")), Some(U256::from(1)), "{fork}");
        assert_eq!(result(fork, &bytes!("600049")), Some(U256::ZERO), "{fork}");
    }
    let mut chain = Chain::at(Fork::Jovian, &logging(&bytes!("4a")));
    let parent =
        Header { blob_gas_used: Some(29_000_000), excess_blob_gas: Some(0), ..chain.parent.into_inner() };
    chain.parent = parent.seal_slow();
    assert_eq!(run(&chain, 1_000_000).expect("valid"), Some(U256::from(1)));
}

/// I-090: PREVRANDAO, NUMBER, TIMESTAMP, CHAINID, BASEFEE, GASLIMIT, COINBASE, and GASPRICE, ORIGIN of a deposit (I-002).
#[test]
fn contracts_see_the_attributes() {
    for (code, expected) in [
        (bytes!("43"), U256::from(PARENT_NUMBER + 1)),
        (bytes!("42"), U256::from(TIME)),
        (bytes!("46"), U256::from(common::world::CHAIN_ID)),
        (bytes!("48"), U256::from(common::world::BASE_FEE)),
        (bytes!("45"), U256::from(common::world::GAS_LIMIT)),
        (bytes!("41"), U256::from_be_slice(common::world::COINBASE.as_slice())),
        (bytes!("3a"), U256::ZERO),
        (bytes!("32"), U256::from_be_slice(ALICE.as_slice())),
        (bytes!("33"), U256::from_be_slice(ALICE.as_slice())),
    ] {
        assert_eq!(result(Fork::Jovian, &code), Some(expected), "{code}");
    }
}

/// BLOCKHASH walks back over the parents' headers, at most 256, and only as far as it is asked.
#[test]
fn block_hashes_come_from_headers() {
    let code =
        |number: u64| [&[0x61][..], &u16::try_from(number).expect("small").to_be_bytes(), &[0x40]].concat();
    // A chain of headers below the parent.
    let mut headers = vec![Header { number: 0, ..Header::default() }.seal_slow()];
    for number in 1..PARENT_NUMBER {
        let parent_hash = headers.last().expect("genesis").hash();
        headers.push(Header { number, parent_hash, ..Header::default() }.seal_slow());
    }
    let top = headers.last().expect("some").hash();
    let hash_of = |number: u64, known: std::ops::Range<usize>| {
        let mut chain = Chain::at(Fork::Karst, &logging(&code(number)));
        chain.parent = Header { parent_hash: top, ..chain.parent.into_inner() }.seal_slow();
        for header in &headers[known] {
            chain.provider.by_hash.insert(header.hash(), alloy_rlp::encode(header.inner()).into());
        }
        let expected = if number == PARENT_NUMBER {
            chain.parent.hash()
        } else {
            headers
                .get(usize::try_from(number).expect("small"))
                .map(|header| header.hash())
                .unwrap_or_default()
        };
        (run(&chain, 1_000_000).map(|word| word.map(B256::from)), expected)
    };
    let (n, count) = (PARENT_NUMBER, usize::try_from(PARENT_NUMBER).expect("small"));
    // The parent and its parent are known without asking.
    for number in [n, n - 1] {
        let (hash, expected) = hash_of(number, 0..0);
        assert_eq!(hash.expect("known"), Some(expected));
    }
    // The block itself and later ones, and those too far back, are zero.
    for number in [n + 1, n + 2, n - 256, 0] {
        let (hash, _) = hash_of(number, 0..0);
        assert_eq!(hash.expect("zero"), Some(B256::ZERO), "{number}");
    }
    // The oldest: the hash of block n - 255 is in the header of n - 254.
    let oldest = n - 255;
    let (hash, expected) = hash_of(oldest, count - 254..count);
    assert_eq!(hash.expect("known"), Some(expected));
    let (hash, _) = hash_of(oldest, count - 253..count);
    assert!(matches!(hash, Err(ExecutionError::Provider(Missing(_)))), "{hash:?}");
}

const CREATE2_DEPLOYER: Address = address!("13b0D85CcB8bf860b6b79AF3029fCA081AE9beF2");

/// I-080: Canyon's first block, and no other, sets the code of the create2 deployer; what it has stays.
#[test]
fn canyon_deploys_the_create2_deployer() {
    let code = include_bytes!("../src/create2_deployer.bin");
    assert_eq!(keccak256(code), b256!("b0550b5b431e30d38000efb7107aaa0ade03d48a7198a140edda9d27134468b2"));
    for owned in [false, true] {
        let mut before = World::default();
        if owned {
            before = before.with_balance(CREATE2_DEPLOYER, 9).with_slot(CREATE2_DEPLOYER, 1, U256::from(2));
            before.actor(CREATE2_DEPLOYER).nonce = 3;
        }
        let mut after = before.clone();
        after.actor(CREATE2_DEPLOYER).code = Bytes::from_static(code);
        for world in [&mut before, &mut after] {
            world.actor(DEPOSITOR).nonce = 1;
        }
        let state = |chain: Chain| chain.run(&[]).expect("valid").header.state_root;
        let start = {
            let mut start = before.clone();
            start.0.remove(&DEPOSITOR);
            start
        };
        assert_eq!(state(Chain::activating(Fork::Canyon, &start)), after.root());
        // No block has Canyon's time: the first one that has Canyon. op-geth would never do it.
        let mut between = Chain::activating(Fork::Canyon, &start);
        between.cfg.forks = between.cfg.forks.with(Fork::Canyon, TIME - 1);
        assert_eq!(state(between), after.root());
        assert_eq!(state(Chain::at(Fork::Canyon, &start)), before.root());
        assert_eq!(state(Chain::at(Fork::Regolith, &start)), before.root());
        assert_eq!(state(Chain::activating(Fork::Delta, &start)), before.root());
    }
}

/// I-081, I-082: the system calls, which cost nothing and come before the transactions; without a contract nothing happens.
#[test]
fn system_calls_come_first() {
    const BEACON_ROOTS: Address = address!("000F3df6D732807Ef1319fB7B8bB8522d0Beac02");
    const BLOCK_HASHES: Address = address!("0000F90827F1C53a10cb7A02335B175320002935");
    // sstore(caller & 1, calldataload(0)): the system's address is even, Alice's is odd.
    let code = bytes!("6000356001331655");
    let world = World::default().with_code(BEACON_ROOTS, code.clone()).with_code(BLOCK_HASHES, code);
    for (fork, beacon, history) in [
        (Fork::Canyon, false, false),
        (Fork::Ecotone, true, false),
        (Fork::Holocene, true, false),
        (Fork::Isthmus, true, true),
        (Fork::Karst, true, true),
    ] {
        let chain = Chain::at(fork, &world);
        let mut after = world.clone();
        if beacon {
            after = after.with_slot(BEACON_ROOTS, 0, B256::repeat_byte(0xbe).into());
        }
        if history {
            after = after.with_slot(BLOCK_HASHES, 0, chain.parent.hash().into());
        }
        after.actor(DEPOSITOR).nonce = 1;
        let block = chain.run(&[]).expect("valid");
        assert_eq!(block.header.state_root, after.root(), "{fork}");
        assert_eq!(block.header.gas_used, 21_000, "{fork}");
        let mut nothing = World::default();
        nothing.actor(DEPOSITOR).nonce = 1;
        let block = Chain::at(fork, &World::default()).run(&[]).expect("valid");
        assert_eq!(block.header.state_root, nothing.root(), "{fork}");
    }
    // A call that fails changes nothing.
    let world = World::default().with_code(BEACON_ROOTS, bytes!("6001600055600080fd"));
    let mut after = world.clone();
    after.actor(DEPOSITOR).nonce = 1;
    assert_eq!(Chain::at(Fork::Karst, &world).run(&[]).expect("valid").header.state_root, after.root());
}

/// I-083, I-044: nobody calls the request contracts of EIP-7002 and EIP-7251, and no log is a deposit of EIP-6110, whatever is
/// deployed there: there are never requests.
#[test]
fn there_are_no_requests() {
    const WITHDRAWALS: Address = address!("00000961Ef480Eb55e80D19ad83579A64c007002");
    const CONSOLIDATIONS: Address = address!("0000BBdDc7CE488642fb579F8B00f3a590007251");
    const DEPOSITS: Address = address!("00000000219ab540356cBB839Cbe05303d7705Fa");
    // sstore(0, 1), return(0, 32); and a log with the topic of DepositEvent.
    let code = bytes!("600160005560206000f3");
    let log = bytes!("7f649bbc62d0e31342afea4e5cd82d4049e7e1ee912fc0889aa790803be39038c55f5fa1");
    let world = World::default()
        .with_code(WITHDRAWALS, code.clone())
        .with_code(CONSOLIDATIONS, code)
        .with_code(DEPOSITS, log);
    for fork in [Fork::Isthmus, Fork::Jovian, Fork::Karst] {
        let tx = deposit(&TxDeposit { to: DEPOSITS.into(), ..user_deposit(ALICE) });
        let block = Chain::at(fork, &world).run(&[tx]).expect("valid");
        assert_eq!(block.receipts[1].logs.len(), 1);
        let mut after = world.clone();
        (after.actor(ALICE).nonce, after.actor(DEPOSITOR).nonce) = (1, 1);
        assert_eq!(block.header.state_root, after.root(), "{fork}");
        let none = b256!("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(block.header.requests_hash, Some(none), "{fork}");
    }
}

/// EIP-161: an empty account that exists disappears when touched, and no other is made.
#[test]
fn touched_empty_accounts_disappear() {
    let mut before = World::default();
    before.actor(BOB);
    before.actor(Address::repeat_byte(0xcc));
    let mut after = World::default();
    after.actor(Address::repeat_byte(0xcc));
    after.actor(ALICE).nonce = 2;
    after.actor(DEPOSITOR).nonce = 1;
    let touch = deposit(&TxDeposit { to: BOB.into(), ..user_deposit(ALICE) });
    let other = deposit(&TxDeposit { to: Address::repeat_byte(0xdd).into(), ..user_deposit(ALICE) });
    let block = Chain::at(Fork::Jovian, &before).run(&[touch, other]).expect("valid");
    assert_eq!(block.header.state_root, after.root());
}

/// Also if a later transaction of the block delegates code, before which the executor forgets what is empty.
#[test]
fn touched_empty_accounts_disappear_before_delegations() {
    use alloy_consensus::TxEip7702;
    use alloy_eips::eip7702::Authorization;
    let (alice, carol) = (Signer::new(1), Signer::new(3));
    let mut before = World::default().with_balance(alice.address(), 1_000_000_000_000);
    before.actor(BOB);
    let authorization = Authorization { chain_id: U256::ZERO, address: Address::ZERO, nonce: 0 };
    let signature = carol.signature(authorization.signature_hash());
    let delegate = alice.sign(&TxEip7702 {
        chain_id: common::world::CHAIN_ID,
        gas_limit: 100_000,
        max_fee_per_gas: 1_000,
        to: Address::repeat_byte(0xdd),
        authorization_list: vec![authorization.into_signed(signature)],
        ..TxEip7702::default()
    });
    let touch = deposit(&TxDeposit { to: BOB.into(), ..user_deposit(ALICE) });
    let block = Chain::at(Fork::Isthmus, &before).run(&[touch, delegate]).expect("valid");
    let mut after = World::default()
        .with_balance(alice.address(), 1_000_000_000_000 - 46_000_000)
        .with_balance(common::world::BASE_FEE_VAULT, 46_000_000);
    for address in [ALICE, alice.address(), carol.address(), DEPOSITOR] {
        after.actor(address).nonce = 1;
    }
    assert_eq!(block.header.state_root, after.root());
}

/// Before Cancun a contract can die and be born again with CREATE2 in the next transaction, with its storage empty.
#[test]
fn a_contract_is_born_again_without_its_storage() {
    // The child: stores 1 + its slot 0 in slot 0 when called with value, else dies. Deployed as it is by the init code.
    //   callvalue, push 6, jumpi, caller, selfdestruct, jumpdest, sstore(0, sload(0) + 1)
    let child = bytes!("3460065733ff5b60005460010160005500");
    // The init code copies what is behind it: codecopy(0, 11, size), return(0, size).
    let size = u8::try_from(child.len()).expect("short");
    let mut init = vec![0x60, size, 0x80, 0x60, 11, 0x60, 0, 0x39, 0x60, 0, 0xf3];
    init.extend_from_slice(&child);
    // Bob copies his calldata and creates with salt 0: calldatacopy(0, 0, size), create2(0, 0, size, 0).
    let factory = bytes!("36600060003760003660006000f500");
    let born = BOB.create2_from_code(B256::ZERO, &init);
    let call = |to: Address, value: u64, input: &[u8]| {
        let input = Bytes::copy_from_slice(input);
        deposit(&TxDeposit {
            to: to.into(),
            mint: value.into(),
            value: U256::from(value),
            input,
            gas_limit: 500_000,
            ..user_deposit(ALICE)
        })
    };
    let create = call(BOB, 0, &init);
    let (store, die) = (call(born, 1, &[]), call(born, 0, &[]));
    let mut world = World::default().with_code(BOB, factory);
    world.actor(DEPOSITOR).nonce = 1;
    // Stored 3 times, died, born, stored twice: 2, not 5. It dies at the end of its transaction and is there until then.
    let script = [&create, &store, &store, &store, &die, &create, &store, &store].map(Clone::clone);
    let mut after = world.clone();
    after.actor(ALICE).nonce = 8;
    after.actor(ALICE).balance = U256::from(0);
    after.actor(BOB).nonce = 3;
    after = after.with_code(born, child.clone()).with_slot(born, 0, U256::from(2)).with_balance(born, 2);
    after.actor(BOB).nonce = 3;
    // What it had when it died went to Alice, who called it.
    after.actor(ALICE).balance = U256::from(3);
    after.actor(DEPOSITOR).nonce = 2;
    let chain = Chain::at(Fork::Canyon, &world);
    let block = chain.run(&script).expect("valid");
    assert_eq!(block.header.state_root, after.root());

    // And over a range: died in one block, born in the next.
    let mut executor = chain.executor();
    let mut provider = chain.provider.clone();
    let mut time = TIME;
    for (transactions, root) in [
        (vec![create.clone(), store.clone(), store.clone()], None),
        (vec![die], None),
        (vec![create, store], Some(1)),
    ] {
        let mut attributes = chain.attributes(&transactions);
        attributes.payload_attributes.timestamp = time;
        time += 2;
        let block = executor.execute(&mut provider, &attributes).expect("valid");
        if let Some(count) = root {
            let mut after = after.clone().with_slot(born, 0, U256::from(count)).with_balance(born, count);
            after.actor(ALICE).nonce = 6;
            after.actor(ALICE).balance = U256::from(2);
            after.actor(BOB).nonce = 3;
            after.actor(DEPOSITOR).nonce = 4;
            assert_eq!(block.header.state_root, after.root());
        }
    }
}

/// EIP-6780, from Ecotone: only what was created in the same transaction dies; the others keep code and storage.
#[test]
fn only_the_newborn_die_from_ecotone() {
    // caller; selfdestruct
    let code = bytes!("33ff");
    let before = World::default().with_code(BOB, code).with_slot(BOB, 5, U256::from(6)).with_balance(BOB, 7);
    for (fork, survives) in [(Fork::Canyon, false), (Fork::Ecotone, true), (Fork::Karst, true)] {
        let mut after = if survives { before.clone().with_balance(BOB, 0) } else { World::default() };
        after.actor(ALICE).nonce = 1;
        after.actor(ALICE).balance = U256::from(7);
        after.actor(DEPOSITOR).nonce = 1;
        let tx = deposit(&TxDeposit { to: BOB.into(), ..user_deposit(ALICE) });
        let block = Chain::at(fork, &before).run(&[tx]).expect("valid");
        assert_eq!(block.header.state_root, after.root(), "{fork}");
    }
    // Init code that dies.
    let tx = deposit(&TxDeposit {
        to: TxKind::Create,
        mint: 4,
        value: U256::from(4),
        input: bytes!("33ff"),
        ..user_deposit(ALICE)
    });
    for fork in [Fork::Canyon, Fork::Ecotone, Fork::Karst] {
        let mut after = World::default().with_balance(ALICE, 4);
        after.actor(ALICE).nonce = 1;
        after.actor(DEPOSITOR).nonce = 1;
        let block = Chain::at(fork, &World::default()).run(from_ref(&tx)).expect("valid");
        assert_eq!(block.header.state_root, after.root(), "{fork}");
    }
}

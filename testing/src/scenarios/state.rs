//! What transactions leave behind in the state, account by account and trie by trie.

use super::{Receipt, Story, chain, receipts};
use crate::devnet::{
    Devnet,
    asm::{assemble, deployer},
    config::ForkConfig,
    contracts as code,
    events::Deposit,
    keys::{Call, Key},
    l2,
    traffic::word,
    tries::FullTrie,
};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, TxKind, U256, keccak256};
use alloy_trie::{EMPTY_ROOT_HASH, TrieAccount};
use unroll_protocol::{deposit::DEPOSIT_TX_TYPE, forks::Fork};

/// A chain, and the only user that it has.
struct Stage {
    devnet: Devnet,
    key: Key,
    nonce: u64,
}

/// Storage that is cleared, contracts that are destroyed, deposits that fail, accounts that take on code and give it up: what is
/// left of each.
pub(super) fn state_changes(fork: Fork) -> Story {
    let devnet = chain(ForkConfig::until(fork), |config| {
        config.traffic.transactions = 0;
        config.traffic.deposits = 0;
    });
    let mut stage = Stage { devnet, key: Key::new(1_005), nonce: 0 };
    stage.clear_storage();
    stage.destroy(fork >= Fork::Ecotone);
    stage.create_and_destroy();
    stage.deposit(fork);
    if fork >= Fork::Isthmus {
        stage.delegate();
    }
    let mut devnet = stage.devnet;
    let last = devnet.head().header.number;
    devnet.advance_to(last + 1);
    devnet.sync();
    assert!(devnet.safe() > last);
    Story::whole(devnet)
}

/// `slot[first argument] = second argument`; without arguments, destroys itself for the sake of its caller.
fn keeper() -> Bytes {
    assemble(
        "CALLDATASIZE ISZERO @die JUMPI
         0x20 CALLDATALOAD 0x00 CALLDATALOAD SSTORE STOP
         die: CALLER SELFDESTRUCT",
    )
}

fn pair(slot: u64, value: u64) -> Bytes {
    [word(slot), word(value)].concat().into()
}

/// What another implementation of tries says about this storage.
fn root(slots: &[(u64, u64)]) -> B256 {
    let slots = slots.iter().map(|(slot, value)| (U256::from(*slot), U256::from(*value)));
    FullTrie::of_storage(&slots.collect()).root
}

impl Stage {
    fn call(&mut self, to: TxKind, value: u64, input: Bytes) -> Call {
        self.nonce += 1;
        Call {
            chain_id: self.devnet.config.l2.chain_id,
            nonce: self.nonce - 1,
            gas_limit: 500_000,
            to,
            value: U256::from(value),
            input,
        }
    }

    fn send(&mut self, to: Address, value: u64, input: Bytes) -> Bytes {
        let call = self.call(TxKind::Call(to), value, input);
        self.key.call(call).encoded_2718().into()
    }

    /// Creates at an address that the salt decides.
    fn create2(&mut self, salt: u64) -> Bytes {
        let input = [word(salt), deployer(&keeper())].concat();
        self.send(code::DETERMINISTIC_DEPLOYER, 0, input.into())
    }

    /// A block with these transactions, all of them; which of them succeeded.
    fn block(&mut self, users: Vec<Bytes>) -> Vec<bool> {
        let wanted = users.len();
        let block = self.devnet.sequence_block(users);
        let own = block.transactions.iter().zip(receipts(block));
        let own = own.filter(|(tx, _)| tx[0] != DEPOSIT_TX_TYPE).map(|(_, receipt)| receipt.success);
        let own: Vec<_> = own.collect();
        assert_eq!(own.len(), wanted);
        while self.devnet.next_time().0 >= self.devnet.l1.next_time() {
            let batches = self.devnet.post();
            self.devnet.mine(&batches);
        }
        own
    }

    fn account(&self, address: Address) -> Option<TrieAccount> {
        l2::account(self.devnet.rollup(), &self.devnet.store, &self.devnet.head().header, address)
    }

    fn storage_root(&self, address: Address) -> B256 {
        self.account(address).expect("there is such a contract").storage_root
    }

    fn balance(&self, address: Address) -> U256 {
        self.account(address).map_or(U256::ZERO, |account| account.balance)
    }

    /// Sixteen slots, of which one is left and then none: branches collapse, and the trie is empty again.
    fn clear_storage(&mut self) {
        let contract = self.key.address.create(self.nonce);
        let call = self.call(TxKind::Create, 0, deployer(&keeper()));
        assert_eq!(self.block(vec![self.key.call(call).encoded_2718().into()]), [true]);
        let account = self.account(contract).expect("it was created");
        assert_eq!((account.nonce, account.code_hash), (1, keccak256(keeper()))); // EIP-161
        let all: Vec<_> = (0..16).map(|slot| (slot, slot + 1)).collect();
        let set = all.iter().map(|(slot, value)| self.send(contract, 0, pair(*slot, *value))).collect();
        self.block(set);
        assert_eq!(self.storage_root(contract), root(&all));
        let cleared = (0..16).map(|slot| self.send(contract, 0, pair(slot, if slot == 3 { 9 } else { 0 })));
        let cleared = cleared.collect();
        self.block(cleared);
        assert_eq!(self.storage_root(contract), root(&[(3, 9)]), "one leaf is left");
        let to_and_fro =
            [(5, 1), (5, 0), (3, 0)].map(|(slot, value)| self.send(contract, 0, pair(slot, value)));
        self.block(to_and_fro.into());
        assert_eq!(self.storage_root(contract), EMPTY_ROOT_HASH);
    }

    /// A contract with storage and wei is destroyed, and created again at the same address in the same block: until Ecotone its
    /// storage is gone; then it stays with all but its wei (EIP-6780), and its place is taken.
    fn destroy(&mut self, stays: bool) {
        let hash = keccak256(deployer(&keeper()));
        let contract = code::DETERMINISTIC_DEPLOYER.create2(B256::from(U256::from(1)), hash);
        let birth =
            vec![self.create2(1), self.send(contract, 0, pair(1, 11)), self.send(contract, 0, pair(2, 22))];
        assert_eq!(self.block(birth), [true; 3]);
        assert_eq!(self.storage_root(contract), root(&[(1, 11), (2, 22)]));
        let death = vec![self.fund(contract, 1_000)];
        assert_eq!(self.block(death), [true]);
        assert_eq!(self.balance(contract), U256::from(1_000));
        let before = self.belongings();
        let death = vec![self.send(contract, 0, Bytes::new())];
        assert_eq!(self.block(death), [true]);
        assert_eq!(self.belongings() - before, U256::from(1_000), "it goes to the caller");
        let left = self.account(contract);
        let kept = left.map(|account| (account.balance, account.code_hash, account.storage_root));
        let whole = (U256::ZERO, keccak256(keeper()), root(&[(1, 11), (2, 22)]));
        assert_eq!(kept, stays.then_some(whole));

        let again = vec![
            self.create2(1),
            self.send(contract, 0, pair(3, 33)),
            self.send(contract, 0, Bytes::new()),
            self.create2(1),
            self.send(contract, 0, pair(4, 44)),
        ];
        assert_eq!(self.block(again), [!stays, true, true, !stays, true]);
        let slots: &[_] = if stays { &[(1, 11), (2, 22), (3, 33), (4, 44)] } else { &[(4, 44)] };
        assert_eq!(self.storage_root(contract), root(slots));
        assert_eq!(self.account(contract).map(|account| account.nonce), Some(1));

        // Destroyed, and then given something.
        let gift = vec![self.send(contract, 0, Bytes::new()), self.fund(contract, 5)];
        assert_eq!(self.block(gift), [true; 2]);
        let account = self.account(contract).expect("it has wei");
        let kept = (account.nonce, account.code_hash, account.storage_root);
        let nothing = (0, KECCAK256_EMPTY, EMPTY_ROOT_HASH);
        assert_eq!(kept, if stays { (1, keccak256(keeper()), root(slots)) } else { nothing });
        assert_eq!(account.balance, U256::from(5));
    }

    /// Wei for a contract that takes them along with arguments only.
    fn fund(&mut self, contract: Address, wei: u64) -> Bytes {
        self.send(contract, wei, pair(2, 22))
    }

    /// What the user has, and what the user paid: fees go to vaults.
    fn belongings(&self) -> U256 {
        let vaults = [0x11, 0x19, 0x1a, 0x1b].map(|vault| self.balance(code::predeploy(vault)));
        self.balance(self.key.address) + vaults.into_iter().sum::<U256>()
    }

    /// Nothing is left of a contract that is destroyed in the transaction that created it, on any fork: it can be done again. And a
    /// call that gives nothing makes no account (EIP-161).
    fn create_and_destroy(&mut self) {
        let init = deployer(&code::mortal());
        let contract = code::FACTORY.create2(B256::from(U256::from(5)), keccak256(&init));
        let nobody = Address::repeat_byte(0xee);
        for round in 1..=2 {
            let input: Bytes = [word(5), init.clone()].concat().into();
            let users = vec![self.send(code::FACTORY, 7, input), self.send(nobody, 0, Bytes::new())];
            assert_eq!(self.block(users), [true; 2]);
            assert_eq!(self.account(contract), None);
            assert_eq!(self.account(nobody), None);
            let factory = self.account(code::FACTORY).expect("it is there from genesis on");
            assert_eq!((factory.balance, factory.nonce), (U256::from(7 * round), 1 + round));
            let slots = [(U256::from(5), U256::from_be_slice(contract.as_slice()))].into();
            assert_eq!(factory.storage_root, FullTrie::of_storage(&slots).root);
        }
    }

    /// A block with deposits of which most fail: what each mints stays, and each counts (I-001, I-005 to I-009).
    fn deposit(&mut self, fork: Fork) {
        let cases = deposits();
        let logs = cases.iter().map(|case| case.deposit.log()).collect();
        let chain_id = self.devnet.config.l1.chain_id;
        let mut transactions = self.devnet.post();
        let nonce = &mut self.devnet.l1_nonce;
        transactions.push(self.devnet.traffic.l1_transaction(chain_id, nonce, logs));
        let origin = self.devnet.mine(&transactions).header.number;
        while self.devnet.head().l1_origin.number < origin {
            self.devnet.sequence_block(Vec::new());
        }
        let receipts = receipts(self.devnet.head());
        assert_eq!(receipts.len(), cases.len() + 1);
        for (case, receipt) in cases.iter().zip(&receipts[1..]) {
            let Case { what, deposit, success, left, refunded } = case;
            let sender = self.account(deposit.from).expect("it has sent something");
            assert_eq!((sender.balance, sender.nonce), (U256::from(*left), 1), "{fork}: {what}");
            let all = if fork < Fork::Regolith { true } else { !refunded };
            let Receipt { gas, fields, .. } = *receipt;
            assert_eq!((receipt.success, gas == deposit.gas), (*success, all), "{fork}: {what}: {gas} gas");
            assert_eq!(fields, if fork < Fork::Canyon { 4 } else { 6 }, "{fork}: {what}"); // I-010, I-011
            let receiver = deposit.to.to().copied().unwrap_or_else(|| deposit.from.create(0));
            let given = if *success { deposit.value } else { U256::ZERO };
            assert_eq!(self.balance(receiver), given, "{fork}: {what}");
            let created = self.account(deposit.from.create(0)).map(|account| account.code_hash);
            let creates = deposit.to.is_create() && *success;
            assert_eq!(created, creates.then(|| keccak256(keeper())), "{fork}: {what}");
        }
    }

    /// An account without a wei takes on code, keeps what it wrote, and gives it up (EIP-7702).
    fn delegate(&mut self) {
        let delegate = self.key.address.create(0); // the keeper of the beginning
        let [authority, foreign, late] = [3_001, 3_002, 3_003].map(Key::new);
        let chain = self.devnet.config.l2.chain_id;
        let call = self.call(TxKind::Call(authority.address), 0, pair(1, 42));
        let list = vec![
            authority.authorize(chain, delegate, 0),
            foreign.authorize(chain + 1, delegate, 0),
            late.authorize(chain, delegate, 1),
        ];
        let set = self.key.set_code(call, list).encoded_2718().into();
        let user = self.send(authority.address, 0, pair(2, 43));
        assert_eq!(self.block(vec![set, user]), [true; 2]);
        let account = self.account(authority.address).expect("it has code");
        let designator = [&[0xef, 0x01, 0x00], &delegate[..]].concat();
        assert_eq!((account.nonce, account.code_hash), (1, keccak256(designator)));
        assert_eq!(account.storage_root, root(&[(1, 42), (2, 43)]));
        assert_eq!(self.storage_root(delegate), EMPTY_ROOT_HASH, "the code's own account does not change");
        assert_eq!(self.account(foreign.address), None, "another chain's");
        assert_eq!(self.account(late.address), None, "another count");

        let call = self.call(TxKind::Call(authority.address), 0, pair(1, 44));
        let list = vec![authority.authorize(0, Address::ZERO, 1)];
        let reset = self.key.set_code(call, list).encoded_2718().into();
        assert_eq!(self.block(vec![reset]), [true]);
        let account = self.account(authority.address).expect("it has sent something, so to say");
        assert_eq!((account.nonce, account.code_hash), (2, KECCAK256_EMPTY));
        assert_eq!(account.storage_root, root(&[(1, 42), (2, 43)]), "what it wrote stays");
    }
}

/// A deposit, and what comes of it.
struct Case {
    what: &'static str,
    deposit: Deposit,
    success: bool,
    /// Wei that its sender has afterwards.
    left: u64,
    /// Whether gas is left that does not count, from Regolith (I-006 to I-008).
    refunded: bool,
}

/// Each from a sender of its own, with 1,000 wei minted.
fn deposits() -> [Case; 7] {
    let from = |last: u8| Address::with_last_byte(last).create(1);
    let deposit = |last: u8, to: TxKind, value: u64| Deposit {
        from: from(last),
        to,
        mint: U256::from(1_000),
        value: U256::from(value),
        gas: 300_000,
        data: Bytes::new(),
    };
    let call = |last: u8, value: u64| deposit(last, TxKind::Call(Address::repeat_byte(last)), value);
    let case = |what, deposit, success, left, refunded| Case { what, deposit, success, left, refunded };
    let code = deployer(&keeper());
    let to = |contract: Address| TxKind::Call(contract);
    [
        case("gives", call(0xa1, 400), true, 600, true),
        case("gives more than it has", call(0xa2, 1_001), false, 1_000, false),
        case("reverts", deposit(0xa3, to(code::REVERTER), 10), false, 1_000, true),
        case(
            "runs out of gas",
            Deposit { data: word(1_000_000), ..deposit(0xa4, to(code::BURNER), 10) },
            false,
            1_000,
            false,
        ),
        case("less than intrinsic gas", Deposit { gas: 20_000, ..call(0xa5, 10) }, false, 1_000, false),
        case("creates", Deposit { data: code, ..deposit(0xa6, TxKind::Create, 10) }, true, 990, true),
        case(
            "creates nothing",
            Deposit { data: code::reverter(), ..deposit(0xa7, TxKind::Create, 10) },
            false,
            1_000,
            true,
        ),
    ]
}

//! What users do: transactions of every kind that the protocol knows, out of one seed.

use super::{
    asm::deployer,
    config::TrafficConfig,
    contracts as code,
    events::{Deposit, config_update},
    keys::{Call, Key},
    l1::L1Transaction,
    l2,
    store::Store,
};
use crate::simulator::dice::Dice;
use alloy_consensus::Header;
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, Bytes, Log, Sealed, TxKind, U256};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use unroll_protocol::{
    config::RollupConfig,
    forks::ExecutionRules,
    system_config::{ConfigUpdate, Eip1559Params, FeeScalars, OperatorFee},
    units::L1Time,
};

/// A kind of L2 transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Wei from one to another (type 2).
    Transfer,
    /// The same with type 0.
    Legacy,
    /// The same with type 0 and no chain id in the signature.
    Unprotected,
    /// A call with an access list (type 1).
    AccessList,
    /// A new contract, which can be destroyed.
    Create,
    /// Storage that grows and collapses.
    Churn,
    /// Computation.
    Burn,
    /// A log.
    Log,
    /// A call that reverts.
    Revert,
    /// A call that runs out of gas.
    OutOfGas,
    /// A contract that was created earlier is destroyed.
    Destroy,
    /// A contract is created and destroyed in one transaction.
    CreateAndDestroy,
    /// A call of a precompile.
    Precompile,
    /// A look at the block and its ancestors.
    Observe,
    /// A message to L1.
    Withdraw,
    /// Incompressible calldata.
    Data,
    /// An account takes on code (type 4), from Isthmus.
    SetCode,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 17] = [
        Self::Transfer,
        Self::Legacy,
        Self::Unprotected,
        Self::AccessList,
        Self::Create,
        Self::Churn,
        Self::Burn,
        Self::Log,
        Self::Revert,
        Self::OutOfGas,
        Self::Destroy,
        Self::CreateAndDestroy,
        Self::Precompile,
        Self::Observe,
        Self::Withdraw,
        Self::Data,
        Self::SetCode,
    ];
}

/// The users, and what they remember.
#[derive(Clone, Debug)]
pub struct Traffic {
    config: TrafficConfig,
    users: Vec<Key>,
    /// Their code changes by authorisation; they send nothing themselves.
    authorities: Vec<Key>,
    /// Contracts that were created and can be destroyed.
    mortals: Vec<Address>,
}

/// How many times an account has signed, in the block that is being made.
struct Nonces<'a> {
    cfg: &'a RollupConfig,
    store: &'a Store,
    parent: &'a Sealed<Header>,
    next: BTreeMap<Address, u64>,
}

impl Nonces<'_> {
    fn take(&mut self, of: Address) -> u64 {
        let next = self.next.entry(of).or_insert_with(|| {
            l2::account(self.cfg, self.store, self.parent, of).map_or(0, |account| account.nonce)
        });
        *next += 1;
        *next - 1
    }
}

impl Traffic {
    /// Users as the config wants them.
    pub fn new(config: TrafficConfig) -> Self {
        let users = (0..6).map(|index| Key::new(1_000 + index)).collect();
        let authorities = (0..3).map(|index| Key::new(2_000 + index)).collect();
        Self { config, users, authorities, mortals: Vec::new() }
    }

    /// Who has to be rich from genesis on.
    pub fn rich(&self) -> &[Key] {
        &self.users
    }

    /// The transactions of the block upon `parent`, which follows these rules.
    pub fn transactions(
        &mut self,
        dice: &mut Dice,
        cfg: &RollupConfig,
        rules: &ExecutionRules,
        store: &Store,
        parent: &Sealed<Header>,
    ) -> Vec<Bytes> {
        let mut nonces = Nonces { cfg, store, parent, next: BTreeMap::new() };
        let count = dice.range(0, self.config.transactions);
        (0..count)
            .map(|_| {
                loop {
                    let kind = self.kind(dice);
                    if kind != Kind::SetCode || rules.set_code_transactions {
                        break self.transaction(dice, kind, &mut nonces);
                    }
                }
            })
            .collect()
    }

    fn kind(&self, dice: &mut Dice) -> Kind {
        let total: u64 = self.config.mix.iter().map(|(_, weight)| weight).sum();
        if total == 0 {
            return dice.pick(&Kind::ALL);
        }
        let mut left = dice.range(1, total);
        for &(kind, weight) in &self.config.mix {
            if left <= weight {
                return kind;
            }
            left -= weight;
        }
        Kind::Transfer
    }

    fn transaction(&mut self, dice: &mut Dice, kind: Kind, nonces: &mut Nonces<'_>) -> Bytes {
        let sender = self.users[dice.index(self.users.len())].clone();
        let other = self.users[dice.index(self.users.len())].address;
        let chain_id = nonces.cfg.l2_chain_id;
        let nonce = nonces.take(sender.address);
        let call = |to: Address, gas_limit, input: Bytes| Call {
            chain_id,
            nonce,
            gas_limit,
            to: TxKind::Call(to),
            value: U256::ZERO,
            input,
        };
        let pay = Call { value: U256::from(dice.range(1, 1_000_000)), ..call(other, 21_000, Bytes::new()) };
        let envelope = match kind {
            Kind::Transfer => sender.call(pay),
            Kind::Legacy => sender.legacy(pay, true),
            Kind::Unprotected => sender.legacy(pay, false),
            Kind::AccessList => sender.access_list(call(code::CHURN, 200_000, Bytes::new()), code::CHURN),
            Kind::Create => {
                self.mortals.push(sender.address.create(nonce));
                let input = deployer(&code::mortal());
                sender.call(Call { to: TxKind::Create, ..call(other, 150_000, input) })
            }
            Kind::Churn => sender.call(call(code::CHURN, 200_000, Bytes::new())),
            Kind::Burn => sender.call(call(code::BURNER, 1_000_000, word(dice.range(1, 2_000)))),
            Kind::Log => sender.call(call(code::LOGGER, 100_000, some_bytes(dice, 200))),
            Kind::Revert => sender.call(call(code::REVERTER, 50_000, some_bytes(dice, 40))),
            Kind::OutOfGas => sender.call(call(code::BURNER, 60_000, word(1_000_000))),
            Kind::Destroy => {
                let mortal = self.mortals.pop().unwrap_or(other);
                sender.call(call(mortal, 100_000, Bytes::new()))
            }
            Kind::CreateAndDestroy => {
                let input = [dice.hash().to_vec(), deployer(&code::mortal()).to_vec()].concat();
                sender.call(Call { value: U256::from(7), ..call(code::FACTORY, 250_000, input.into()) })
            }
            Kind::Precompile => sender.call(call(code::CALLER, 2_000_000, precompile_input(dice))),
            Kind::Observe => sender.call(call(code::OBSERVER, 200_000, word(dice.range(0, 6)))),
            Kind::Withdraw => sender.call(call(code::MESSAGE_PASSER, 150_000, some_bytes(dice, 100))),
            Kind::Data => sender.call(call(other, 500_000, dice.bytes(dice.clone().range(100, 3_000)))),
            Kind::SetCode => {
                let authority = self.authorities[dice.index(self.authorities.len())].clone();
                let delegate = dice.pick(&[code::CHURN, code::LOGGER, Address::ZERO]);
                let chain = dice.pick(&[chain_id, 0, chain_id + 1]); // the last one does not count
                let nonce = if chain > chain_id { 0 } else { nonces.take(authority.address) };
                let list = vec![authority.authorize(chain, delegate, nonce)];
                sender.set_code(call(authority.address, 300_000, Bytes::new()), list)
            }
        };
        envelope.encoded_2718().into()
    }

    /// What happens on L1 in the block at `time`, apart from batches: `nonce` counts the transactions of [`Self::l1_user`].
    pub fn l1_transactions(
        &self,
        dice: &mut Dice,
        cfg: &RollupConfig,
        time: L1Time,
        nonce: &mut u64,
    ) -> Vec<L1Transaction> {
        let mut logs = Vec::new();
        if dice.chance(self.config.deposits) {
            logs.extend((0..dice.range(1, 3)).map(|_| self.deposit(dice).log()));
        }
        if dice.chance(self.config.config_updates) {
            logs.push(config_update(&random_update(dice, cfg, time)));
        }
        if logs.is_empty() {
            return Vec::new();
        }
        vec![self.l1_transaction(cfg.l1_chain_id, nonce, logs)]
    }

    /// A transaction to the rollup's contracts on L1, with what they log.
    pub fn l1_transaction(&self, chain_id: u64, nonce: &mut u64, logs: Vec<Log>) -> L1Transaction {
        let (value, input) = (U256::ZERO, Bytes::new());
        let to = TxKind::Call(super::events::PORTAL);
        let call = Call { chain_id, nonce: *nonce, gas_limit: 200_000, to, value, input };
        *nonce += 1;
        L1Transaction::logging(self.l1_user().call(call), logs)
    }

    /// Who sends deposits on L1.
    pub fn l1_user(&self) -> &Key {
        &self.users[0]
    }

    /// Deposits of all sorts, also such that fail on L2: they are in their block all the same (I-006, I-007).
    fn deposit(&self, dice: &mut Dice) -> Deposit {
        // A contract's alias, which nobody has a key for: a deposit uses up a nonce of its sender (I-005).
        let from = Address::with_last_byte(dice.pick(&[0xd1, 0xd2, 0xd3]));
        let user = self.users[dice.index(self.users.len())].address;
        let wei = U256::from(dice.range(1, 1_000_000_000));
        let call = |to: Address| Deposit {
            from,
            to: TxKind::Call(to),
            mint: U256::ZERO,
            value: U256::ZERO,
            gas: 300_000,
            data: Bytes::new(),
        };
        match dice.range(0, 7) {
            0 => Deposit { mint: wei, value: wei, ..call(user) },
            1 => Deposit { mint: wei, ..call(code::CHURN) },
            2 => Deposit { value: U256::from(10).pow(U256::from(30)), ..call(user) }, // more than anybody has
            3 => Deposit { mint: wei, ..call(code::REVERTER) },
            4 => Deposit { to: TxKind::Create, data: deployer(&code::mortal()), ..call(user) },
            5 => Deposit { gas: 1_000, mint: wei, ..call(user) }, // less than intrinsic
            6 => Deposit { data: word(1_000_000), ..call(code::BURNER) }, // runs out of gas
            _ => Deposit { data: some_bytes(dice, 100), ..call(code::LOGGER) },
        }
    }
}

/// Any update that the chain can live with; the batcher stays.
fn random_update(dice: &mut Dice, cfg: &RollupConfig, time: L1Time) -> ConfigUpdate {
    let small = |dice: &mut Dice, most: u64| u32::try_from(dice.range(0, most)).unwrap_or(0);
    match dice.range(0, 6) {
        0 if cfg.forks.derivation(time).versioned_scalar => {
            let scalars = FeeScalars { base_fee: small(dice, 5_000), blob_base_fee: small(dice, 1_000_000) };
            ConfigUpdate::Fees { overhead: U256::ZERO, scalar: scalars.encode() }
        }
        0 => ConfigUpdate::Fees {
            overhead: U256::from(dice.range(0, 3_000)),
            scalar: U256::from(dice.range(0, 1_000_000)),
        },
        1 => ConfigUpdate::GasLimit(dice.range(25_000_000, 40_000_000)),
        2 => ConfigUpdate::UnsafeBlockSigner(Address::with_last_byte(dice.byte())),
        3 => ConfigUpdate::Eip1559(Eip1559Params {
            denominator: 50 + small(dice, 300),
            elasticity: 2 + small(dice, 8),
        }),
        4 => ConfigUpdate::OperatorFee(OperatorFee {
            scalar: small(dice, 1_000),
            constant: dice.range(0, 1_000),
        }),
        5 => ConfigUpdate::MinBaseFee(dice.range(0, 1_000_000_000)),
        _ => ConfigUpdate::DaFootprintGasScalar(u16::try_from(dice.range(0, 800)).unwrap_or(0)),
    }
}

/// A number as an argument.
pub fn word(number: u64) -> Bytes {
    U256::from(number).to_be_bytes::<32>().into()
}

/// The argument of [`CALLER`](code::CALLER): a call with so many bytes, of which those after `input` are zeros.
pub fn precompile_call(precompile: u64, length: u64, input: &[u8]) -> Bytes {
    [&word(precompile)[..], &word(length), input].concat().into()
}

fn precompile_input(dice: &mut Dice) -> Bytes {
    // The last three are accounts without code before their fork.
    let precompile = dice.pick(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 0x0a, 0x0b, 0x0d, 0x100]);
    let length = dice.pick(&[0, 32, 96, 128, 160, 192, 213, 256, 384]);
    let input = if dice.chance(500) { dice.bytes(dice.clone().range(0, length)) } else { Bytes::new() };
    precompile_call(precompile, length, &input)
}

fn some_bytes(dice: &mut Dice, most: u64) -> Bytes {
    let length = dice.range(0, most);
    dice.bytes(length)
}

//! One block after another on a state that is kept.

use alloc::{boxed::Box, vec::Vec};

use alloy_consensus::Header;
use alloy_primitives::{Address, B256, Bytes, Sealable, Sealed, address, keccak256};
use alloy_trie::{EMPTY_ROOT_HASH, TrieAccount};
use op_alloy_rpc_types_engine::OpPayloadAttributes;
use op_revm::{L1BlockInfo, OpEvm, OpHaltReason, OpSpecId, OpTransaction, OpTransactionError};
use revm::{
    Context, Database, Journal,
    context::{BlockEnv, CfgEnv, ContextSetters, Evm, FrameStack, TxEnv},
    context_interface::{
        ContextTr, JournalTr,
        result::{EVMError, ExecutionResult},
    },
    handler::{EthFrame, Handler, instructions::EthInstructions},
    interpreter::interpreter::EthInterpreter,
    state::{AccountStatus, EvmState},
};
use unroll_protocol::{config::RollupConfig, output_root::OutputRoot};

use crate::{
    AttributesError, ExecutionError, InvalidPayload, InvalidTransaction, Receipt, TrieDBFetcher,
    TrieDBHinter, TrieHint,
    db::{Ancestors, BlockDb, Unread},
    env::{BlockSetting, SettingError},
    fees::{BlockFees, L1_BLOCK},
    handler::L2Handler,
    header::{Outcome, assemble},
    precompiles::L2Precompiles,
    state::State,
    system::before_transactions,
    transaction::{decode_deposit, decode_signed, is_deposit},
};

/// The contract whose storage root is in output roots, and from Isthmus in headers (I-041, J-001).
pub(crate) const MESSAGE_PASSER: Address = address!("4200000000000000000000000000000000000016");

/// EIP-2718 type of a transaction that delegates code (EIP-7702).
const SET_CODE: u8 = 4;

/// Executes the blocks of a chain in order. The state that blocks touched stays open from one to the next, so that nothing is
/// asked for, decoded or hashed twice.
#[derive(Clone, Debug)]
pub struct BlockExecutor<'c> {
    cfg: &'c RollupConfig,
    parent: Sealed<Header>,
    state: State,
    ancestors: Ancestors,
}

/// A block that was executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecutedPayload {
    /// The block's header with its hash. It is the executor's new parent.
    pub header: Sealed<Header>,
    /// One for each transaction.
    pub receipts: Vec<Receipt>,
    /// The accounts that it changed, made or removed, in the order of the hashes of their addresses.
    pub changed: Vec<Address>,
}

type L2Context<'a, P> = Context<
    BlockEnv,
    OpTransaction<TxEnv>,
    CfgEnv<OpSpecId>,
    BlockDb<'a, P>,
    Journal<BlockDb<'a, P>>,
    L1BlockInfo,
>;
type L2Evm<'a, P> =
    OpEvm<L2Context<'a, P>, (), EthInstructions<EthInterpreter, L2Context<'a, P>>, L2Precompiles>;
type L2Error = EVMError<Unread, OpTransactionError>;

impl<'c> BlockExecutor<'c> {
    /// An executor whose next block is the child of `parent`.
    pub fn new(cfg: &'c RollupConfig, parent: Sealed<Header>) -> Self {
        Self { cfg, state: State::new(parent.state_root), ancestors: Ancestors::new(&parent), parent }
    }

    /// The block that the next one is built on.
    pub const fn parent(&self) -> &Sealed<Header> {
        &self.parent
    }

    /// Executes the payload on the parent, which its block then replaces. After an error everything is as before (H-016).
    pub fn execute<P: TrieDBFetcher + TrieDBHinter>(
        &mut self,
        provider: &mut P,
        attributes: &OpPayloadAttributes,
    ) -> Result<ExecutedPayload, ExecutionError<P::Error>> {
        let setting = BlockSetting::new(self.cfg, &self.parent, attributes).map_err(|error| match error {
            SettingError::Attributes(error) => ExecutionError::Attributes(error),
            SettingError::Parent(error) => ExecutionError::Parent(error),
        })?;
        let transactions = attributes.transactions.as_deref().unwrap_or_default();
        if !transactions.first().is_some_and(|first| is_deposit(first)) {
            return Err(AttributesError::NoL1Info.into()); // I-013
        }
        provider
            .hint(TrieHint::PayloadWitness { parent: self.parent.hash(), attributes })
            .map_err(ExecutionError::Provider)?;

        let db = BlockDb::new(&mut *provider, &mut self.state, &mut self.ancestors);
        let mut run = BlockRun::new(db, self.cfg, &setting, attributes);
        run.before_transactions(self.parent.hash())?;
        run.transactions(transactions)?;
        if setting.rules.withdrawals_root_in_header {
            run.read_message_passer()?;
        }
        let BlockRun { evm, receipts, gas_used, da_footprint, emptied, .. } = run;
        let mut journal = evm.0.ctx.journaled_state;
        let after: EvmState = journal.finalize();
        let read = journal.database.accounts;
        let (state_root, changed) = self.state.commit(&read, after, &emptied, provider)?;
        let message_passer_root = match setting.rules.withdrawals_root_in_header {
            true => Some(self.message_passer_root(provider)?),
            false => None,
        };
        let outcome = Outcome { state_root, message_passer_root, gas_used, da_footprint };
        let header =
            assemble(&setting, self.parent.hash(), attributes, transactions, &receipts, &outcome).seal_slow();
        self.ancestors.push(&header);
        self.parent = header.clone();
        Ok(ExecutedPayload { header, receipts, changed })
    }

    /// The output after the parent block (J-001). The message passer's storage root is read from the state, never from a
    /// header, which holds it only from Isthmus (J-002).
    // A phase of the step meter begins here.
    #[inline(never)]
    pub fn output_root<P: TrieDBFetcher + TrieDBHinter>(
        &mut self,
        provider: &mut P,
    ) -> Result<OutputRoot, ExecutionError<P::Error>> {
        let (block, number) = (self.parent.hash(), self.parent.number);
        provider
            .hint(TrieHint::AccountProof { block, number, address: MESSAGE_PASSER })
            .map_err(ExecutionError::Provider)?;
        Ok(OutputRoot {
            state_root: self.parent.state_root,
            message_passer_storage_root: self.message_passer_root(provider)?,
            block_hash: block,
        })
    }

    /// What is known of the state after the parent block: trie nodes and code, in no order. Together with what the blocks
    /// before did not read, it is what a host has to have to go on from here.
    pub fn known_state(&self) -> impl Iterator<Item = Bytes> {
        self.state.preimages()
    }

    /// An account as the parent block left it, for those who look into a block. `None`: there is none.
    pub fn account<P: TrieDBFetcher>(
        &mut self,
        provider: &mut P,
        address: Address,
    ) -> Result<Option<TrieAccount>, ExecutionError<P::Error>> {
        Ok(self.state.account(keccak256(address), provider)?)
    }

    fn message_passer_root<P: TrieDBFetcher>(
        &mut self,
        provider: &mut P,
    ) -> Result<B256, ExecutionError<P::Error>> {
        let account = self.account(provider, MESSAGE_PASSER)?;
        Ok(account.map_or(EMPTY_ROOT_HASH, |account| account.storage_root))
    }
}

/// A block being executed. The EVM's journal holds what it has done so far, over all its transactions.
struct BlockRun<'a, 's, P: TrieDBFetcher> {
    evm: L2Evm<'a, P>,
    setting: &'s BlockSetting,
    /// Known from the first transaction on that pays.
    fees: Option<BlockFees>,
    receipts: Vec<Receipt>,
    gas_used: u64,
    da_footprint: u64,
    /// Accounts of the parent state that a transaction left empty, and of which the journal was told to forget it.
    emptied: Vec<Address>,
}

impl<'a, 's, P: TrieDBFetcher> BlockRun<'a, 's, P> {
    fn new(
        db: BlockDb<'a, P>,
        cfg: &RollupConfig,
        setting: &'s BlockSetting,
        attributes: &OpPayloadAttributes,
    ) -> Self {
        let ctx = L2Context::new(db, setting.spec)
            .with_block(setting.block_env(attributes))
            .with_cfg(setting.cfg_env(cfg));
        let evm = OpEvm(Evm {
            ctx,
            inspector: (),
            instruction: EthInstructions::new_mainnet_with_spec(setting.spec.into_eth_spec()),
            precompiles: L2Precompiles::new(setting.spec),
            frame_stack: FrameStack::new_prealloc(8),
        });
        let receipts = Vec::with_capacity(attributes.transactions.as_ref().map_or(0, Vec::len));
        Self { evm, setting, fees: None, receipts, gas_used: 0, da_footprint: 0, emptied: Vec::new() }
    }

    fn before_transactions(&mut self, parent_hash: B256) -> Result<(), ExecutionError<P::Error>> {
        let result = before_transactions(&mut self.evm, self.setting, parent_hash);
        self.checked(result).map_err(|error| match error {
            Failure::Outside(error) => error,
            // A system call is not validated.
            Failure::Transaction(_) => ExecutionError::Engine,
        })
    }

    fn transactions(&mut self, transactions: &[Bytes]) -> Result<(), ExecutionError<P::Error>> {
        let deposits = transactions.iter().take_while(|bytes| is_deposit(bytes)).count();
        for (index, bytes) in transactions.iter().enumerate() {
            let result = if index < deposits {
                self.deposit(index, bytes)
            } else if is_deposit(bytes) {
                return Err(AttributesError::LateDeposit { index }.into()); // I-012
            } else {
                self.signed(bytes)
            };
            result.map_err(|failure| match failure {
                Failure::Outside(error) => error,
                Failure::Transaction(reason) => InvalidPayload { index, reason }.into(),
            })?;
        }
        Ok(())
    }

    /// H-005: whatever happens in a deposit, it is in the block, with a receipt; but it must fit (I-014).
    fn deposit(&mut self, index: usize, bytes: &Bytes) -> Result<(), Failure<P::Error>> {
        let tx = decode_deposit(bytes)
            .map_err(|what| Failure::Outside(AttributesError::Deposit { index, what }.into()))?;
        let (sender, limit, is_system) =
            (tx.base.caller, tx.base.gas_limit, tx.deposit.is_system_transaction);
        let rules = self.setting.rules;
        // I-008: a system transaction does not draw from the block, as long as there are any.
        if rules.metered_deposits || !is_system {
            self.check_block_gas(limit)?; // I-014
        }
        // I-010, I-011
        let nonce = if rules.deposit_nonce_in_receipt { Some(self.nonce(sender)?) } else { None };
        let result = self.run(tx)?;
        let used = match (rules.metered_deposits, is_system) {
            (true, _) => result.gas().tx_gas_used(),
            (false, true) => 0, // I-008
            (false, false) => limit,
        };
        self.record(op_revm::transaction::deposit::DEPOSIT_TRANSACTION_TYPE, used, result, nonce);
        Ok(())
    }

    /// H-010: a batch's transaction is in the block as it is, or makes the payload invalid.
    fn signed(&mut self, bytes: &Bytes) -> Result<(), Failure<P::Error>> {
        if self.setting.deposits_only {
            return Err(InvalidTransaction::ActivationBlock.into()); // I-102
        }
        let tx = decode_signed(bytes)?;
        let transaction_type = tx.base.tx_type;
        self.check_block_gas(tx.base.gas_limit)?;
        if let Some(cap) = self.setting.transaction_gas_cap.filter(|cap| tx.base.gas_limit > *cap) {
            return Err(InvalidTransaction::GasCap { limit: tx.base.gas_limit, cap }.into());
        }
        let fees = match self.fees.take() {
            Some(fees) => fees,
            None => self.read_fees()?,
        };
        let cost = fees.of_transaction(bytes);
        self.fees = Some(fees);
        let footprint = self.da_footprint.saturating_add(cost.da_footprint);
        if footprint > self.setting.gas_limit {
            return Err(InvalidTransaction::DaFootprint { footprint, limit: self.setting.gas_limit }.into()); // I-072
        }
        if transaction_type == SET_CODE {
            self.forget_empty_accounts();
        }
        // I-021: taken with the gas, in advance, and never given back.
        self.evm.0.ctx.chain.tx_l1_cost = Some(cost.l1_cost);
        let result = self.run(tx)?;
        self.da_footprint = footprint;
        self.record(transaction_type, result.gas().tx_gas_used(), result, None);
        Ok(())
    }

    /// Runs a transaction in the journal of the block.
    fn run(&mut self, tx: OpTransaction<TxEnv>) -> Result<ExecutionResult<OpHaltReason>, Failure<P::Error>> {
        self.evm.0.ctx.set_tx(tx);
        let result = L2Handler::<_, L2Error, EthFrame<EthInterpreter>>::new().run(&mut self.evm);
        self.checked(result)
    }

    fn record(
        &mut self,
        transaction_type: u8,
        gas_used: u64,
        result: ExecutionResult<OpHaltReason>,
        deposit_nonce: Option<u64>,
    ) {
        self.gas_used += gas_used;
        self.receipts.push(Receipt {
            transaction_type,
            success: result.is_success(),
            cumulative_gas_used: self.gas_used,
            logs: result.into_logs(),
            deposit_nonce,
        });
    }

    /// H-014: that of a deposit is critical if there is nothing else in the block, which the caller knows.
    fn check_block_gas(&self, limit: u64) -> Result<(), InvalidTransaction> {
        let available = self.setting.gas_limit.saturating_sub(self.gas_used);
        if limit > available {
            return Err(InvalidTransaction::BlockGas { limit, available });
        }
        Ok(())
    }

    /// H-017: a failed read is what it is, whatever the EVM made of it, even if that was a result.
    fn checked<T>(&mut self, result: Result<T, L2Error>) -> Result<T, Failure<P::Error>> {
        if let Some(failure) = self.evm.0.ctx.journaled_state.database.take_failure() {
            return Err(Failure::Outside(failure.into()));
        }
        result.map_err(|error| match error {
            EVMError::Transaction(OpTransactionError::Base(rule)) => {
                Failure::Transaction(InvalidTransaction::Rule(Box::new(rule)))
            }
            _ => Failure::Outside(ExecutionError::Engine),
        })
    }

    /// The sender is warm in any case, so that looking at it changes nothing.
    fn nonce(&mut self, sender: Address) -> Result<u64, Failure<P::Error>> {
        let result = self.evm.0.ctx.journal_mut().load_account(sender).map(|account| account.data.info.nonce);
        self.checked(result.map_err(EVMError::Database))
    }

    /// I-022: after the L1-info deposit, once. Slots that the block has not touched are read without the EVM seeing it.
    fn read_fees(&mut self) -> Result<BlockFees, Failure<P::Error>> {
        let journal = &mut self.evm.0.ctx.journaled_state;
        let result = BlockFees::read(self.setting.spec, |index| {
            let touched = journal.inner.state.get(&L1_BLOCK).and_then(|account| account.storage.get(&index));
            match touched {
                Some(slot) => Ok(slot.present_value),
                None => journal.database.storage(L1_BLOCK, index),
            }
        });
        let fees = self.checked(result.map_err(EVMError::Database))?;
        self.evm.0.ctx.chain = fees.l1_block_info(self.setting.number);
        Ok(fees)
    }

    /// The path to the message passer is then known, and reading its storage root after the commit asks for nothing.
    fn read_message_passer(&mut self) -> Result<(), ExecutionError<P::Error>> {
        let result = self.evm.0.ctx.journaled_state.database.basic(MESSAGE_PASSER);
        self.checked(result.map_err(EVMError::Database)).map(|_| ()).map_err(|failure| match failure {
            Failure::Outside(error) => error,
            Failure::Transaction(_) => ExecutionError::Engine,
        })
    }

    /// EIP-7702 refunds gas for an authority that exists. An account that an earlier transaction touched and left empty, or
    /// destroyed, does not exist; but revm's journal takes it for existing, since it was touched. So before a transaction that
    /// can tell the difference, such accounts become what they are: never there.
    fn forget_empty_accounts(&mut self) {
        let journal = &mut self.evm.0.ctx.journaled_state;
        for (address, account) in &mut journal.inner.state {
            if account.is_selfdestructed_locally() {
                account.selfdestruct();
                account.unmark_selfdestructed_locally();
            }
            if account.is_touched() && account.is_empty() {
                account.status -= AccountStatus::Touched;
                account.status |= AccountStatus::LoadedAsNotExisting;
                if journal.database.accounts.get(address).is_some_and(|read| read.found.is_some()) {
                    self.emptied.push(*address);
                }
            }
        }
    }
}

/// Why a transaction did not run: its own fault, or not.
enum Failure<E> {
    Transaction(InvalidTransaction),
    Outside(ExecutionError<E>),
}

impl<E> From<InvalidTransaction> for Failure<E> {
    fn from(reason: InvalidTransaction) -> Self {
        Self::Transaction(reason)
    }
}

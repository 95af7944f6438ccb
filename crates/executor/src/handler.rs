//! How a transaction runs: op-revm's handler, except where it reads or computes something that the protocol does not.
//!
//! | step | what differs from op-revm |
//! |---|---|
//! | validation | a deposit that creates with too long init code fails, as in op-geth (I-003) |
//! | deduction | a deposit's sender's code is not read |
//! | reimbursement, rewards | 256-bit arithmetic (I-033) |
//! | rewards | the operator-fee vault does not exist before Isthmus (I-020) |
//! | end of the call | a failed read is not followed by others |
//! | result | a deposit that halts is rolled back before Regolith too (I-006) |

use alloy_primitives::U256;
use op_revm::{
    OpHaltReason, OpSpecId,
    api::exec::OpContextTr,
    constants::{BASE_FEE_RECIPIENT, L1_FEE_RECIPIENT, OPERATOR_FEE_RECIPIENT},
    handler::{IsTxError, OpHandler},
    transaction::{OpTransactionError, OpTxTr},
};
use revm::{
    context::{
        LocalContextTr,
        journaled_state::account::JournaledAccountTr,
        result::{ExecutionResult, FromStringError, InvalidTransaction, ResultGas},
    },
    context_interface::{Block, Cfg, ContextTr, JournalTr, Transaction, context::take_error},
    handler::{EvmTr, FrameResult, Handler, evm::FrameTr, handler::EvmTrError, post_execution},
    interpreter::{InitialAndFloorGas, interpreter_action::FrameInit},
    primitives::hardfork::SpecId,
};

/// Runs the transaction in the EVM's context.
pub(crate) struct L2Handler<EVM, ERROR, FRAME> {
    op: OpHandler<EVM, ERROR, FRAME>,
}

impl<EVM, ERROR, FRAME> L2Handler<EVM, ERROR, FRAME> {
    pub(crate) fn new() -> Self {
        Self { op: OpHandler::new() }
    }
}

impl<EVM, ERROR, FRAME> Handler for L2Handler<EVM, ERROR, FRAME>
where
    EVM: EvmTr<Context: OpContextTr, Frame = FRAME>,
    ERROR: EvmTrError<EVM> + From<OpTransactionError> + FromStringError + IsTxError,
    FRAME: FrameTr<FrameResult = FrameResult, FrameInit = FrameInit>,
{
    type Evm = EVM;
    type Error = ERROR;
    type HaltReason = OpHaltReason;

    fn validate_env(&self, evm: &mut EVM) -> Result<(), ERROR> {
        let (_, tx, cfg, ..) = evm.ctx_ref().all();
        // I-003: EIP-3860
        if tx.is_deposit()
            && tx.kind().is_create()
            && cfg.spec().into_eth_spec().is_enabled_in(SpecId::SHANGHAI)
            && tx.input().len() > cfg.max_initcode_size()
        {
            return Err(OpTransactionError::Base(InvalidTransaction::CreateInitCodeSizeLimit).into());
        }
        self.op.validate_env(evm)
    }

    fn validate_against_state_and_deduct_caller(
        &self,
        evm: &mut EVM,
        gas: &mut InitialAndFloorGas,
    ) -> Result<(), ERROR> {
        let (_, tx, _, journal, ..) = evm.ctx().all_mut();
        if !tx.is_deposit() {
            return self.op.validate_against_state_and_deduct_caller(evm, gas);
        }
        // I-001, I-005, I-009: the value moves with the call; a creation bumps the nonce itself, after taking the address from it.
        let mut caller = journal.load_account_mut(tx.caller())?.data;
        let balance = caller.balance().saturating_add(U256::from(tx.mint().unwrap_or_default()));
        caller.set_balance(balance);
        if tx.kind().is_call() {
            caller.bump_nonce();
        }
        Ok(())
    }

    fn last_frame_result(&mut self, evm: &mut EVM, result: &mut FrameResult) -> Result<(), ERROR> {
        // H-017: a read that failed ends it here; else the vaults would still be read.
        take_error::<ERROR, _>(evm.ctx().error())?;
        self.op.last_frame_result(evm, result)
    }

    fn refund(&self, evm: &mut EVM, result: &mut FrameResult, eip7702_refund: i64) {
        self.op.refund(evm, result, eip7702_refund);
    }

    fn reimburse_caller(&self, evm: &mut EVM, result: &mut FrameResult) -> Result<(), ERROR> {
        let (block, tx, cfg, journal, fees, _) = evm.ctx().all_mut();
        if tx.is_deposit() {
            return Ok(()); // I-004
        }
        let gas = result.gas();
        let price = U256::from(tx.effective_gas_price(block.basefee().into()));
        let unused = U256::from(gas.remaining()).saturating_add(U256::from(gas.refunded()));
        // I-030
        let refund = fees.operator_fee_refund(gas, cfg.spec()).saturating_add(price.saturating_mul(unused));
        journal.load_account_mut(tx.caller())?.data.incr_balance(refund);
        Ok(())
    }

    fn reward_beneficiary(&self, evm: &mut EVM, result: &mut FrameResult) -> Result<(), ERROR> {
        let (block, tx, cfg, journal, fees, _) = evm.ctx().all_mut();
        let Some(bytes) = tx.enveloped_tx().filter(|_| !tx.is_deposit()) else {
            return Ok(()); // I-004
        };
        let used = U256::from(result.gas().used());
        let base_fee = u128::from(block.basefee());
        let tip = tx.effective_gas_price(base_fee).saturating_sub(base_fee);
        journal
            .load_account_mut(block.beneficiary())?
            .data
            .incr_balance(U256::from(tip).saturating_mul(used));
        // I-020
        journal.balance_incr(L1_FEE_RECIPIENT, fees.calculate_tx_l1_cost(bytes, cfg.spec()))?;
        journal.balance_incr(BASE_FEE_RECIPIENT, U256::from(base_fee).saturating_mul(used))?;
        if cfg.spec().is_enabled_in(OpSpecId::ISTHMUS) {
            journal
                .balance_incr(OPERATOR_FEE_RECIPIENT, fees.operator_fee_charge(bytes, used, cfg.spec()))?;
        }
        Ok(())
    }

    fn execution_result(
        &mut self,
        evm: &mut EVM,
        result: FrameResult,
        gas: ResultGas,
    ) -> Result<ExecutionResult<OpHaltReason>, ERROR> {
        take_error::<ERROR, _>(evm.ctx().error())?;
        let result = post_execution::output(evm.ctx(), result, gas).map_haltreason(OpHaltReason::Base);
        if result.is_halt() && evm.ctx().tx().is_deposit() {
            // I-006, I-007: rolled back to the mint, in `catch_error`.
            return Err(OpTransactionError::HaltedDepositPostRegolith.into());
        }
        evm.ctx().journal_mut().commit_tx();
        evm.ctx().chain_mut().clear_tx_l1_cost();
        evm.ctx().local_mut().clear();
        evm.frame_stack().clear();
        Ok(result)
    }

    fn catch_error(&self, evm: &mut EVM, error: ERROR) -> Result<ExecutionResult<OpHaltReason>, ERROR> {
        self.op.catch_error(evm, error)
    }
}

//! What happens in a block before its transactions (I-080 to I-082).

use alloy_primitives::{Address, B256, Bytes, address, b256};
use op_revm::{OpEvm, OpTransaction, OpTransactionError, api::exec::OpContextTr};
use revm::{
    bytecode::Bytecode,
    context::{ContextSetters, TxEnv},
    context_interface::{Database, JournalTr, result::EVMError},
    handler::{EthFrame, Handler, PrecompileProvider, SystemCallTx, instructions::InstructionProvider},
    interpreter::{InterpreterResult, interpreter::EthInterpreter},
};

use crate::{env::BlockSetting, handler::L2Handler};

/// EIP-4788: keeps the beacon roots.
const BEACON_ROOTS: Address = address!("000F3df6D732807Ef1319fB7B8bB8522d0Beac02");

/// EIP-2935: keeps the block hashes.
const BLOCK_HASHES: Address = address!("0000F90827F1C53a10cb7A02335B175320002935");

/// Who calls them.
const SYSTEM: Address = address!("fffffffffffffffffffffffffffffffffffffffe");

const CREATE2_DEPLOYER: Address = address!("13b0D85CcB8bf860b6b79AF3029fCA081AE9beF2");
const CREATE2_DEPLOYER_CODE: &[u8] = include_bytes!("create2_deployer.bin");
const CREATE2_DEPLOYER_CODE_HASH: B256 =
    b256!("b0550b5b431e30d38000efb7107aaa0ade03d48a7198a140edda9d27134468b2");

/// In the order of op-geth.
pub(crate) fn before_transactions<CTX, I, P>(
    evm: &mut OpEvm<CTX, (), I, P>,
    setting: &BlockSetting,
    parent_hash: B256,
) -> Result<(), EVMError<<CTX::Db as Database>::Error, OpTransactionError>>
where
    CTX: OpContextTr<Tx = OpTransaction<TxEnv>> + ContextSetters,
    I: InstructionProvider<Context = CTX, InterpreterTypes = EthInterpreter>,
    P: PrecompileProvider<CTX, Output = InterpreterResult>,
{
    if setting.deploys_create2 {
        // I-080: balance, nonce and storage stay.
        let journal = evm.0.ctx.journal_mut();
        journal.load_account(CREATE2_DEPLOYER)?;
        let code = Bytecode::new_legacy(Bytes::from_static(CREATE2_DEPLOYER_CODE));
        journal.set_code_with_hash(CREATE2_DEPLOYER, code, CREATE2_DEPLOYER_CODE_HASH);
        journal.commit_tx();
    }
    if let Some(root) = setting.beacon_root {
        call(evm, BEACON_ROOTS, root)?; // I-081
    }
    if setting.rules.withdrawals_root_in_header {
        call(evm, BLOCK_HASHES, parent_hash)?; // I-082
    }
    // I-083: and none of EIP-6110, EIP-7002, EIP-7251.
    Ok(())
}

/// A call that costs nothing and whose failure changes nothing.
fn call<CTX, I, P>(
    evm: &mut OpEvm<CTX, (), I, P>,
    contract: Address,
    word: B256,
) -> Result<(), EVMError<<CTX::Db as Database>::Error, OpTransactionError>>
where
    CTX: OpContextTr<Tx = OpTransaction<TxEnv>> + ContextSetters,
    I: InstructionProvider<Context = CTX, InterpreterTypes = EthInterpreter>,
    P: PrecompileProvider<CTX, Output = InterpreterResult>,
{
    evm.0.ctx.set_tx(OpTransaction::new_system_tx_with_caller(SYSTEM, contract, word.into()));
    L2Handler::<_, _, EthFrame<EthInterpreter>>::new().run_system_call(evm).map(|_| ())
}

//! The precompiles of each fork, and those that a backend may answer (K-060).
//!
//! There is one set of precompiles and one function that runs them. Where a backend answers, the cost and the checks that
//! come before are computed here: it is asked only with input that has the right shape and with gas that suffices, so that
//! its answer gives what the computation would have given (I-100).
//!
//! A backend that wants to bring its own implementation of all of them (a zkVM with patched curves) installs it with
//! [`install_crypto`]; senders are then recovered with it too.

use alloc::{borrow::Cow, boxed::Box, string::String, vec::Vec};

use alloy_primitives::{Address, Bytes, address};
use op_revm::{OpSpecId, precompiles::OpPrecompiles};
pub use revm::precompile::{Crypto, install_crypto};
use revm::{
    context::Cfg,
    context_interface::ContextTr,
    handler::{PrecompileProvider, precompile_output_to_interpreter_result},
    interpreter::{CallInputs, InterpreterResult},
    precompile::{
        Precompile, PrecompileHalt, PrecompileOutput, Precompiles, bls12_381_const as bls, bls12_381_utils,
    },
};

const ECRECOVER: Address = address!("0000000000000000000000000000000000000001");
const BN256_PAIRING: Address = address!("0000000000000000000000000000000000000008");
const KZG_POINT_EVALUATION: Address = address!("000000000000000000000000000000000000000a");

/// Bytes of an ecrecover input: hash, v, r, s.
const ECRECOVER_INPUT: usize = 128;

/// Most bytes of a bn256 pairing from Karst: 300 pairs (I-097).
const KARST_BN256_PAIRING_INPUT: usize = 57_600;

/// A call that a backend may answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrecompileCall<'a> {
    /// Which precompile; one of K-060.
    pub address: Address,
    /// What the call costs (K-014). It is part of the preimage key.
    pub required_gas: u64,
    /// The input, in the shape of K-062: not more and not less than the precompile reads.
    pub input: &'a [u8],
}

/// What the precompile does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrecompileAnswer {
    /// It returns this.
    Success(Bytes),
    /// It fails and takes all gas.
    Failure,
}

/// What a backend that computes answers to a call; `None` if the precompile is none of K-060, or cannot be run here.
///
/// It is the result of L1's precompile, which has no cap on its input and which the oracle's contract calls with all its gas:
/// the caps of the forks and the cost decide whether the question is asked at all (K-014).
pub fn answer(call: &PrecompileCall<'_>) -> Option<PrecompileAnswer> {
    if !is_accelerated(&call.address) {
        return None;
    }
    // The last sets without caps: of the pairing before Granite, of the others Isthmus, which caps BLS alone and higher than
    // any later fork.
    let spec = if call.address == BN256_PAIRING { OpSpecId::FJORD } else { OpSpecId::ISTHMUS };
    let set = OpPrecompiles::new_with_spec(spec).precompiles();
    // An error is the library's own, and says nothing about the call.
    let output = set.get(&call.address)?.execute(call.input, u64::MAX, 0).ok()?;
    Some(if output.is_success() {
        PrecompileAnswer::Success(output.bytes)
    } else {
        PrecompileAnswer::Failure
    })
}

/// A context's database, as far as precompiles are concerned.
pub(crate) trait Accelerate {
    /// The backend's answer, or none. An error is kept by the database, which returns it later.
    fn accelerate(&mut self, call: &PrecompileCall<'_>) -> Result<Option<PrecompileAnswer>, Failed>;
}

/// The backend failed; why is kept aside.
pub(crate) struct Failed;

/// The precompiles of one fork.
#[derive(Clone, Debug)]
pub(crate) struct L2Precompiles {
    spec: OpSpecId,
    set: &'static Precompiles,
}

impl L2Precompiles {
    /// I-093: P256VERIFY from Fjord, and so on; the caps of Karst are ours.
    pub(crate) fn new(spec: OpSpecId) -> Self {
        Self { spec, set: OpPrecompiles::new_with_spec(spec).precompiles() }
    }

    /// Runs a precompile of K-060, or lets the backend answer for it.
    fn execute(
        &self,
        precompile: &Precompile,
        input: &[u8],
        gas_limit: u64,
        backend: &mut impl Accelerate,
    ) -> Result<PrecompileOutput, Failed> {
        let address = *precompile.address();
        if address == BN256_PAIRING
            && self.spec.is_enabled_in(OpSpecId::KARST)
            && input.len() > KARST_BN256_PAIRING_INPUT
        {
            return Ok(PrecompileOutput::halt(PrecompileHalt::Bn254PairLength, 0)); // I-097, I-099
        }
        if let Some((required_gas, input)) = self.acceleration(address, input, gas_limit) {
            let call = PrecompileCall { address, required_gas, input: &input };
            match backend.accelerate(&call)? {
                Some(PrecompileAnswer::Success(output)) => {
                    return Ok(PrecompileOutput::new(required_gas, output, 0));
                }
                Some(PrecompileAnswer::Failure) => {
                    return Ok(PrecompileOutput::halt(
                        PrecompileHalt::Other("failed, the backend says".into()),
                        0,
                    ));
                }
                None => {}
            }
        }
        precompile.execute(input, gas_limit, 0).map_err(|_| Failed)
    }

    /// The cost and the normalised input of a call that a backend may answer; `None` where the outcome is decided by shape,
    /// gas or size alone, or where the precompile is none of K-060.
    fn acceleration<'a>(
        &self,
        address: Address,
        input: &'a [u8],
        gas_limit: u64,
    ) -> Option<(u64, Cow<'a, [u8]>)> {
        if input.len() > self.input_cap(address) {
            return None;
        }
        let pieces =
            |size: usize| (!input.is_empty() && input.len().is_multiple_of(size)).then(|| input.len() / size);
        let exactly = |size: usize, gas: u64| (input.len() == size).then_some(gas);
        let (gas, input) = match address {
            ECRECOVER => (3_000, normalised_signature(input)?),
            BN256_PAIRING if input.len().is_multiple_of(192) => {
                (45_000 + 34_000 * (input.len() / 192) as u64, input.into())
            }
            KZG_POINT_EVALUATION => (exactly(192, 50_000)?, input.into()),
            bls::G1_ADD_ADDRESS => (exactly(256, bls::G1_ADD_BASE_GAS_FEE)?, input.into()),
            bls::G2_ADD_ADDRESS => (exactly(512, bls::G2_ADD_BASE_GAS_FEE)?, input.into()),
            bls::MAP_FP_TO_G1_ADDRESS => (exactly(64, bls::MAP_FP_TO_G1_BASE_GAS_FEE)?, input.into()),
            bls::MAP_FP2_TO_G2_ADDRESS => (exactly(128, bls::MAP_FP2_TO_G2_BASE_GAS_FEE)?, input.into()),
            bls::G1_MSM_ADDRESS => {
                let table = &bls::DISCOUNT_TABLE_G1_MSM;
                (
                    bls12_381_utils::msm_required_gas(pieces(160)?, table, bls::G1_MSM_BASE_GAS_FEE),
                    input.into(),
                )
            }
            bls::G2_MSM_ADDRESS => {
                let table = &bls::DISCOUNT_TABLE_G2_MSM;
                (
                    bls12_381_utils::msm_required_gas(pieces(288)?, table, bls::G2_MSM_BASE_GAS_FEE),
                    input.into(),
                )
            }
            bls::PAIRING_ADDRESS => {
                let pairs = pieces(384)? as u64;
                (bls::PAIRING_MULTIPLIER_BASE * pairs + bls::PAIRING_OFFSET_BASE, input.into())
            }
            _ => return None,
        };
        (gas <= gas_limit).then_some((gas, input)) // K-014
    }

    /// I-094, I-095, I-096, I-097: input above this fails, whatever it is.
    fn input_cap(&self, address: Address) -> usize {
        let from = |spec: OpSpecId| self.spec.is_enabled_in(spec);
        match address {
            BN256_PAIRING if from(OpSpecId::KARST) => KARST_BN256_PAIRING_INPUT,
            BN256_PAIRING if from(OpSpecId::JOVIAN) => 81_984,
            BN256_PAIRING if from(OpSpecId::GRANITE) => 112_687,
            bls::G1_MSM_ADDRESS if from(OpSpecId::JOVIAN) => 288_960,
            bls::G2_MSM_ADDRESS if from(OpSpecId::JOVIAN) => 278_784,
            bls::PAIRING_ADDRESS if from(OpSpecId::JOVIAN) => 156_672,
            bls::G1_MSM_ADDRESS => 513_760,
            bls::G2_MSM_ADDRESS => 488_448,
            bls::PAIRING_ADDRESS => 235_008,
            _ => usize::MAX,
        }
    }
}

/// K-060
fn is_accelerated(address: &Address) -> bool {
    [ECRECOVER, BN256_PAIRING, KZG_POINT_EVALUATION].contains(address)
        || (bls::G1_ADD_ADDRESS..=bls::MAP_FP2_TO_G2_ADDRESS).contains(address)
}

/// K-062: the input of ecrecover cut or padded to its length; `None` if v, r or s cannot be of a signature, which the
/// computation answers with success and nothing.
fn normalised_signature(input: &[u8]) -> Option<Cow<'_, [u8]>> {
    let input: Cow<'_, [u8]> = if let Some(input) = input.get(..ECRECOVER_INPUT) {
        input.into()
    } else {
        let mut padded = Vec::with_capacity(ECRECOVER_INPUT);
        padded.extend_from_slice(input);
        padded.resize(ECRECOVER_INPUT, 0);
        padded.into()
    };
    let in_order = |word: &[u8]| word.iter().any(|byte| *byte != 0) && *word < SECP256K1_ORDER[..];
    let plausible = input[32..63] == [0; 31]
        && matches!(input[63], 27 | 28)
        && in_order(&input[64..96])
        && in_order(&input[96..128]);
    plausible.then_some(input)
}

const SECP256K1_ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xba,
    0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
];

impl<CTX> PrecompileProvider<CTX> for L2Precompiles
where
    CTX: ContextTr<Cfg: Cfg<Spec = OpSpecId>, Db: Accelerate>,
{
    type Output = InterpreterResult;

    fn set_spec(&mut self, spec: OpSpecId) -> bool {
        let changes = spec != self.spec;
        if changes {
            *self = Self::new(spec);
        }
        changes
    }

    fn run(&mut self, context: &mut CTX, inputs: &CallInputs) -> Result<Option<InterpreterResult>, String> {
        let Some(precompile) = self.set.get(&inputs.bytecode_address) else {
            return Ok(None);
        };
        let output = if is_accelerated(precompile.address()) {
            let input = inputs.input.as_bytes(context).to_vec();
            self.execute(precompile, &input, inputs.gas_limit, context.db_mut())
        } else {
            precompile.execute(&inputs.input.as_bytes(context), inputs.gas_limit, 0).map_err(|_| Failed)
        };
        // The text is never read: why the backend failed is kept in the database.
        let output = output.map_err(|Failed| String::new())?;
        Ok(Some(precompile_output_to_interpreter_result(output, inputs.gas_limit)))
    }

    fn warm_addresses(&self) -> Box<impl Iterator<Item = Address>> {
        Box::new(self.set.addresses().copied())
    }

    fn contains(&self, address: &Address) -> bool {
        self.set.contains(address)
    }
}

#[cfg(test)]
mod tests;

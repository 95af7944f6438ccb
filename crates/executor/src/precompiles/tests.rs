use alloc::{vec, vec::Vec};

use alloy_primitives::{B256, keccak256};
use k256::ecdsa::SigningKey;
use revm::precompile::{PrecompileStatus, crypto};

use super::*;

const SPECS: [OpSpecId; 10] = [
    OpSpecId::BEDROCK,
    OpSpecId::REGOLITH,
    OpSpecId::CANYON,
    OpSpecId::ECOTONE,
    OpSpecId::FJORD,
    OpSpecId::GRANITE,
    OpSpecId::HOLOCENE,
    OpSpecId::ISTHMUS,
    OpSpecId::JOVIAN,
    OpSpecId::KARST,
];

/// A backend that answers everything by computing it, and one that answers nothing.
struct Computing {
    spec: OpSpecId,
    asked: usize,
}
struct Silent;

impl Accelerate for Computing {
    fn accelerate(&mut self, call: &PrecompileCall<'_>) -> Result<Option<PrecompileAnswer>, Failed> {
        self.asked += 1;
        let set = OpPrecompiles::new_with_spec(self.spec).precompiles();
        let output = set.get(&call.address).unwrap().execute(call.input, call.required_gas, 0).unwrap();
        Ok(Some(match output.status {
            PrecompileStatus::Success => {
                assert_eq!(output.gas_used, call.required_gas, "K-014");
                PrecompileAnswer::Success(output.bytes)
            }
            status => {
                assert!(!matches!(status, PrecompileStatus::Halt(PrecompileHalt::OutOfGas)), "K-014");
                PrecompileAnswer::Failure
            }
        }))
    }
}

impl Accelerate for Silent {
    fn accelerate(&mut self, _: &PrecompileCall<'_>) -> Result<Option<PrecompileAnswer>, Failed> {
        Ok(None)
    }
}

/// Success and output, or that it failed, and the gas that is gone.
fn outcome(output: &PrecompileOutput, gas_limit: u64) -> (Option<Bytes>, u64) {
    match output.status {
        PrecompileStatus::Success => (Some(output.bytes.clone()), output.gas_used),
        _ => (None, gas_limit),
    }
}

/// Runs it three ways, which must agree; whether the backend was asked.
fn agree(spec: OpSpecId, address: Address, input: &[u8], gas_limit: u64) -> (Option<Bytes>, bool) {
    let set = OpPrecompiles::new_with_spec(spec).precompiles();
    let Some(precompile) = set.get(&address) else { return (None, false) };
    let canonical = outcome(&precompile.execute(input, gas_limit, 0).unwrap(), gas_limit);
    let ours = L2Precompiles::new(spec);
    let run = |output: Result<PrecompileOutput, Failed>| outcome(&output.ok().unwrap(), gas_limit);
    let silent = run(ours.execute(precompile, input, gas_limit, &mut Silent));
    let mut backend = Computing { spec, asked: 0 };
    let computing = run(ours.execute(precompile, input, gas_limit, &mut backend));
    assert_eq!(silent, canonical, "{spec:?} {address}");
    assert_eq!(computing, canonical, "{spec:?} {address} {}", Bytes::copy_from_slice(input));
    (canonical.0, backend.asked > 0)
}

/// Bytes that look random and are the same every time.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(length + 32);
    let mut block = keccak256(seed.to_be_bytes());
    while out.len() < length {
        out.extend_from_slice(block.as_slice());
        block = keccak256(block);
    }
    out.truncate(length);
    out
}

fn signature(seed: u8) -> Vec<u8> {
    let hash = B256::repeat_byte(seed);
    let key = SigningKey::from_slice(&[seed; 32]).unwrap();
    let (signature, id) = key.sign_prehash_recoverable(hash.as_slice()).unwrap();
    let mut input = hash.to_vec();
    input.extend([0; 31]);
    input.push(27 + u8::from(id.is_y_odd()));
    input.extend(signature.to_bytes());
    input
}

/// I-100, K-014, K-060, K-062: ecrecover: whole, cut short, too long, and with each byte wrong.
#[test]
fn ecrecover_is_the_same_with_a_backend() {
    for spec in SPECS {
        let good = signature(7);
        let (output, asked) = agree(spec, ECRECOVER, &good, 3_000);
        assert!(asked && output.unwrap().len() == 32);
        let long = [&good[..], &[9; 50]].concat();
        assert_eq!(agree(spec, ECRECOVER, &long, 3_000), agree(spec, ECRECOVER, &good, 3_000));
        assert!(!agree(spec, ECRECOVER, &good, 2_999).1, "K-014");
        for length in [0, 1, 31, 63, 64, 96, 127] {
            agree(spec, ECRECOVER, &good[..length], 5_000);
        }
    }
    let good = signature(8);
    for index in 0..128 {
        for change in [1, 0x80, 0xff] {
            let mut bad = good.clone();
            bad[index] ^= change;
            agree(OpSpecId::JOVIAN, ECRECOVER, &bad, 3_000);
        }
    }
    for (index, value) in [(64, SECP256K1_ORDER), (96, SECP256K1_ORDER), (64, [0; 32]), (96, [0; 32])] {
        let mut bad = good.clone();
        bad[index..index + 32].copy_from_slice(&value);
        let (output, asked) = agree(OpSpecId::JOVIAN, ECRECOVER, &bad, 3_000);
        assert_eq!((output, asked), (Some(Bytes::new()), false), "success with nothing");
    }
    // No point of the curve has this x; the shape does not tell.
    let mut bad = good;
    bad[64..96].copy_from_slice(&[&[0; 31][..], &[5]].concat());
    assert_eq!(agree(OpSpecId::JOVIAN, ECRECOVER, &bad, 3_000), (Some(Bytes::new()), true));
}

/// I-100, K-062: the pairing of bn256.
#[test]
fn bn256_pairing_is_the_same_with_a_backend() {
    let mut generator = [0; 192];
    (generator[31], generator[63]) = (1, 2);
    for spec in SPECS {
        for pairs in 0..4 {
            let input = generator.repeat(pairs);
            let gas = 45_000 + 34_000 * pairs as u64;
            assert!(agree(spec, BN256_PAIRING, &input, gas).1 || spec < OpSpecId::BEDROCK);
            assert!(!agree(spec, BN256_PAIRING, &input, gas - 1).1, "K-014");
            assert!(!agree(spec, BN256_PAIRING, &[&input[..], &[0]].concat(), 1_000_000).1, "K-062");
            agree(spec, BN256_PAIRING, &noise(pairs as u64, 192 * pairs), 1_000_000);
        }
    }
}

/// I-100, K-062: KZG, from Ecotone.
#[test]
fn kzg_is_the_same_with_a_backend() {
    // The zero polynomial: its commitment and all proofs are the point at infinity, its values are zero.
    let mut infinity = [0; 48];
    infinity[0] = 0xc0;
    let mut hash = crypto().sha256(&infinity);
    hash[0] = 1;
    let good = [&hash[..], &[0; 32], &[0; 32], &infinity, &infinity].concat();
    for spec in SPECS {
        let (output, asked) = agree(spec, KZG_POINT_EVALUATION, &good, 50_000);
        assert_eq!(
            (output.is_some(), asked),
            (spec >= OpSpecId::ECOTONE, spec >= OpSpecId::ECOTONE),
            "{spec:?}"
        );
    }
    assert!(!agree(OpSpecId::JOVIAN, KZG_POINT_EVALUATION, &good, 49_999).1);
    for length in [0, 191] {
        assert_eq!(agree(OpSpecId::JOVIAN, KZG_POINT_EVALUATION, &good[..length], 60_000), (None, false));
    }
    for index in [0, 5, 63, 95, 96, 100, 144, 191] {
        let mut bad = good.clone();
        bad[index] ^= 1;
        agree(OpSpecId::JOVIAN, KZG_POINT_EVALUATION, &bad, 60_000);
    }
}

/// I-095, I-100, K-060, K-062: BLS12-381, from Isthmus.
#[test]
fn bls_is_the_same_with_a_backend() {
    let cases = [
        (bls::G1_ADD_ADDRESS, 256),
        (bls::G1_MSM_ADDRESS, 160),
        (bls::G2_ADD_ADDRESS, 512),
        (bls::G2_MSM_ADDRESS, 288),
        (bls::PAIRING_ADDRESS, 384),
        (bls::MAP_FP_TO_G1_ADDRESS, 64),
        (bls::MAP_FP2_TO_G2_ADDRESS, 128),
    ];
    for (number, (address, size)) in cases.into_iter().enumerate() {
        assert_eq!(agree(OpSpecId::HOLOCENE, address, &vec![0; size], 1_000_000), (None, false));
        for spec in [OpSpecId::ISTHMUS, OpSpecId::JOVIAN, OpSpecId::KARST] {
            for pieces in 0..4 {
                // Zeros are the point at infinity; noise is no point; small numbers are field elements.
                let zeros = vec![0; size * pieces];
                let mut field = noise(number as u64, size * pieces);
                for element in field.chunks_mut(64) {
                    let zero = element.len().min(17);
                    element[..zero].fill(0);
                }
                for input in [&zeros, &field, &noise(9, size * pieces)] {
                    let (output, asked) = agree(spec, address, input, 10_000_000);
                    assert!(output.is_none() || asked, "{address}");
                    agree(spec, address, &[&input[..], &[0]].concat(), 10_000_000);
                    agree(spec, address, input, 300);
                }
            }
            assert!(agree(spec, address, &vec![0; size], 10_000_000).0.is_some(), "{address}");
        }
    }
}

/// A backend that answers whatever it is asked.
struct Eager(bool);

impl Accelerate for Eager {
    fn accelerate(&mut self, _: &PrecompileCall<'_>) -> Result<Option<PrecompileAnswer>, Failed> {
        self.0 = true;
        Ok(Some(PrecompileAnswer::Success(Bytes::new())))
    }
}

/// I-094, I-095, I-096, I-097, I-099: input of the cap's length is asked for, and longer input fails, with a backend and without.
#[test]
fn input_is_capped() {
    for (spec, address, piece, cap) in [
        (OpSpecId::FJORD, BN256_PAIRING, 192, None),
        (OpSpecId::GRANITE, BN256_PAIRING, 192, Some(112_687)),
        (OpSpecId::HOLOCENE, BN256_PAIRING, 192, Some(112_687)),
        (OpSpecId::ISTHMUS, BN256_PAIRING, 192, Some(112_687)),
        (OpSpecId::JOVIAN, BN256_PAIRING, 192, Some(81_984)),
        (OpSpecId::KARST, BN256_PAIRING, 192, Some(57_600)),
        (OpSpecId::ISTHMUS, bls::G1_MSM_ADDRESS, 160, Some(513_760)),
        (OpSpecId::JOVIAN, bls::G1_MSM_ADDRESS, 160, Some(288_960)),
        (OpSpecId::KARST, bls::G1_MSM_ADDRESS, 160, Some(288_960)),
        (OpSpecId::ISTHMUS, bls::G2_MSM_ADDRESS, 288, Some(488_448)),
        (OpSpecId::JOVIAN, bls::G2_MSM_ADDRESS, 288, Some(278_784)),
        (OpSpecId::KARST, bls::G2_MSM_ADDRESS, 288, Some(278_784)),
        (OpSpecId::ISTHMUS, bls::PAIRING_ADDRESS, 384, Some(235_008)),
        (OpSpecId::JOVIAN, bls::PAIRING_ADDRESS, 384, Some(156_672)),
        (OpSpecId::KARST, bls::PAIRING_ADDRESS, 384, Some(156_672)),
    ] {
        let ours = L2Precompiles::new(spec);
        let precompile = ours.set.get(&address).unwrap();
        let run = |length: usize| {
            let mut backend = Eager(false);
            let output = ours.execute(precompile, &vec![0; length], u64::MAX, &mut backend).ok().unwrap();
            (output.is_success(), backend.0)
        };
        let most = cap.unwrap_or(200_000) / piece * piece;
        assert_eq!(run(most), (true, true), "{spec:?} {address}");
        let more = most + piece;
        assert_eq!(run(more), (cap.is_none(), cap.is_none()), "{spec:?} {address}");
        if cap.is_some() {
            let output = ours.execute(precompile, &vec![0; more], u64::MAX, &mut Silent).ok().unwrap();
            assert!(output.is_halt());
        }
    }
}

/// I-093, I-098: P256VERIFY from Fjord; dearer from Karst, as is modular exponentiation, whose operands are bounded then.
#[test]
fn karst_changes_prices() {
    let p256 = address!("0000000000000000000000000000000000000100");
    let modexp = address!("0000000000000000000000000000000000000005");
    let gas = |spec: OpSpecId, address: Address, input: &[u8]| {
        let ours = L2Precompiles::new(spec);
        let output = ours.set.get(&address)?.execute(input, 100_000_000, 0).unwrap();
        output.is_success().then_some((output.gas_used, output.bytes))
    };
    // From the tests of RIP-7212.
    let good = alloy_primitives::bytes!(
        "4cee90eb86eaa050036147a12d49004b6b9c72bd725d39d4785011fe190f0b4da73bd4903f0ce3b639bbbf6e8e80d16931ff4bcf5993d58468e8fb19086e8cac36dbcd03009df8c59286b162af3bd7fcc0450c9aa81be5d10d312af6c66b1d604aebd3099c618202fcfe16ae7770b0c49ab5eadf74b754204a3bb6060e44eff37618b065f9832de4ca6ca971a7a1adc826d0f7c00181a5fb2ddf79ae00b4e10e"
    );
    let yes = Bytes::from(B256::with_last_byte(1));
    assert_eq!(gas(OpSpecId::ECOTONE, p256, &good), None);
    for spec in [OpSpecId::FJORD, OpSpecId::GRANITE, OpSpecId::ISTHMUS, OpSpecId::JOVIAN] {
        assert_eq!(gas(spec, p256, &good), Some((3_450, yes.clone())));
        assert_eq!(gas(spec, p256, &good[..159]), Some((3_450, Bytes::new())));
    }
    assert_eq!(gas(OpSpecId::KARST, p256, &good), Some((6_900, yes)));
    // 2^1 mod 3, of one byte each.
    let head = |length: u16| {
        let word = |n: u16| B256::left_padding_from(&n.to_be_bytes());
        [word(length), word(1), word(1)].concat()
    };
    let small = [&head(1)[..], &[2, 1, 3]].concat();
    assert_eq!(gas(OpSpecId::JOVIAN, modexp, &small), Some((200, Bytes::from_static(&[2]))));
    assert_eq!(gas(OpSpecId::KARST, modexp, &small), Some((500, Bytes::from_static(&[2]))));
    assert!(gas(OpSpecId::JOVIAN, modexp, &head(1_025)).is_some());
    assert_eq!(gas(OpSpecId::KARST, modexp, &head(1_025)), None);
    assert!(gas(OpSpecId::KARST, modexp, &head(1_024)).is_some());
}

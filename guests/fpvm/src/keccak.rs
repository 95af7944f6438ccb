//! Keccak-256 in few steps. A fault-proof run is to a third hashing: each element of a blob has a key of its own (K-010),
//! and the tries are hashed once.
//!
//! Two things are done about it. Rounds are written out two at a time, from one array into another, so that no lane is moved
//! without being changed. And six lanes are kept inverted: of the 25 inversions of a round five remain, where the instruction
//! set has no and-not ("lane complementing", section 2.2 of the Keccak implementation overview).

/// Lanes of a block.
const RATE: usize = 17;

const ROUND_CONSTANTS: [u64; 24] = [
    0x0000_0000_0000_0001,
    0x0000_0000_0000_8082,
    0x8000_0000_0000_808a,
    0x8000_0000_8000_8000,
    0x0000_0000_0000_808b,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8009,
    0x0000_0000_0000_008a,
    0x0000_0000_0000_0088,
    0x0000_0000_8000_8009,
    0x0000_0000_8000_000a,
    0x0000_0000_8000_808b,
    0x8000_0000_0000_008b,
    0x8000_0000_0000_8089,
    0x8000_0000_0000_8003,
    0x8000_0000_0000_8002,
    0x8000_0000_0000_0080,
    0x0000_0000_0000_800a,
    0x8000_0000_8000_000a,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8080,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8008,
];

/// Lane `x + 5 * y` of the state, those of [`INVERTED`] inverted.
type State = [u64; 25];

/// Lanes that are kept inverted.
const INVERTED: [usize; 6] = [1, 2, 8, 12, 17, 20];

/// Writes the Keccak-256 hash of `input`.
pub fn keccak256(input: &[u8], hash: &mut [u8; 32]) {
    let mut state = [0; 25];
    for lane in INVERTED {
        state[lane] = !0;
    }
    let (blocks, rest) = input.as_chunks::<{ 8 * RATE }>();
    for block in blocks {
        absorb(&mut state, block.as_chunks::<8>().0);
        permute(&mut state);
    }
    let (lanes, last) = rest.as_chunks::<8>();
    absorb(&mut state, lanes);
    // Padding: a one right behind the input, and a one at the end of the block.
    let mut lane = 1u64 << (8 * last.len());
    for (i, byte) in last.iter().enumerate() {
        lane |= u64::from(*byte) << (8 * i);
    }
    state[lanes.len()] ^= lane;
    state[RATE - 1] ^= 1 << 63;
    permute(&mut state);
    for lane in INVERTED.into_iter().filter(|lane| *lane < 4) {
        state[lane] = !state[lane];
    }
    for (bytes, lane) in hash.as_chunks_mut::<8>().0.iter_mut().zip(state) {
        *bytes = lane.to_le_bytes();
    }
}

#[inline(always)]
fn absorb(state: &mut State, lanes: &[[u8; 8]]) {
    for (lane, bytes) in state[..RATE].iter_mut().zip(lanes) {
        *lane ^= u64::from_le_bytes(*bytes);
    }
}

#[inline(never)]
fn permute(state: &mut State) {
    let mut other = [0; 25];
    for [even, odd] in ROUND_CONSTANTS.as_chunks().0 {
        round(state, &mut other, *even);
        round(&other, state, *odd);
    }
}

/// One round from `a` into `e`. Each block of lines is one row of `e`: the lanes that come to lie in it, rotated, and then
/// combined as their inversions make it cheapest.
#[inline(always)]
fn round(a: &State, e: &mut State, constant: u64) {
    let column = |x: usize| a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
    let c = [column(0), column(1), column(2), column(3), column(4)];
    let effect = |x: usize| c[(x + 4) % 5] ^ c[(x + 1) % 5].rotate_left(1);
    let d = [effect(0), effect(1), effect(2), effect(3), effect(4)];
    let moved = |lane: usize, by: u32| (a[lane] ^ d[lane % 5]).rotate_left(by);

    let b = [moved(0, 0), moved(6, 44), moved(12, 43), moved(18, 21), moved(24, 14)];
    e[0] = b[0] ^ (b[1] | b[2]) ^ constant;
    e[1] = b[1] ^ (!b[2] | b[3]);
    e[2] = b[2] ^ (b[3] & b[4]);
    e[3] = b[3] ^ (b[4] | b[0]);
    e[4] = b[4] ^ (b[0] & b[1]);

    let b = [moved(3, 28), moved(9, 20), moved(10, 3), moved(16, 45), moved(22, 61)];
    e[5] = b[0] ^ (b[1] | b[2]);
    e[6] = b[1] ^ (b[2] & b[3]);
    e[7] = b[2] ^ (b[3] | !b[4]);
    e[8] = b[3] ^ (b[4] | b[0]);
    e[9] = b[4] ^ (b[0] & b[1]);

    let b = [moved(1, 1), moved(7, 6), moved(13, 25), moved(19, 8), moved(20, 18)];
    let not_3 = !b[3];
    e[10] = b[0] ^ (b[1] | b[2]);
    e[11] = b[1] ^ (b[2] & b[3]);
    e[12] = b[2] ^ (not_3 & b[4]);
    e[13] = not_3 ^ (b[4] | b[0]);
    e[14] = b[4] ^ (b[0] & b[1]);

    let b = [moved(4, 27), moved(5, 36), moved(11, 10), moved(17, 15), moved(23, 56)];
    let not_3 = !b[3];
    e[15] = b[0] ^ (b[1] & b[2]);
    e[16] = b[1] ^ (b[2] | b[3]);
    e[17] = b[2] ^ (not_3 | b[4]);
    e[18] = not_3 ^ (b[4] & b[0]);
    e[19] = b[4] ^ (b[0] | b[1]);

    let b = [moved(2, 62), moved(8, 55), moved(14, 39), moved(15, 41), moved(21, 2)];
    let not_1 = !b[1];
    e[20] = b[0] ^ (not_1 & b[2]);
    e[21] = not_1 ^ (b[2] | b[3]);
    e[22] = b[2] ^ (b[3] & b[4]);
    e[23] = b[3] ^ (b[4] | b[0]);
    e[24] = b[4] ^ (b[0] & b[1]);
}

//! The order of an arena: each value after those whose hashes stand in it, and what belongs together side by side.
//!
//! Tries and chains of headers are walked from their roots, children first, in the order in which they stand in their parent.
//! So the leaves of a trie come in the order of their keys, L1 blocks in the order of their numbers, and the hash of what came
//! before need not be stored: see [`unroll_proof::archive`].

use alloy_primitives::{B256, Bytes, map::B256Map};

/// A value to be written: its bytes, and where in it the hashes of earlier values stand.
pub(super) struct Linked<'a> {
    pub value: &'a Bytes,
    pub references: Vec<(usize, u32)>,
}

/// Orders values, each of which has the hash beside it.
pub(super) fn link<'a>(values: &[(B256, &'a Bytes)]) -> Vec<Linked<'a>> {
    let named = find(values);
    let order = children_first(&named);
    let mut places = vec![u32::MAX; values.len()];
    for (place, &number) in (0..).zip(&order) {
        places[number as usize] = place;
    }
    let mut linked = Vec::with_capacity(values.len());
    for (place, number) in (0..).zip(order) {
        let references = named[number as usize].iter().map(|&(offset, to)| (offset, places[to as usize]));
        // Hashes cannot go round in circles; should they ever, what comes later is written out.
        let references = references.filter(|(_, to)| *to < place).collect();
        linked.push(Linked { value: values[number as usize].1, references });
    }
    linked
}

/// For each value, where hashes of others stand in it, and whose. They do not overlap.
fn find(values: &[(B256, &Bytes)]) -> Vec<Vec<(usize, u32)>> {
    let numbers: B256Map<u32> = (0..).zip(values).map(|(number, (hash, _))| (*hash, number)).collect();
    // Most bytes are the start of no hash: two of them tell.
    let mut starts = vec![false; 1 << 16];
    values.iter().for_each(|(hash, _)| starts[start(hash.as_slice())] = true);
    let named_in = |value: &[u8]| {
        let mut named = Vec::new();
        let mut offset = 0;
        while let Some(window) = value.get(offset..offset + 32) {
            let number = starts[start(window)].then(|| numbers.get(window)).flatten();
            named.extend(number.map(|&number| (offset, number)));
            offset += if number.is_some() { 32 } else { 1 };
        }
        named
    };
    values.iter().map(|(_, value)| named_in(value)).collect()
}

fn start(bytes: &[u8]) -> usize {
    usize::from(bytes[0]) << 8 | usize::from(bytes[1])
}

/// The numbers of all values, each after those it names; from those that nobody names, in their order.
fn children_first(named: &[Vec<(usize, u32)>]) -> Vec<u32> {
    let mut is_named = vec![false; named.len()];
    named.iter().flatten().for_each(|(_, to)| is_named[*to as usize] = true);
    let (mut order, mut seen) = (Vec::with_capacity(named.len()), vec![false; named.len()]);
    let roots = (0..).zip(&is_named).filter(|(_, is_named)| !**is_named).map(|(number, _)| number);
    // Every value is named, or is among these; the second part is for circles, which do not exist.
    for root in roots.chain((0..).zip(named).map(|(number, _)| number)) {
        let mut open: Vec<(u32, usize)> = Vec::new();
        if !std::mem::replace(&mut seen[root as usize], true) {
            open.push((root, 0));
        }
        while let Some((number, next)) = open.last_mut() {
            match named[*number as usize].get(*next) {
                None => {
                    order.push(*number);
                    open.pop();
                }
                Some(&(_, child)) => {
                    *next += 1;
                    if !std::mem::replace(&mut seen[child as usize], true) {
                        open.push((child, 0));
                    }
                }
            }
        }
    }
    order
}

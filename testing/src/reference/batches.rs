//! Batch strings to batches (E-023 to E-030).

use super::{Batch, Singular, spans::RawSpan, wire};
use alloy_primitives::{B256, Bytes};
use unroll_protocol::{config::RollupConfig, units::BlockId};

/// What a batch string is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A batch.
    Batch(Batch),
    /// Nothing, and what follows may be good.
    Dropped,
    /// Nothing, and nothing follows.
    Malformed,
}

/// Reads a batch string. `delta` says whether spans are admitted by the L1 block being read.
pub fn read(cfg: &RollupConfig, string: &[u8], delta: bool) -> Content {
    match string {
        [0, content @ ..] => {
            singular(content).map_or(Content::Malformed, |batch| Content::Batch(Batch::Singular(batch)))
        }
        [1, content @ ..] => {
            let Some(raw) = RawSpan::read(content) else { return Content::Malformed };
            // E-026, E-027
            let span = if delta { raw.span(cfg) } else { None };
            span.map_or(Content::Dropped, |span| Content::Batch(Batch::Span(span)))
        }
        _ => Content::Malformed, // E-023, E-025
    }
}

/// E-030. E-024: what follows the list is not looked at.
fn singular(mut content: &[u8]) -> Option<Singular> {
    let mut fields = wire::list(&mut content)?;
    let parent_hash = B256::new(wire::fixed(&mut fields)?);
    let number = wire::number_u64(&mut fields)?;
    let hash = B256::new(wire::fixed(&mut fields)?);
    let time = wire::number_u64(&mut fields)?;
    let mut list = wire::list(&mut fields)?;
    let mut transactions = Vec::new();
    while !list.is_empty() {
        transactions.push(Bytes::copy_from_slice(wire::string(&mut list)?));
    }
    let epoch = BlockId { number, hash };
    fields.is_empty().then_some(Singular { parent_hash, epoch, time, transactions })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batcher;
    use alloy_rlp::Encodable;
    use unroll_protocol::{
        batch::{SingularBatch, SpanBlock},
        units::L2Time,
    };

    fn cfg() -> RollupConfig {
        let mut cfg = RollupConfig { block_time: 2, l2_chain_id: 10, ..RollupConfig::default() };
        cfg.genesis.l2_time = L2Time(1_000);
        cfg
    }

    fn list(items: &[Vec<u8>]) -> Vec<u8> {
        let mut out = Vec::new();
        alloy_rlp::Header { list: true, payload_length: items.concat().len() }.encode(&mut out);
        out.extend(items.concat());
        out
    }

    fn encoded(value: impl Encodable) -> Vec<u8> {
        let mut out = Vec::new();
        value.encode(&mut out);
        out
    }

    /// A transaction of each type that fits into a span, with the fields that its type has and this recipient.
    fn transaction(kind: u8, v: u64, to: &[u8]) -> Vec<u8> {
        let fee = encoded(u128::MAX);
        let access = list(&[list(&[encoded([7; 20]), list(&[encoded([8; 32]), encoded([9; 32])])])]);
        let authorization = list(&[1_u64, 2, 1, 3, 4].map(encoded));
        let authorization = [&authorization[1..2], &encoded([6; 20]), &authorization[2..]].concat();
        let authorizations = list(&[list(&[authorization])]);
        let (fees, lists) = match kind {
            0 => (vec![fee], vec![]),
            1 => (vec![fee], vec![access]),
            2 => (vec![fee.clone(), fee], vec![access]),
            _ => (vec![fee.clone(), fee], vec![access, authorizations]),
        };
        let chain = if kind == 0 { vec![] } else { vec![encoded(10_u64)] };
        let middle = vec![encoded(21_000_u64), encoded(to), encoded(0_u64), encoded(&[1, 2, 3][..])];
        let signature = vec![encoded(v), encoded(&[5; 32][..]), encoded(&[6; 30][..])];
        let all = list(&[chain, vec![encoded(300_u64)], fees, middle, lists, signature].concat());
        [&vec![kind; usize::from(kind != 0)], &all[..]].concat()
    }

    fn span(blocks: &[(u64, u64, Vec<Vec<u8>>)]) -> Vec<u8> {
        let block = |(time, epoch_number, transactions): &(u64, u64, Vec<Vec<u8>>)| SpanBlock {
            time: L2Time(*time),
            epoch_number: *epoch_number,
            transactions: transactions.iter().collect(),
        };
        let (parent_check, l1_origin_check) = ([1; 20], [2; 20]);
        let blocks = blocks.iter().map(block).collect();
        let span = batcher::Span { parent_check, l1_origin_check, first_origin_bit: true, blocks };
        batcher::span(&span, &cfg()).unwrap()
    }

    fn blocks(string: &[u8]) -> Vec<(u64, u64, Vec<Bytes>)> {
        match read(&cfg(), string, true) {
            Content::Batch(Batch::Span(span)) => {
                assert_eq!((span.parent_check, span.l1_origin_check), ([1; 20], [2; 20]));
                span.blocks.into_iter().map(|block| (block.time, block.epoch, block.transactions)).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    /// E-023 to E-025, E-030.
    #[test]
    fn singular_batches_are_lists_of_five() {
        let transactions = vec![vec![1], vec![200], vec![9; 100]];
        let epoch = BlockId { number: 1_000, hash: B256::repeat_byte(3) };
        let written = SingularBatch {
            parent_hash: B256::repeat_byte(1),
            epoch,
            time: L2Time(u64::MAX),
            transactions: transactions.iter().collect(),
        };
        let string = batcher::singular(&written);
        let batch = Content::Batch(Batch::Singular(Singular {
            parent_hash: written.parent_hash,
            epoch,
            time: u64::MAX,
            transactions: transactions.into_iter().map(Bytes::from).collect(),
        }));
        assert_eq!(read(&cfg(), &string, false), batch);
        assert_eq!(read(&cfg(), &[&string[..], &[0xff]].concat(), false), batch, "E-024");
        for end in 0..string.len() {
            assert_eq!(read(&cfg(), &string[..end], false), Content::Malformed);
        }
        let fields = |fields: &[Vec<u8>]| read(&cfg(), &[&[0], &list(fields)[..]].concat(), true);
        let hash = encoded([1; 32]);
        let five = [hash.clone(), encoded(1_u64), hash.clone(), encoded(2_u64), list(&[])];
        assert!(matches!(fields(&five), Content::Batch(_)));
        assert_eq!(fields(&five[..4]), Content::Malformed);
        assert_eq!(fields(&[&five[..], &[vec![1]]].concat()), Content::Malformed);
        for (at, wrong) in
            [(0, encoded([1; 31])), (1, vec![0]), (1, vec![0x82, 0, 1]), (3, hash), (4, vec![0x80])]
        {
            let mut fields_of = five.clone();
            fields_of[at] = wrong;
            assert_eq!(fields(&fields_of), Content::Malformed, "{at}");
        }
        assert_eq!(fields(&[&five[..4], &[list(&[list(&[])])]].concat()), Content::Malformed);
        for other in [&[][..], &[2], &[2, 0], &[3], &[0x7f]] {
            assert_eq!(read(&cfg(), other, true), Content::Malformed); // E-025
        }
    }

    /// E-045 to E-054: transactions come back as they were.
    #[test]
    fn spans_give_their_transactions_back() {
        let to = [4; 20];
        let all = vec![
            vec![transaction(0, 28, &to), transaction(4, 1, &to), transaction(0, 55, &[])],
            vec![],
            vec![
                transaction(1, 0, &[]),
                transaction(2, 1, &to),
                transaction(0, 56, &to),
                transaction(0, 27, &[]),
            ],
        ];
        let epochs = [70, 70, 71];
        let written: Vec<_> = all
            .into_iter()
            .zip((1_100..).step_by(2).zip(epochs))
            .map(|(txs, (time, epoch))| (time, epoch, txs))
            .collect();
        let string = span(&written);
        let expected: Vec<_> = written
            .iter()
            .map(|(time, epoch, txs)| {
                (*time, *epoch, txs.iter().cloned().map(Bytes::from).collect::<Vec<_>>())
            })
            .collect();
        assert_eq!(blocks(&string), expected);
        assert_eq!(blocks(&[&string[..], &[1, 2]].concat()), expected, "E-053");
        assert_eq!(read(&cfg(), &string, false), Content::Dropped, "E-026");
        for end in 0..string.len() {
            assert_eq!(read(&cfg(), &string[..end], true), Content::Malformed, "{end}");
            assert_eq!(read(&cfg(), &string[..end], false), Content::Malformed, "{end}");
        }
    }

    /// A span of one transaction, from its creation bit and its `tx_datas`.
    fn one(creation: u8, data: &[u8], legacy: bool) -> Content {
        let to = if creation == 0 { &[4; 20][..] } else { &[] };
        let protected = if legacy { &[0][..] } else { &[] };
        let head = [&[1, 0, 9][..], &[1; 20], &[2; 20], &[1, 0, 1, creation, 0], &[5; 64]].concat();
        read(&cfg(), &[&head[..], to, data, &[0, 0], protected].concat(), true)
    }

    /// E-027, E-046 to E-048: what is malformed by its columns ends the channel, what is so by its fields does not.
    #[test]
    fn transactions_that_cannot_be_made_drop_the_span() {
        let is_batch = |content: Content| matches!(content, Content::Batch(_));
        let fields = |count: usize| list(&vec![vec![0x80]; count]);
        let typed = |kind: u8, lists: usize| {
            let items = [vec![vec![0x80]; if kind == 1 { 3 } else { 4 }], vec![vec![0xc0]; lists]].concat();
            [&[kind], &list(&items)[..]].concat()
        };
        assert!(is_batch(one(0, &fields(3), true)));
        assert_eq!(one(0, &fields(2), true), Content::Dropped);
        assert_eq!(one(0, &fields(4), true), Content::Dropped);
        assert_eq!(one(0, &[0x80], true), Content::Malformed, "no list");
        assert!(is_batch(one(1, &typed(1, 1), false)) && is_batch(one(1, &typed(2, 1), false)));
        assert!(is_batch(one(0, &typed(4, 2), false)));
        assert_eq!(one(1, &typed(4, 2), false), Content::Dropped, "E-048");
        assert_eq!(
            one(0, &[&[0], &fields(3)[..]].concat(), true),
            Content::Dropped,
            "type 0 takes a protected bit"
        );
        assert_eq!(one(0, &[&[0], &fields(3)[..]].concat(), false), Content::Malformed);
        for kind in [3, 5, 0x7d, 0x7e, 0x7f] {
            assert_eq!(one(0, &typed(kind, 1), false), Content::Dropped, "{kind}");
        }
        // A value of 33 bytes: as long as one likes, but for type 4
        let wide = |kind: u8, fees: usize, lists: usize| {
            let items =
                [vec![encoded(&[1; 33][..])], vec![vec![0x80]; fees + 1], vec![vec![0xc0]; lists]].concat();
            one(0, &[&vec![kind; usize::from(kind != 0)], &list(&items)[..]].concat(), kind == 0)
        };
        assert!(is_batch(wide(0, 1, 0)) && is_batch(wide(1, 1, 1)) && is_batch(wide(2, 2, 1)));
        assert_eq!(wide(4, 2, 2), Content::Dropped);
        let zero = list(&[vec![0], vec![0x80], vec![0x80]]);
        assert_eq!(one(0, &zero, true), Content::Dropped, "a leading zero");
        // E-043, E-044
        let head = |counts: &[u8]| read(&cfg(), &[&[1, 0, 9][..], &[1; 40], counts].concat(), true);
        assert_eq!((head(&[0]), head(&[1, 2, 0])), (Content::Malformed, Content::Malformed));
        assert!(matches!(
            read(&cfg(), &[&[1, 0, 9][..], &[1; 20], &[2; 20], &[1, 1, 0]].concat(), true),
            Content::Batch(_)
        ));
    }

    /// E-051, E-052: times and origins go round.
    #[test]
    fn sums_go_round() {
        let span = |time: u64, origin: u64, bits: u8| {
            let mut string = vec![1];
            batcher::uvarint(time, &mut string);
            batcher::uvarint(origin, &mut string);
            string.extend([&[1; 20][..], &[2; 20], &[3, bits, 0, 0, 0]].concat());
            blocks(&string).into_iter().map(|(time, epoch, _)| (time, epoch)).collect::<Vec<_>>()
        };
        assert_eq!(span(4, 9, 0b101), [(1_004, 8), (1_006, 8), (1_008, 9)]);
        assert_eq!(span(u64::MAX - 1_001, 9, 0), [(u64::MAX - 1, 9), (0, 9), (2, 9)]);
        assert_eq!(span(u64::MAX, 1, 0b110), [(999, u64::MAX), (1_001, 0), (1_003, 1)]);
    }
}

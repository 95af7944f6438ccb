//! 100,000 random updates in the tries of crates.io, side by side: `cargo run --release --features trie --bin trie` (or
//! `trie-parallel`). Each trie is built from nothing and asked for its root, then all of its values change, and it is asked
//! again. Wall time, best of `RUNS`; all roots are compared. A trie that keeps nothing has no figure for changes: it is
//! built again.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use alloy_primitives::{B256, Bytes, keccak256};
use cita_trie::Trie as _;
use eth_trie::Trie as _;
use mpt_trie::partial_trie::{HashedPartialTrie, PartialTrie as _};

const ENTRIES: u64 = 100_000;
/// RLP of an account is about this long.
const VALUE_BYTES: usize = 70;
const RUNS: usize = 5;

/// The Keccak of alloy, and of what builds on it: that of ethrex, see `Cargo.toml`.
///
/// # Safety
///
/// alloy calls it with `length` bytes to read, and room for 32 to write.
#[unsafe(no_mangle)]
unsafe extern "C" fn native_keccak256(bytes: *const u8, length: usize, output: *mut u8) {
    let bytes = unsafe { std::slice::from_raw_parts(bytes, length) };
    let hash = ethrex_crypto::keccak::keccak_hash(bytes);
    unsafe { output.copy_from_nonoverlapping(hash.as_ptr(), hash.len()) };
}

type Entries = Vec<(B256, Vec<u8>)>;

fn entries(version: u8) -> Entries {
    let value = |n: u64| [&n.to_be_bytes()[..], &[version; VALUE_BYTES - 8]].concat();
    (0..ENTRIES).map(|n| (keccak256(n.to_be_bytes()), value(n))).collect()
}

/// A trie that takes entries, and can be asked for its root.
trait Candidate: Sized {
    const NAME: &str;
    /// How it takes values: they are made before the clock starts.
    type Value: From<Vec<u8>>;
    fn empty() -> Self;
    fn put(&mut self, entries: Vec<(B256, Self::Value)>) -> B256;
}

struct Unroll(unroll_mpt::Trie);

impl Candidate for Unroll {
    const NAME: &str = "unroll-mpt";
    type Value = Bytes;
    fn empty() -> Self {
        Self(unroll_mpt::Trie::new())
    }
    fn put(&mut self, entries: Vec<(B256, Self::Value)>) -> B256 {
        for (key, value) in in_order(entries) {
            self.0.insert(key.as_slice(), value, &mut |_| Err::<Bytes, _>(())).expect("all is known");
        }
        self.0.root()
    }
}

struct Kona(kona_mpt::TrieNode);

impl Candidate for Kona {
    const NAME: &str = "kona-mpt 0.3";
    type Value = Bytes;
    fn empty() -> Self {
        Self(kona_mpt::TrieNode::Empty)
    }
    fn put(&mut self, entries: Vec<(B256, Self::Value)>) -> B256 {
        for (key, value) in entries {
            let path = nybbles::Nibbles::unpack(key);
            self.0.insert(&path, value, &kona_mpt::NoopTrieProvider).expect("all is known");
        }
        // Its root is `blind`, which keeps the trie as it is.
        self.0.blind()
    }
}

struct EthTrie(eth_trie::EthTrie<eth_trie::MemoryDB>);

impl Candidate for EthTrie {
    const NAME: &str = "eth_trie 0.6";
    type Value = Vec<u8>;
    fn empty() -> Self {
        Self(eth_trie::EthTrie::new(Arc::new(eth_trie::MemoryDB::new(true))))
    }
    fn put(&mut self, entries: Vec<(B256, Self::Value)>) -> B256 {
        for (key, value) in entries {
            self.0.insert(key.as_slice(), &value).expect("all is known");
        }
        B256::new(self.0.root_hash().expect("all is known").0)
    }
}

struct Cita(cita_trie::PatriciaTrie<cita_trie::MemoryDB, cita_hasher::HasherKeccak>);

impl Candidate for Cita {
    const NAME: &str = "cita_trie 6.0";
    type Value = Vec<u8>;
    fn empty() -> Self {
        let (database, hasher) = (cita_trie::MemoryDB::new(true), cita_hasher::HasherKeccak::new());
        Self(cita_trie::PatriciaTrie::new(Arc::new(database), Arc::new(hasher)))
    }
    fn put(&mut self, entries: Vec<(B256, Self::Value)>) -> B256 {
        for (key, value) in entries {
            self.0.insert(key.to_vec(), value).expect("all is known");
        }
        B256::from_slice(&self.0.root().expect("all is known"))
    }
}

struct Ethrex(ethrex_trie::Trie);

impl Candidate for Ethrex {
    const NAME: &str = "ethrex-trie 31.0";
    type Value = Vec<u8>;
    fn empty() -> Self {
        Self(ethrex_trie::Trie::empty_in_memory())
    }
    fn put(&mut self, entries: Vec<(B256, Self::Value)>) -> B256 {
        for (key, value) in entries {
            self.0.insert(key.to_vec(), value).expect("all is known");
        }
        B256::new(self.0.hash_no_commit(&ethrex_crypto::NativeCrypto).0)
    }
}

struct MptTrie(HashedPartialTrie);

impl Candidate for MptTrie {
    const NAME: &str = "mpt_trie 0.5";
    type Value = Vec<u8>;
    fn empty() -> Self {
        Self(HashedPartialTrie::default())
    }
    fn put(&mut self, entries: Vec<(B256, Self::Value)>) -> B256 {
        for (key, value) in entries {
            let path = mpt_trie::nibbles::Nibbles::from_bytes_be(key.as_slice()).expect("32 bytes");
            self.0.insert(path, value).expect("all is known");
        }
        B256::new(self.0.hash().0)
    }
}

fn best(mut run: impl FnMut() -> Duration) -> Duration {
    (0..RUNS).map(|_| run()).min().unwrap_or_default()
}

fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = Instant::now();
    let result = work();
    (start.elapsed(), result)
}

fn milliseconds(duration: Duration) -> String {
    format!("{:.0} ms", duration.as_secs_f64() * 1e3)
}

struct Work {
    old: Entries,
    new: Entries,
    roots: [B256; 2],
}

fn values<C: Candidate>(entries: &Entries) -> Vec<(B256, C::Value)> {
    entries.iter().map(|(key, value)| (*key, value.clone().into())).collect()
}

fn measure<C: Candidate>(work: &Work) {
    let mut built = Duration::MAX;
    let changed = best(|| {
        let mut trie = C::empty();
        let (first, second) = (values::<C>(&work.old), values::<C>(&work.new));
        let (duration, old) = timed(|| trie.put(first));
        built = built.min(duration);
        let (duration, new) = timed(|| trie.put(second));
        assert_eq!([old, new], work.roots, "{}", C::NAME);
        duration
    });
    println!("| {} | {} | {} |", C::NAME, milliseconds(built), milliseconds(changed));
}

/// For tries that want them so, or are faster with them.
fn in_order<V>(mut entries: Vec<(B256, V)>) -> Vec<(B256, V)> {
    entries.sort_unstable_by_key(|(key, _)| *key);
    entries
}

fn hash_builder(entries: Entries) -> B256 {
    let mut builder = alloy_trie::HashBuilder::default();
    for (key, value) in in_order(entries) {
        builder.add_leaf(alloy_trie::Nibbles::unpack(key), &value);
    }
    builder.root()
}

fn main() {
    let (old, new) = (entries(0), entries(1));
    let work = Work { roots: [hash_builder(old.clone()), hash_builder(new.clone())], old, new };
    println!("| 100,000 entries | build, root | change all, root |");
    println!("|---|---:|---:|");
    measure::<Unroll>(&work);
    let again = best(|| {
        let entries = work.old.clone();
        timed(|| hash_builder(entries)).0
    });
    println!("| alloy-trie 0.9 `HashBuilder` | {} | builds again |", milliseconds(again));
    measure::<Ethrex>(&work);
    measure::<Kona>(&work);
    measure::<EthTrie>(&work);
    measure::<MptTrie>(&work);
    measure::<Cita>(&work);
}

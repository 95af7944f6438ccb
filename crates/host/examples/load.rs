//! Serves a large witness out of each store and says what that takes: `load [MIB] [FOLDER]`.
//!
//! The witness is made up, in the sizes of a real one: trie nodes of some hundred bytes, now and then a transaction or a contract.
//! Each store is filled, and then served by a process of its own to a client that asks for every value once, in an order that
//! is not the store's. What the client expects it makes again from a counter, so that nobody holds the witness in memory.

use alloy_primitives::{B256, Bytes, keccak256};
use std::{
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};
use unroll_host::{
    Host, LocalInputs,
    archive::{Claim, Claims, Compression, Contents, save},
    run_native,
    store::{Directory, Format, Layout, RedbWriter, open},
};
use unroll_proof::{BootInfo, PreimageKey, PreimageOracle};

/// An archive that is not compressed is served where it lies; of a compressed one the level is low, as filling is not the point.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Directory,
    Redb,
    Archive(Compression),
}

const KINDS: [(Kind, &str); 4] = [
    (Kind::Directory, "directory"),
    (Kind::Redb, "redb"),
    (Kind::Archive(Compression::None), "archive, `--store`d"),
    (Kind::Archive(Compression::Zstd(3)), "archive"),
];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [word, folder, bytes] = &arguments[..]
        && word == "serve"
    {
        return serve(Path::new(folder), bytes.parse()?);
    }
    let mib: u64 = arguments.first().map_or(Ok(200), |mib| mib.parse())?;
    let folder = arguments.get(1).map_or_else(|| env::temp_dir().join("unroll-load"), PathBuf::from);
    fs::create_dir_all(&folder)?;
    println!(
        "| store | values | filled in | on disk | served in | peak memory of the server | of it not the mapped file |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|");
    for (kind, name) in KINDS {
        let path = folder.join("store");
        remove(&path)?;
        let clock = Instant::now();
        let count = fill(&path, kind, mib << 20)?;
        let filled = clock.elapsed().as_secs_f64();
        let disk = on_disk(&path)? >> 20;
        let serve = Command::new(env::current_exe()?)
            .arg("serve")
            .arg(&path)
            .arg((mib << 20).to_string())
            .output()?;
        let figures = String::from_utf8(serve.stdout)?;
        if !serve.status.success() {
            return Err(format!("serving failed: {}", String::from_utf8_lossy(&serve.stderr)).into());
        }
        println!("| {name} | {count} | {filled:.1} s | {disk} MiB | {} |", figures.trim());
        remove(&path)?;
    }
    Ok(())
}

fn remove(path: &Path) -> std::io::Result<()> {
    match path.symlink_metadata() {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(_) => Ok(()),
    }
}

/// Value `index` of the witness.
fn value(index: u64) -> Bytes {
    let mut state = index.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1);
    let mut next = || {
        // splitmix64
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    let words = match next() % 1_000 {
        0 => 3_000,
        1..=9 => 800,
        10..=499 => 67,
        _ => 4 + next() % 30,
    };
    (0..words).flat_map(|_| next().to_le_bytes()).collect()
}

/// The values of a witness of at least this size.
fn witness(bytes: u64) -> impl Iterator<Item = Bytes> {
    let mut left = bytes;
    (0..).map(value).take_while(move |value| {
        let more = left > 0;
        left = left.saturating_sub(value.len() as u64);
        more
    })
}

fn key(value: &[u8]) -> PreimageKey {
    PreimageKey::keccak256(keccak256(value))
}

fn fill(path: &Path, kind: Kind, bytes: u64) -> Result<u64, Box<dyn Error>> {
    let mut count = 0;
    match kind {
        Kind::Redb => {
            let mut writer = RedbWriter::create(path)?;
            for value in witness(bytes) {
                writer.insert(*key(&value).as_bytes(), value)?;
                count += 1;
            }
            writer.finish()?;
        }
        Kind::Directory => {
            let directory = Directory::create(path, Layout::Folders)?;
            for value in witness(bytes) {
                directory.insert(key(&value).as_bytes(), &value)?;
                count += 1;
            }
        }
        Kind::Archive(compression) => {
            let boot = boot();
            let claims = Claims { chain_id: boot.chain_id, claims: vec![Claim::of(&boot, 0)] };
            let mut contents = Contents::new(claims, Bytes::new(), Bytes::new());
            contents.add_keccak(witness(bytes));
            count = contents.preimages().len() as u64;
            save(path, &contents, compression)?;
        }
    }
    Ok(count)
}

/// Nobody asks for it.
fn boot() -> BootInfo {
    BootInfo {
        l1_head: B256::ZERO,
        agreed_output_root: B256::ZERO,
        claimed_output_root: B256::ZERO,
        claimed_block_number: 0,
        chain_id: 10,
    }
}

fn serve(path: &Path, bytes: u64) -> Result<(), Box<dyn Error>> {
    let local = LocalInputs { boot: boot(), rollup_config: None, l1_config: None };
    let mut host = Host::new(local, open(path, Format::Directory)?);
    let clock = Instant::now();
    let wrong = run_native(&mut host, |mut client| {
        witness(bytes).position(|value| client.get(key(&value)).ok().as_ref() != Some(&value))
    })?;
    if let Some(index) = wrong {
        return Err(format!("value {index} came wrong").into());
    }
    let status = fs::read_to_string("/proc/self/status")?;
    let mib = |name: &str| -> Result<f64, Box<dyn Error>> {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).ok_or("no figure of memory")?;
        Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? / 1024.0)
    };
    let (peak, mapped) = (mib("VmHWM:")?, mib("RssFile:")?);
    println!("{:.1} s | {peak:.1} MiB | {:.1} MiB", clock.elapsed().as_secs_f64(), peak - mapped);
    Ok(())
}

fn on_disk(path: &Path) -> std::io::Result<u64> {
    use std::os::unix::fs::MetadataExt;
    if !path.is_dir() {
        return Ok(path.metadata()?.blocks() * 512);
    }
    let mut total = 0;
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        total += if metadata.is_dir() { on_disk(&entry.path())? } else { metadata.blocks() * 512 };
    }
    Ok(total)
}

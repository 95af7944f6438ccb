//! What a run found, for people and for programs.

use alloy_primitives::B256;
use serde::Serialize;
use std::{
    fmt::{self, Write as _},
    io::{self, Write as _},
    time::Duration,
};
use unroll_derive::{Event, event::Fate};

/// What is to be said about the claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Valid,
    Invalid,
    Undecided,
}

impl Verdict {
    /// J-026.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Valid => 0,
            Self::Invalid => 1,
            Self::Undecided => 2,
        }
    }
}

/// A block that was derived and executed.
#[derive(Clone, Debug, Serialize)]
pub struct BlockLine {
    pub number: u64,
    #[serde(serialize_with = "display")]
    pub hash: B256,
    #[serde(serialize_with = "display")]
    pub state_root: B256,
    pub transactions: usize,
    pub gas_used: u64,
    #[serde(serialize_with = "display")]
    pub output_root: B256,
}

/// The phases of a run, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Reading and decompressing the preimages.
    Read,
    /// Checking each against its key.
    Check,
    /// From L1 to payload attributes.
    Derive,
    /// From payload attributes to blocks and output roots.
    Execute,
}

/// Time per phase, in the order of [`Phase`].
#[derive(Clone, Copy, Debug, Default)]
pub struct PhaseTimes([Duration; 4]);

impl PhaseTimes {
    const NAMES: [&'static str; 4] = ["read", "check", "derive", "execute"];

    pub fn add(&mut self, phase: Phase, time: Duration) {
        self.0[phase as usize] += time;
    }

    fn named(&self) -> impl Iterator<Item = (&'static str, Duration)> {
        Self::NAMES.into_iter().zip(self.0)
    }
}

/// What was derived, in numbers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Derived {
    /// The last L1 block that was read.
    pub l1_block: Option<u64>,
    pub payloads: usize,
    pub frames: usize,
    pub channels: usize,
    /// Span batches, and batches of one block: those of a span are counted too where they are judged one by one.
    pub spans: usize,
    pub singles: usize,
    pub empty_batches: usize,
    /// Payloads, blobs, frames, channels and batches that broke a rule.
    pub dropped: usize,
}

impl Derived {
    /// Counts an event.
    pub fn note(&mut self, event: &Event) {
        match event {
            Event::DataRead { .. } => self.payloads += 1,
            Event::FrameAccepted { .. } => self.frames += 1,
            Event::ChannelCompleted { .. } => self.channels += 1,
            Event::Batch { fate: Fate::Accepted, batch, .. } if batch.span => self.spans += 1,
            Event::Batch { fate: Fate::Accepted, .. } => self.singles += 1,
            Event::EmptyBatch { .. } => self.empty_batches += 1,
            Event::BlobIgnored { .. }
            | Event::PayloadIgnored { .. }
            | Event::FrameDropped { .. }
            | Event::ChannelDropped { .. }
            | Event::ChannelUnreadable { .. }
            | Event::BatchUnreadable { .. }
            | Event::Batch { fate: Fate::Dropped(_), .. }
            | Event::PayloadRefused { .. }
            | Event::PayloadReplaced { .. } => self.dropped += 1,
            _ => {}
        }
    }
}

/// What a run found.
#[derive(Debug)]
pub struct Report {
    pub verdict: Verdict,
    pub reason: String,
    pub about: Option<About>,
    pub agreed_block: Option<u64>,
    pub output_root: Option<B256>,
    pub blocks: Vec<BlockLine>,
    pub derived: Derived,
    pub preimages_read: u64,
    pub preimage_bytes: u64,
    pub phases: PhaseTimes,
}

/// What the run was about; unknown where not even that could be read.
#[derive(Clone, Debug)]
pub struct About {
    pub chain_id: u64,
    pub chain_name: Option<&'static str>,
    pub l1_head: B256,
    pub agreed_output_root: B256,
    pub claimed_output_root: B256,
    pub claimed_block_number: u64,
}

impl Report {
    /// A report that nothing could be told.
    pub fn undecided(reason: impl fmt::Display) -> Self {
        Self {
            verdict: Verdict::Undecided,
            reason: reason.to_string(),
            about: None,
            agreed_block: None,
            output_root: None,
            blocks: Vec::new(),
            derived: Derived::default(),
            preimages_read: 0,
            preimage_bytes: 0,
            phases: PhaseTimes::default(),
        }
    }

    /// Nothing can be told, for this reason.
    pub fn undecide(&mut self, why: &dyn fmt::Display) {
        self.verdict = Verdict::Undecided;
        self.reason = why.to_string();
    }

    /// The object that `--json` prints.
    pub fn json(&self) -> serde_json::Value {
        // Numbers, strings and lists of them.
        serde_json::to_value(Json::of(self)).unwrap_or_default()
    }

    /// Prints it: one JSON object, or text for people. What cannot be told is told on stderr, in one sentence.
    pub fn print(&self, json: bool) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if json {
            serde_json::to_writer_pretty(&mut out, &Json::of(self))?;
            writeln!(out)?;
        } else {
            out.write_all(self.text().as_bytes())?;
        }
        if self.verdict == Verdict::Undecided {
            writeln!(io::stderr(), "undecided: {}", self.reason)?;
        }
        Ok(())
    }

    /// What people read.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing into a String cannot fail.
        let _ = self.write_text(&mut text);
        text
    }

    fn write_text(&self, f: &mut String) -> fmt::Result {
        let Some(about) = &self.about else { return Ok(()) };
        let name = about.chain_name.unwrap_or("a chain that is not built in");
        writeln!(f, "{name} (chain id {})", about.chain_id)?;
        writeln!(f, "  L1 head       {}", about.l1_head)?;
        let block =
            |number: Option<u64>| number.map_or("block unknown".into(), |n| format!("block {}", Grouped(n)));
        writeln!(f, "  agreed root   {}  {}", about.agreed_output_root, block(self.agreed_block))?;
        let claimed = block(Some(about.claimed_block_number));
        writeln!(f, "  claimed root  {}  {claimed}", about.claimed_output_root)?;
        if let Some(root) = self.output_root {
            let last = self.blocks.last().map(|line| line.number).or(self.agreed_block);
            writeln!(f, "  derived root  {root}  {}", block(last))?;
        }
        self.write_derived(f)?;
        self.write_blocks(f)?;
        let read = Grouped(self.preimages_read);
        writeln!(f, "\n{read} preimages read, {}", Bytes(self.preimage_bytes))?;
        let phases: Vec<String> =
            self.phases.named().map(|(name, time)| format!("{name} {}", Millis(time))).collect();
        writeln!(f, "time: {}", phases.join(", "))?;
        match self.verdict {
            Verdict::Valid => writeln!(f, "\nVALID: {}", self.reason),
            Verdict::Invalid => writeln!(f, "\nINVALID: {}", self.reason),
            Verdict::Undecided => Ok(()),
        }
    }

    fn write_derived(&self, f: &mut String) -> fmt::Result {
        let d = &self.derived;
        let Some(l1_block) = d.l1_block else { return Ok(()) };
        let empty =
            if d.empty_batches == 0 { String::new() } else { format!(" and {} empty", d.empty_batches) };
        writeln!(
            f,
            "\nL1 read up to block {}: {} of data, {}, {}, {}{empty}; {} dropped",
            Grouped(l1_block),
            count(d.payloads, "payload", "payloads"),
            count(d.frames, "frame", "frames"),
            count(d.channels, "channel", "channels"),
            batches(d),
            d.dropped,
        )
    }

    fn write_blocks(&self, f: &mut String) -> fmt::Result {
        for line in &self.blocks {
            let transactions = count(line.transactions, "transaction", "transactions");
            writeln!(f, "\nblock {}: {transactions}, {} gas", Grouped(line.number), Grouped(line.gas_used))?;
            writeln!(f, "  hash          {}", line.hash)?;
            writeln!(f, "  output root   {}", line.output_root)?;
        }
        Ok(())
    }
}

/// The fields that programs may rely on.
#[derive(Serialize)]
struct Json<'a> {
    verdict: Verdict,
    reason: &'a str,
    chain_id: Option<u64>,
    l1_head: Option<String>,
    agreed_output_root: Option<String>,
    claimed_output_root: Option<String>,
    output_root: Option<String>,
    blocks: &'a [BlockLine],
    preimages_read: u64,
    preimage_bytes: u64,
    phases_ms: serde_json::Map<String, serde_json::Value>,
}

impl<'a> Json<'a> {
    fn of(report: &'a Report) -> Self {
        let about = report.about.as_ref();
        let millis = |time: Duration| (time.as_secs_f64() * 1e6).round() / 1e3;
        Self {
            verdict: report.verdict,
            reason: &report.reason,
            chain_id: about.map(|about| about.chain_id),
            l1_head: about.map(|about| about.l1_head.to_string()),
            agreed_output_root: about.map(|about| about.agreed_output_root.to_string()),
            claimed_output_root: about.map(|about| about.claimed_output_root.to_string()),
            output_root: report.output_root.map(|root| root.to_string()),
            blocks: &report.blocks,
            preimages_read: report.preimages_read,
            preimage_bytes: report.preimage_bytes,
            phases_ms: report.phases.named().map(|(name, time)| (name.into(), millis(time).into())).collect(),
        }
    }
}

fn display<S: serde::Serializer>(hash: &B256, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(hash)
}

pub fn count(n: usize, one: &str, many: &str) -> String {
    format!("{} {}", Grouped(n as u64), if n == 1 { one } else { many })
}

/// The batches, without a kind of which there is none.
fn batches(d: &Derived) -> String {
    let spans = count(d.spans, "span batch", "span batches");
    let singles = count(d.singles, "single batch", "single batches");
    match (d.spans, d.singles) {
        (_, 0) => spans,
        (0, _) => singles,
        _ => format!("{spans}, {singles}"),
    }
}

/// A number with its digits in groups of three.
pub struct Grouped(pub u64);

impl fmt::Display for Grouped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (i, digit) in digits.chars().enumerate() {
            if i > 0 && (digits.len() - i).is_multiple_of(3) {
                f.write_char(',')?;
            }
            f.write_char(digit)?;
        }
        Ok(())
    }
}

/// A number of bytes in the largest unit of which there is at least one.
pub struct Bytes(pub u64);

impl fmt::Display for Bytes {
    #[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            n if n >= 1 << 20 => write!(f, "{:.1} MiB", n as f64 / f64::from(1 << 20)),
            n if n >= 1 << 10 => write!(f, "{:.1} KiB", n as f64 / f64::from(1 << 10)),
            n => write!(f, "{n} bytes"),
        }
    }
}

/// A duration as people read it.
pub struct Millis(pub Duration);

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.0.as_secs_f64() * 1e3;
        if ms >= 10_000.0 { write!(f, "{:.1} s", ms / 1e3) } else { write!(f, "{ms:.1} ms") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_people_read_them() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (16_491_249, "16,491,249")] {
            assert_eq!(Grouped(number).to_string(), text);
        }
        assert_eq!(Bytes(1023).to_string(), "1023 bytes");
        assert_eq!(Bytes(3 << 20).to_string(), "3.0 MiB");
        assert_eq!(Millis(Duration::from_micros(1234)).to_string(), "1.2 ms");
        assert_eq!(count(1, "batch", "batches"), "1 batch");
        assert_eq!(count(2000, "batch", "batches"), "2,000 batches");
    }
}

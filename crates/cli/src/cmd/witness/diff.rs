//! `unroll witness diff`: in what two archives differ, however they are stored.

use super::{Done, Failure, claim_json, contents};
use crate::{
    args::witness::Diff,
    report::{Bytes, count},
};
use alloy_primitives::hex;
use serde_json::{Value as Json, json};
use unroll_host::archive::{Claim, Contents};
use unroll_proof::{PreimageKey, kzg::Commitment};

/// How many keys people are shown; `--json` has all.
const SHOWN: usize = 10;

/// What one archive holds and the other does not.
struct Only {
    claims: Vec<Claim>,
    preimages: Vec<PreimageKey>,
    preimage_bytes: usize,
    blobs: Vec<Commitment>,
}

pub fn run(args: &Diff) -> Result<Done, Failure> {
    let (first, second) = (contents(&args.first)?, contents(&args.second)?);
    let only = [Only::of(&first, &second), Only::of(&second, &first)];
    let parts = [
        ("chain id", first.claims.chain_id != second.claims.chain_id),
        ("claims", first.claims.claims != second.claims.claims),
        ("rollup config", first.rollup_config != second.rollup_config),
        ("L1 config", first.l1_config != second.l1_config),
        ("preimages", only.iter().any(|only| !only.preimages.is_empty())),
        ("blobs", only.iter().any(|only| !only.blobs.is_empty())),
    ];
    let differing: Vec<&str> = parts.iter().filter(|(_, differs)| *differs).map(|(name, _)| *name).collect();
    let mut text = match &differing[..] {
        [] => "the same content\n".into(),
        names => format!("they differ in: {}\n", names.join(", ")),
    };
    for (path, only) in [&args.first, &args.second].into_iter().zip(&only) {
        text += &only.text(&path.display().to_string());
    }
    let [first, second] = only.map(|only| only.json());
    let json = json!({
        "equal": differing.is_empty(),
        "differing": differing,
        "first": first,
        "second": second,
    });
    Ok(Done { text, json, code: u8::from(!differing.is_empty()) })
}

impl Only {
    fn of(ours: &Contents, theirs: &Contents) -> Self {
        let other_chain = ours.claims.chain_id != theirs.claims.chain_id;
        let claims = ours.claims.claims.iter();
        let preimages = ours.preimages().iter().filter(|(key, _)| !theirs.preimages().contains_key(*key));
        Self {
            claims: claims
                .filter(|claim| other_chain || !theirs.claims.claims.contains(claim))
                .copied()
                .collect(),
            preimage_bytes: preimages.clone().map(|(_, value)| value.len()).sum(),
            preimages: preimages.map(|(key, _)| *key).collect(),
            blobs: ours.blobs().keys().filter(|key| !theirs.blobs().contains_key(*key)).copied().collect(),
        }
    }

    fn text(&self, path: &str) -> String {
        let mut lines = Vec::new();
        lines.extend(self.claims.iter().map(|claim| {
            let (first, last) = (claim.agreed_block_number.saturating_add(1), claim.claimed_block_number);
            format!("  claim of blocks {first} to {last}, root {}", claim.claimed_output_root)
        }));
        if !self.preimages.is_empty() {
            let many = count(self.preimages.len(), "preimage", "preimages");
            lines.push(format!("  {many}, {}", Bytes(self.preimage_bytes as u64)));
            lines.extend(self.preimages.iter().take(SHOWN).map(|key| format!("    {key}")));
            if self.preimages.len() > SHOWN {
                lines.push("    ... (--json has all)".into());
            }
        }
        lines.extend(
            self.blobs.iter().map(|commitment| format!("  blob of {}", hex::encode_prefixed(commitment))),
        );
        if lines.is_empty() {
            return String::new();
        }
        format!("\nonly in {path}:\n{}\n", lines.join("\n"))
    }

    fn json(&self) -> Json {
        json!({
            "claims": self.claims.iter().map(claim_json).collect::<Vec<_>>(),
            "preimages": self.preimages.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "blobs": self.blobs.iter().map(hex::encode_prefixed).collect::<Vec<_>>(),
        })
    }
}

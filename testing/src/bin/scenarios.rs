//! Writes `docs/SCENARIOS.md`.

use std::{fs, path::Path};
use unroll_testing::scenarios;

fn main() -> std::io::Result<()> {
    fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/SCENARIOS.md"), scenarios::markdown())
}

//! Writes `docs/SCENARIOS.md`. It tells every story for that, which takes a minute, and Karst's bundle in `../shared`.

use std::{fs, path::Path};
use unroll_testing::{
    scenarios::{self, Told, lies::Lie},
    simulator::dice::Dice,
};

fn main() -> std::io::Result<()> {
    let mut told = Told::new();
    for scenario in scenarios::all() {
        for fork in scenario.all_forks() {
            let story = scenario.tell(fork);
            for lie in Lie::ALL {
                if lie.tell(&story, &mut Dice::new(0)).is_some() {
                    *told.entry((scenario.name, lie)).or_default() += 1;
                }
            }
        }
    }
    let text = scenarios::markdown() + &scenarios::lies_markdown(&told);
    fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/SCENARIOS.md"), text)
}

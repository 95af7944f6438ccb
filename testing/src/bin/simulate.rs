//! `simulate --seeds A..B`: derives so many histories both ways. `simulate --replay FILE`: one that differed, again.

use std::{process::ExitCode, time::Instant};
use unroll_testing::simulator::{Agreement, History, compare, karst_bundle};

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let words: Vec<_> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["--seeds", range] => match range.split_once("..").map(|(from, to)| (from.parse(), to.parse())) {
            Some((Ok(from), Ok(to))) => seeds(from, to),
            _ => usage(),
        },
        ["--replay", file] => replay(file),
        ["--write", seed, file] => match seed.parse() {
            Ok(seed) => write(seed, file),
            Err(_) => usage(),
        },
        _ => usage(),
    }
}

fn usage() -> ExitCode {
    eprintln!("simulate --seeds FROM..TO | --replay FILE | --write SEED FILE");
    ExitCode::from(2)
}

fn seeds(from: u64, to: u64) -> ExitCode {
    let (start, bundle) = (Instant::now(), karst_bundle());
    let mut total = Agreement::default();
    let (mut differing, mut halted, mut no_bundle, mut slowest) = (0, 0, 0, (0.0, from));
    for seed in from..to {
        let began = Instant::now();
        let history = History::generate(seed);
        match compare(&history, bundle.as_deref()) {
            Ok(agreement) => {
                total.blocks += agreement.blocks;
                total.voided += agreement.voided;
                total.busy += agreement.busy;
                total.replaced += agreement.replaced;
                halted += u64::from(agreement.halted);
                no_bundle += u64::from(agreement.no_bundle);
                for (rule, count) in agreement.rules {
                    *total.rules.entry(rule).or_default() += count;
                }
            }
            Err(difference) => {
                differing += 1;
                let file = std::env::temp_dir().join(format!("unroll-seed-{seed}.txt"));
                let written = std::fs::write(&file, history.to_log());
                println!("seed {seed} ({}, {written:?}): {difference}", file.display());
            }
        }
        let took = began.elapsed().as_secs_f64();
        if took > slowest.0 {
            slowest = (took, seed);
        }
    }
    let Agreement { blocks, voided, busy, replaced, rules, .. } = total;
    println!("{rules:?}");
    println!(
        "{} histories in {:.1} s, {differing} differ; {blocks} blocks, {voided} void again, {busy} with \
         transactions, {replaced} replaced; {halted} halted, {no_bundle} without bundle; slowest: {slowest:?}",
        to - from,
        start.elapsed().as_secs_f64(),
    );
    if differing == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn replay(file: &str) -> ExitCode {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) => {
            eprintln!("{file}: {error}");
            return ExitCode::from(2);
        }
    };
    match History::from_log(&text).map(|history| compare(&history, karst_bundle().as_deref())) {
        Ok(Ok(agreement)) => {
            println!("{agreement:?}");
            ExitCode::SUCCESS
        }
        Ok(Err(difference)) => {
            println!("{difference}");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{file}: {error}");
            ExitCode::from(2)
        }
    }
}

fn write(seed: u64, file: &str) -> ExitCode {
    match std::fs::write(file, History::generate(seed).to_log()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{file}: {error}");
            ExitCode::from(2)
        }
    }
}

//! `unroll devnet serve`: a chain over RPC.

use super::{Failed, about, args::Serve, object, progress, recipe, say};
use serde_json::Value as Json;
use std::{thread, time::Duration};
use unroll_serve::{
    Ports, Server, ServerConfig,
    folder::{self, Summary},
};
use unroll_testing::devnet::Devnet;

pub(super) fn run(args: &Serve) -> Result<(), Failed> {
    let (devnet, summary) = chain(args)?;
    let ports = Ports {
        l1: args.l1_port,
        beacon: args.beacon_port,
        l2: args.l2_port,
        rollup: args.rollup_port,
        da: args.da_port,
    };
    let config = ServerConfig { ports, faults: args.faults.clone(), seed: args.fault_seed };
    let server = Server::start(devnet, config).map_err(Failed::Serve)?;
    say(&if args.json { json(&server, &summary, args) } else { text(&server, &summary, args) })?;
    loop {
        match args.grow {
            Some(seconds) => {
                thread::sleep(Duration::from_secs(seconds.get()));
                server.chain().advance();
            }
            None => thread::park(),
        }
    }
}

fn chain(args: &Serve) -> Result<(Devnet, Summary), Failed> {
    let blocks = match &args.path {
        Some(path) => folder::read(path)?.0.blocks,
        None => args.chain.blocks,
    };
    let bar = progress(blocks);
    let show = |head: u64| bar.set_position(head.min(blocks));
    let made = match &args.path {
        Some(path) => folder::load(path, show)?,
        None => {
            let devnet = recipe(&args.chain)?.make(show)?;
            let summary = Summary::of(&devnet, blocks);
            (devnet, summary)
        }
    };
    bar.finish_and_clear();
    Ok(made)
}

fn json(server: &Server, summary: &Summary, args: &Serve) -> String {
    let urls = server.urls();
    let faults: Vec<Json> = args.faults.iter().map(|rule| rule.to_string().into()).collect();
    let more = [
        ("l1_url", urls.l1.clone().into()),
        ("beacon_url", urls.beacon.clone().into()),
        ("l2_url", urls.l2.clone().into()),
        ("rollup_url", urls.rollup.clone().into()),
        ("da_url", urls.da.clone().into()),
        ("faults", faults.into()),
    ];
    format!("{:#}\n", object(summary, &more))
}

fn text(server: &Server, summary: &Summary, args: &Serve) -> String {
    let urls = server.urls();
    let mut text = about(summary);
    let nodes = [("L1", &urls.l1), ("beacon", &urls.beacon), ("L2", &urls.l2), ("rollup", &urls.rollup)];
    text += "\n";
    for (name, url) in nodes.into_iter().chain(urls.da.iter().map(|url| ("DA", url))) {
        text += &format!("  {name:<6}  {url}\n");
    }
    if !args.faults.is_empty() {
        let rules: Vec<String> = args.faults.iter().map(|rule| rule.to_string()).collect();
        text += &format!("\nfaults: {}\n", rules.join(", "));
    }
    text + "\nCtrl-C ends it.\n"
}

//! `unroll devnet`: a chain in a folder that verifies, and the same chain served.
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]
#![cfg(feature = "devnet")]

mod common;

use common::unroll;
use serde_json::Value;
use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::PathBuf,
    process::{Child, Command, Stdio},
};

/// A name that no other test uses, under the build directory.
fn fresh(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("devnet").join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    path
}

fn new(path: &str, options: &[&str]) -> (i32, Value) {
    let output = unroll(&[&["devnet", "new", path, "--json"], options].concat());
    (output.status.code().unwrap(), serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn a_new_chain_verifies() {
    let path = fresh("verifies");
    let folder = path.to_str().unwrap();
    let (code, summary) = new(folder, &["--seed", "3", "--blocks", "20"]);
    assert_eq!((code, &summary["seed"]), (0, &3.into()), "{summary}");
    assert!(summary["l2"]["head_number"].as_u64().unwrap() >= 20);
    assert!(summary["safe_l2_number"].as_u64().unwrap() >= 20);

    let range = path.join("range.unroll");
    let output = unroll(&["verify", range.to_str().unwrap(), "--json"]);
    let verdict: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &verdict["verdict"]), (Some(0), &"valid".into()), "{verdict}");
    let genesis = path.join("genesis.json");
    let rollup: Value = serde_json::from_slice(&fs::read(path.join("rollup.json")).unwrap()).unwrap();
    let hash = rollup["genesis"]["l2"]["hash"].as_str().unwrap();
    assert_eq!(unroll(&["genesis", genesis.to_str().unwrap(), "--expect", hash]).status.code(), Some(0));

    // The same file makes the same chain, and nothing is overwritten.
    let (code, again) = new(folder, &[]);
    assert_eq!(code, 2);
    assert!(again["error"].as_str().unwrap().contains("is not empty"), "{again}");
    let other = fresh("again");
    let config = path.join("devnet.toml");
    let (_, again) = new(other.to_str().unwrap(), &["--config", config.to_str().unwrap(), "--blocks", "20"]);
    assert_eq!(again["l2"], summary["l2"]);
    assert_eq!(again["l1"], summary["l1"]);
}

#[test]
fn what_makes_no_chain_is_told() {
    let config = fresh("wrong.toml");
    let path = fresh("wrong");
    let cases = [
        ("[l2]\nblock_time = 0", "l2.block_time must be 1 to 3600"),
        ("[l3]", "l3"),
        ("[forks]\nregolith = 0\njovian = 8", "forks.isthmus must be set too"),
    ];
    for (toml, why) in cases {
        fs::write(&config, toml).unwrap();
        let (code, error) = new(path.to_str().unwrap(), &["--config", config.to_str().unwrap()]);
        assert_eq!(code, 2);
        assert!(error["error"].as_str().unwrap().contains(why), "`{why}` is not in {error}");
    }
    assert!(!path.exists());
    let output = unroll(&["devnet", "new", path.to_str().unwrap(), "--config", "nowhere.toml"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(said.starts_with("error: nowhere.toml cannot be read"), "{said}");
    let output = unroll(&["devnet", "serve", "--fault", "eth_chainId=swap"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("no node has a method called `eth_chainId` that names something"), "{said}");
    let output = unroll(&["devnet", "serve", "--fault", "eth_chainId=fall"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("`fall` is no fault"), "{said}");
    for rule in ["eth_chanId=drop", "beacon/eth_chainId=drop", "l1/debug_dbGet=drop", "debug_dbSet*=drop"] {
        let output = unroll(&["devnet", "serve", "--fault", rule]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("no node has a method called"), "{said}");
    }
}

/// A server that is killed when the test ends, however it ends.
struct Served {
    child: Child,
    urls: Value,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn serve(options: &[&str]) -> Served {
    let ports = ["--l1-port", "0", "--beacon-port", "0", "--l2-port", "0", "--rollup-port", "0"];
    let mut child = Command::new(env!("CARGO_BIN_EXE_unroll"))
        .args([&["devnet", "serve", "--json"], &ports[..], options].concat())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // The object ends with the first line that is a brace alone.
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut text = String::new();
    for line in lines {
        text += &line;
        if line == "}" {
            break;
        }
    }
    Served { child, urls: serde_json::from_str(&text).unwrap() }
}

fn call(url: &Value, method: &str) -> Value {
    let address = url.as_str().unwrap().strip_prefix("http://").unwrap();
    let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":[]}}"#);
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "POST / HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap()
}

#[test]
fn a_folder_is_served() {
    let path = fresh("served");
    let folder = path.to_str().unwrap();
    let (code, summary) = new(folder, &["--blocks", "10"]);
    assert_eq!(code, 0);
    let served = serve(&[folder, "--fault", "l2/eth_blockNumber=missing@2"]);
    assert_eq!(served.urls["l2"], summary["l2"]);
    assert_eq!(served.urls["faults"][0], "l2/eth_blockNumber=missing@2");
    let number = format!("{:#x}", summary["l2"]["head_number"].as_u64().unwrap());
    assert_eq!(call(&served.urls["l2_url"], "eth_blockNumber")["result"], number);
    assert_eq!(call(&served.urls["l2_url"], "eth_blockNumber")["error"]["code"], -32601);
    let status = &call(&served.urls["rollup_url"], "optimism_syncStatus")["result"];
    assert_eq!(status["head_l1"]["hash"], summary["l1"]["head_hash"]);
}

/// What is served is what devnet.toml makes: nobody is to believe that an edited rollup.json had a part in it.
#[test]
fn a_changed_folder_is_not_served() {
    let path = fresh("edited");
    let folder = path.to_str().unwrap();
    assert_eq!(new(folder, &["--blocks", "3"]).0, 0);
    let rollup = path.join("rollup.json");
    let text = fs::read_to_string(&rollup).unwrap();
    let edited = text.replace("\"seq_window_size\": 20", "\"seq_window_size\": 21");
    assert_ne!(edited, text);
    fs::write(&rollup, edited).unwrap();
    let output = unroll(&["devnet", "serve", folder, "--json", "--l1-port", "0"]);
    let error: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(2));
    let why = error["error"].as_str().unwrap();
    assert!(why.starts_with(&format!("{} is not what devnet.toml makes", rollup.display())), "{why}");
}

#[test]
fn a_served_chain_grows() {
    let served = serve(&["--blocks", "1", "--seed", "9", "--grow", "1"]);
    let number = || {
        let answer = call(&served.urls["l1_url"], "eth_blockNumber");
        u64::from_str_radix(answer["result"].as_str().unwrap().trim_start_matches("0x"), 16).unwrap()
    };
    let first = served.urls["l1"]["head_number"].as_u64().unwrap();
    let mut tries = 0;
    while number() <= first {
        tries += 1;
        assert!(tries < 600, "no L1 block in a minute");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

//! `unroll exec`, run as people run it, on every block there is.
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]

mod common;

use common::{Folder, data, explained, files, json, object, report, undecided};
use serde_json::{Value, json};
use std::{fs, path::PathBuf};

/// A small one: four transactions, 256 preimages.
const SMALL: &str = "unichain-mainnet-10215000";
const ZERO: &str = "0x0000000000000000000000000000000000000000000000000000000000000000";

/// A changed copy of a fixture: plain JSON, with its preimages beside it.
struct Changed {
    folder: Folder,
    json: Value,
    records: Vec<u8>,
}

impl Changed {
    fn of(fixture: &str, test: &str) -> Option<Self> {
        let source = data("exec")?;
        let json = json(&source.join(format!("{fixture}.json.zst")));
        let records = fs::read(source.join(format!("{fixture}.preimages.zst"))).unwrap();
        let folder = Folder::new(test);
        folder.write("block.preimages.zst", &records);
        let records = zstd::stream::decode_all(&records[..]).unwrap();
        Some(Self { folder, json, records })
    }

    /// The path of a copy that differs in this.
    fn with(&self, change: impl FnOnce(&mut Value)) -> PathBuf {
        let mut json = self.json.clone();
        change(&mut json);
        self.folder.write("block.json", json.to_string())
    }

    fn with_records(&self, records: &[u8]) -> PathBuf {
        self.folder.write("block.preimages.zst", zstd::stream::encode_all(records, 1).unwrap());
        self.with(|_| {})
    }

    /// Each record, as a range of bytes.
    fn spans(&self) -> Vec<std::ops::Range<usize>> {
        let mut spans = Vec::new();
        let mut start = 0;
        while start < self.records.len() {
            let length = u32::from_le_bytes(self.records[start + 32..start + 36].try_into().unwrap());
            spans.push(start..start + 36 + length as usize);
            start = spans.last().unwrap().end;
        }
        spans
    }
}

/// Names of all fixtures of a folder. A file that belongs to none of them is one that no test reads, and fails.
fn fixtures(folder: &str) -> Option<(PathBuf, Vec<String>)> {
    let path = data(folder)?;
    let mut left = files(&path);
    let names: Vec<String> =
        left.iter().filter_map(|file| Some(file.strip_suffix(".json.zst")?.to_owned())).collect();
    for name in &names {
        assert!(left.remove(&format!("{name}.json.zst")) && left.remove(&format!("{name}.preimages.zst")));
    }
    assert!(left.is_empty(), "no test reads {left:?} of {folder}");
    Some((path, names))
}

/// I-001 to I-102: every block has the hash that the network has, and every field is compared.
#[test]
fn real_blocks_are_equal() {
    let Some((path, names)) = fixtures("exec") else { return };
    for name in &names {
        let file = path.join(format!("{name}.json.zst"));
        let fixture = json(&file);
        let (code, object) = object("exec", &file, &[]);
        assert_eq!((code, &object["verdict"]), (0, &"equal".into()), "{name}: {}", object["reason"]);
        assert_eq!(object["hash"], fixture["expected_block_hash"], "{name}");
        assert_eq!(object["fork"], fixture["active_fork"], "{name}");
        assert_eq!(object["block_number"], fixture["block_number"], "{name}");
        assert_eq!(object["header"]["gas_used"], fixture["expected_gas_used"], "{name}");
        let transactions = fixture["payload_attributes"]["transactions"].as_array().unwrap().len();
        assert_eq!(object["receipts"].as_array().unwrap().len(), transactions, "{name}");
        assert_eq!(object["differing"], json!([]), "{name}");
        assert_eq!(object["header"].as_object().unwrap().len(), 21, "{name}");
        for (field, computed) in object["header"].as_object().unwrap() {
            assert_eq!(computed, &object["expected"][field], "{name}: {field}");
        }
        explained("exec", &object);
    }
    assert!(names.len() >= 37, "blocks are missing: {}", names.len());
}

/// Celo has a floor under its base fee until Jovian, which is no rule of the OP Stack: that field differs, and no other.
#[test]
fn celo_blocks_differ_by_their_base_fee() {
    let Some((path, names)) = fixtures("exec-celo") else { return };
    let mut equal = 0;
    for name in &names {
        let (code, object) = object("exec", &path.join(format!("{name}.json.zst")), &[]);
        if object["fork"] == "jovian" {
            assert_eq!(code, 0, "{name}: {}", object["reason"]);
            equal += 1;
            continue;
        }
        assert_eq!((code, &object["differing"]), (1, &json!(["base_fee_per_gas", "hash"])), "{name}");
        assert_eq!(object["first_difference"]["expected"], 25_000_000_000u64, "{name}");
        assert_eq!(object["reason"], "base_fee_per_gas is not the expected one; every other field is");
    }
    assert_eq!((names.len(), equal), (6, 1));
}

/// What people see: both headers, and the verdict.
#[test]
fn the_report_shows_both_headers() {
    let Some(path) = data("exec") else { return };
    let (code, text) = report("exec", &path.join("op-sepolia-26207960.json.zst"));
    assert_eq!(code, 0);
    for part in ["OP Sepolia", "block 26,207,960, holocene", "10 transactions, 953,624 gas", "EQUAL: "] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    let rows: Vec<_> = text.lines().filter(|line| line.ends_with("  =")).collect();
    assert_eq!(rows.len(), 22, "21 fields and the hash\n{text}");
    assert!(!text.contains("receipts\n"), "nothing differs, so nothing needs an explanation\n{text}");

    let changed = Changed::of(SMALL, "report").unwrap();
    let (code, text) = report("exec", &changed.with(|json| json["expected"] = json!({"gas_used": 332_460})));
    assert_eq!(code, 1);
    for part in
        ["! gas_used", "332,459", "332,460", "   3  type 2", "232,881 gas", "DIFFERS: gas_used", "receipts"]
    {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
}

/// Exit code 1: each field of the header is compared, and named if it differs.
#[test]
fn each_field_that_differs_is_named() {
    let Some(changed) = Changed::of(SMALL, "fields") else { return };
    let header = object("exec", &changed.with(|_| {}), &[]).1["header"].clone();
    for (field, computed) in header.as_object().unwrap() {
        let wrong: Value = match computed {
            Value::String(text) if text.len() > 4 => text.replace(&text[2..6], "beef").into(),
            _ if field.ends_with("_hash") => ZERO.into(),
            _ => 7.into(),
        };
        let path = changed.with(|json| json["expected"] = json!({ (field): wrong }));
        let (code, object) = object("exec", &path, &[]);
        assert_eq!((code, &object["differing"]), (1, &json!([field])), "{field}: {}", object["reason"]);
        let first = &object["first_difference"];
        assert_eq!((&first["field"], &first["computed"]), (&json!(field), computed));
        let lower = |value: &Value| value.to_string().to_lowercase(); // addresses have a checksum in their case
        assert_eq!(lower(&first["expected"]), lower(&wrong));
        assert!(!first["fed_by"].as_str().unwrap().is_empty());
    }
}

/// Exit code 1: what is expected beside the fields.
#[test]
fn hash_gas_header_and_output_root_are_compared() {
    let Some(changed) = Changed::of("op-sepolia-16491249", "hash") else { return };
    let differing = |change: &dyn Fn(&mut Value)| {
        let (code, object) = object("exec", &changed.with(change), &[]);
        (code, object["differing"].clone())
    };
    assert_eq!(differing(&|_| {}), (0, json!([])));
    assert_eq!(differing(&|json| json["expected_block_hash"] = ZERO.into()), (1, json!(["hash"])));
    assert_eq!(differing(&|json| json["expected_output_root"] = ZERO.into()), (1, json!(["output_root"])));
    assert_eq!(differing(&|json| json["expected_gas_used"] = 1.into()), (1, json!(["gas_used"])));
    let state_root = |json: &mut Value| {
        let header = json["expected_header_rlp"].as_str().unwrap();
        let at = header.find("946554072664e6").unwrap();
        json["expected_header_rlp"] = format!("{}00{}", &header[..at], &header[at + 2..]).into();
    };
    assert_eq!(differing(&state_root), (1, json!(["state_root"])));
    // The fields are enough; so is the output root alone.
    let roots_only = |json: &mut Value| {
        let object = json.as_object_mut().unwrap();
        for key in ["expected_header_rlp", "expected_block_hash", "expected_gas_used"] {
            object.remove(key);
        }
    };
    assert_eq!(differing(&roots_only), (0, json!([])));
}

/// A source may give roots and receipts instead of a hash.
#[test]
fn roots_and_receipts_are_compared() {
    let Some(changed) = Changed::of("devnet1337-fjord-312-storage-clear", "receipts") else { return };
    let run = |change: &dyn Fn(&mut Value)| {
        let path = changed.with(|json| {
            let object = json.as_object_mut().unwrap();
            for key in ["expected_header_rlp", "expected_block_hash"] {
                object.remove(key);
            }
            change(json);
        });
        object("exec", &path, &[])
    };
    let (code, object) = run(&|_| {});
    assert_eq!((code, &object["expected"]["hash"]), (0, &Value::Null));
    assert_eq!(object["expected"]["state_root"], changed.json["expected"]["state_root"]);
    let first = |change: &dyn Fn(&mut Value)| {
        let (code, object) = run(change);
        assert_eq!((code, &object["differing"]), (1, &json!(["receipts"])));
        object["first_difference"]["field"].clone()
    };
    let replace = |index: usize, from: &'static str, to: &'static str| {
        move |json: &mut Value| {
            let receipt = &mut json["expected"]["receipts"][index];
            let text = receipt.as_str().unwrap();
            assert!(text.contains(from), "{text}");
            *receipt = text.replacen(from, to, 1).into();
        }
    };
    assert_eq!(first(&replace(0, "82cbca", "82cbcb")), "receipts[0].cumulative_gas_used");
    assert_eq!(first(&replace(1, "0x7ef9010d01", "0x7ef9010d80")), "receipts[1].status");
    assert_eq!(first(&replace(1, "0x7e", "0x02")), "receipts[1].type");
    assert_eq!(first(&replace(0, "c082013701", "c082013801")), "receipts[0].bloom, logs or deposit nonce");
    let drop = |json: &mut Value| drop(json["expected"]["receipts"].as_array_mut().unwrap().pop());
    assert_eq!(first(&drop), "receipts[3].count");
}

/// Where the state differs, the accounts that changed are shown, and how they should be if the preimages tell: here, the
/// expected state is the one before the block.
#[test]
fn accounts_explain_a_state_root() {
    let Some(changed) = Changed::of(SMALL, "accounts") else { return };
    let parent = changed.json["parent_header_rlp"].as_str().unwrap();
    // List header (3 bytes), two hashes (33 each), an address (21), the prefix of the root (1), in hex behind 0x.
    let root = format!("0x{}", &parent[184..248]);
    let (code, object) =
        object("exec", &changed.with(|json| json["expected"] = json!({"state_root": root})), &[]);
    assert_eq!((code, &object["differing"]), (1, &json!(["state_root"])));
    let accounts = object["accounts"].as_array().unwrap();
    assert!(accounts.len() >= 6, "{}", object["accounts"]);
    for account in accounts {
        assert_ne!(account["before"], account["computed"]);
        assert_eq!(account["before"], account["expected"]);
    }
    let l1_block =
        accounts.iter().find(|a| a["address"] == "0x4200000000000000000000000000000000000015").unwrap();
    assert_ne!(l1_block["before"]["storage_root"], l1_block["computed"]["storage_root"]);
    // A root that nobody knows leaves the expected side untold.
    let path = changed.with(|json| json["expected"] = json!({"state_root": ZERO}));
    let accounts = common::object("exec", &path, &[]).1["accounts"].clone();
    assert!(accounts.as_array().unwrap().iter().all(|account| account["expected"].is_null()));
}

/// Exit code 2, never a verdict: a preimage that the block reads is missing. It is named.
#[test]
fn a_withheld_preimage_is_named() {
    let Some(changed) = Changed::of(SMALL, "withheld") else { return };
    let mut named = 0;
    for span in changed.spans().into_iter().step_by(8) {
        let hash: String =
            changed.records[span.start..][..32].iter().map(|byte| format!("{byte:02x}")).collect();
        let records = [&changed.records[..span.start], &changed.records[span.end..]].concat();
        let path = changed.with_records(&records);
        let (code, object) = object("exec", &path, &[]);
        // Not every node is read: 247 of 256 are.
        if code != 0 {
            undecided("exec", &path, &[], &format!("no preimage of 0x{hash}, needed for "));
            named += 1;
        } else {
            assert_eq!(object["verdict"], "equal");
        }
    }
    assert!(named >= 28, "{named}");
}

/// Exit code 1: a payload that is invalid makes no block. Exit code 2: attributes that no derivation makes.
#[test]
fn invalid_payloads_make_no_block() {
    let Some(changed) = Changed::of(SMALL, "payload") else { return };
    let path = changed.with(|json| {
        let last = &mut json["payload_attributes"]["transactions"][3];
        *last = format!("{}00", last.as_str().unwrap()).into();
    });
    let (code, object) = object("exec", &path, &[]);
    assert_eq!((code, &object["verdict"], &object["hash"]), (1, &json!("differs"), &Value::Null));
    assert!(object["reason"].as_str().unwrap().contains("its payload is invalid: transaction 3"), "{object}");
    let attribute = |name: &str, value: Value| changed.with(|json| json["payload_attributes"][name] = value);
    undecided("exec", &attribute("gasLimit", Value::Null), &[], "no gas limit");
    undecided("exec", &attribute("eip1559Params", Value::Null), &[], "EIP-1559 parameters");
    undecided("exec", &attribute("transactions", json!([])), &[], "the first transaction is no deposit");
}

/// Exit code 2: files that are missing or damaged.
#[test]
fn damaged_files() {
    let Some(changed) = Changed::of(SMALL, "files") else { return };
    let path = changed.with(|_| {});
    let sidecar = changed.folder.0.join("block.preimages.zst");
    let whole = fs::read(&sidecar).unwrap();
    fs::write(&sidecar, &whole[..whole.len() / 2]).unwrap();
    undecided("exec", &path, &[], "ends early");
    fs::write(&sidecar, "text").unwrap();
    undecided("exec", &path, &[], "is not a zstd file");
    undecided(
        "exec",
        &changed.with_records(&changed.records[..changed.records.len() - 1]),
        &[],
        "end inside the record",
    );
    let mut flipped = changed.records.clone();
    flipped[40] ^= 1;
    let key: String = changed.records[..32].iter().map(|byte| format!("{byte:02x}")).collect();
    undecided(
        "exec",
        &changed.with_records(&flipped),
        &[],
        &format!("hold a value under 0x{key} whose hash is"),
    );
    fs::remove_file(&sidecar).unwrap();
    undecided("exec", &path, &[], "block.preimages.zst cannot be read");
    undecided("exec", &changed.folder.0.join("nothing.json"), &[], "cannot be read");
    undecided("exec", &changed.folder.write("block.json", "{"), &[], "is not a fixture");
    undecided("exec", &changed.folder.write("block.json", "[1]"), &[], "is not a fixture");
}

/// Exit code 2: fixtures that cannot be used, and configs that are unknown.
#[test]
fn unusable_fixtures() {
    let Some(changed) = Changed::of(SMALL, "fixtures") else { return };
    let refuse = |why: &str, change: &dyn Fn(&mut Value)| undecided("exec", &changed.with(change), &[], why);
    refuse("unknown keys: moon_time", &|json| json["rollup_config"]["moon_time"] = 0.into());
    refuse("lagoon is scheduled", &|json| json["rollup_config"]["lagoon_time"] = 2_000_000_000.into());
    refuse("is set but", &|json| json["rollup_config"]["granite_time"] = Value::Null);
    refuse("block_time is zero", &|json| json["rollup_config"]["block_time"] = 0.into());
    refuse("no block_time", &|json| json["rollup_config"]["block_time"] = Value::Null);
    refuse("malformed rollup config", &|json| json["rollup_config"]["genesis"] = 5.into());
    refuse("divide by zero", &|json| {
        json["rollup_config"]["chain_op_config"]["eip1559Elasticity"] = 0.into();
        json["rollup_config"]["holocene_time"] = Value::Null;
        for fork in ["isthmus_time", "jovian_time", "karst_time"] {
            json["rollup_config"][fork] = Value::Null;
        }
        json["payload_attributes"]["eip1559Params"] = Value::Null;
    });
    refuse("it has no rollup_config", &|json| json["rollup_config"] = Value::Null);
    refuse("is of chain 10, and its rollup config of chain 130", &|json| json["chain_id"] = 10.into());
    refuse("has the parent hash 0x0000", &|json| json["parent_hash"] = ZERO.into());
    refuse("parent_header_rlp is not the RLP", &|json| json["parent_header_rlp"] = "0xc0".into());
    refuse("withdrawals is not an empty list", &|json| {
        json["payload_attributes"]["withdrawals"] = json!([1])
    });
    refuse("expected.moon is not a field", &|json| json["expected"] = json!({"moon": 1}));
    refuse("expected.state_root is not", &|json| json["expected"] = json!({"state_root": "0x12"}));
    refuse("says nothing about the block", &|json| {
        let keys: Vec<_> =
            json.as_object().unwrap().keys().filter(|key| key.starts_with("expected")).cloned().collect();
        keys.iter().for_each(|key| json[key] = Value::Null);
    });
}

/// Some sources have no more of the config than execution reads. What is absent is said.
#[test]
fn configs_may_lack_what_execution_does_not_read() {
    let Some(path) = data("exec") else { return };
    let path = path.join("devnet1337-fjord-689-simple-deposit.json.zst");
    let absent = object("exec", &path, &[]).1["config_absent"].clone();
    assert!(absent.as_array().unwrap().contains(&"genesis.l1".into()), "{absent}");
    assert!(report("exec", &path).1.contains("not in the config, and not read: genesis.l1"));
    let whole = object("exec", &path.with_file_name(format!("{SMALL}.json.zst")), &[]).1;
    assert_eq!(whole["config_absent"], json!([]));
}

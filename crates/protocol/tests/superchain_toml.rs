//! Chains in the form of the superchain registry.
#![cfg(feature = "toml")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]

use unroll_protocol::{
    chains,
    config_file::{ConfigFileError, parse_superchain_toml},
};

/// OP Mainnet's parameters, in the registry's layout.
const OP_MAINNET: &str = r#"
name = "OP Mainnet"
public_rpc = "https://mainnet.optimism.io"
superchain_level = 2
superchain_time = 0
data_availability_type = "eth-da"
chain_id = 10
batch_inbox_addr = "0xFF00000000000000000000000000000000000010"
block_time = 2
seq_window_size = 3600
max_sequencer_drift = 600
[hardforks]
canyon_time = 1704992401 # a comment
delta_time = 1708560000
ecotone_time = 1710374401
fjord_time = 1720627201
granite_time = 1726070401
holocene_time = 1736445601
isthmus_time = 1746806401
jovian_time = 1764691201
karst_time = 1783526401
keep_karst_upgrade_gas = true
[optimism]
eip1559_elasticity = 6
eip1559_denominator = 50
eip1559_denominator_canyon = 250
[genesis]
l2_time = 1686068903
[genesis.l1]
hash = "0x438335a20d98863a4c0c97999eb2481921ccd28553eac6f913af7c12aec04108"
number = 17422590
[genesis.l2]
hash = "0xdbf6a80fef073de06add9b0d14026d6e5a86c85f6d102c36d3d8e9cf89c2afd3"
number = 105235063
[genesis.system_config]
batcherAddress = "0x6887246668a3b87F54DeB3b94Ba47a6f63F32985"
overhead = "0x00000000000000000000000000000000000000000000000000000000000000bc"
scalar = "0x00000000000000000000000000000000000000000000000000000000000a6fe0"
gasLimit = 30000000
[roles]
Guardian = "0x09f7150D8c019BeF34450d6920f6B3608ceFdAf2"
[addresses]
OptimismPortalProxy = "0xbEb5Fc579115071764c7423A4f12eDde41f106Ed"
SystemConfigProxy = "0x229047fed2591dbec1eF1118d64F7aF3dB9EB290"
"#;

/// A-001: the registry's file is the constant.
#[test]
fn op_mainnet() {
    let (config, unknown) = parse_superchain_toml(OP_MAINNET, 1).unwrap();
    assert_eq!(unknown, Vec::<String>::new());
    assert_eq!(Some(&config), chains::by_chain_id(10));
}

/// A-001, A-015: what is missing, malformed or unknown is named.
#[test]
fn broken_files() {
    let without = |line: &str| parse_superchain_toml(&OP_MAINNET.replace(line, ""), 1).map(|_| ());
    assert_eq!(without("chain_id = 10\n"), Err(ConfigFileError::Missing("l2_chain_id")));
    let portal = "OptimismPortalProxy = \"0xbEb5Fc579115071764c7423A4f12eDde41f106Ed\"\n";
    assert_eq!(without(portal), Err(ConfigFileError::Missing("deposit_contract_address")));
    let wrong = OP_MAINNET.replace("block_time = 2", "block_time = true");
    assert!(matches!(
        parse_superchain_toml(&wrong, 1),
        Err(ConfigFileError::Malformed { field: "block_time", .. })
    ));
    let new = OP_MAINNET.replace("[optimism]", "monsoon_time = 7\n[optimism]");
    assert_eq!(parse_superchain_toml(&new, 1).unwrap().1, ["monsoon_time"]);
    assert_eq!(parse_superchain_toml("\nname = ", 1), Err(ConfigFileError::Syntax { line: 2, column: 8 }));
}

//! The contracts of the devnet, in EVM assembly: small ones that do what the protocol relies on, and some to play with.
//!
//! They run on every fork: no PUSH0, no transient storage.

use super::asm::assemble;
use alloy_primitives::{Address, B256, Bytes, address, b256};

/// Sends the L1 info and the upgrade transactions.
pub const DEPOSITOR: Address = address!("deaddeaddeaddeaddeaddeaddeaddeaddead0001");
/// Its storage root is in every output root.
pub const MESSAGE_PASSER: Address = predeploy(0x16);
/// Keeps what L2 knows of L1.
pub const L1_BLOCK: Address = predeploy(0x15);
/// Knows which forks are active, in slot 0.
pub const GAS_PRICE_ORACLE: Address = predeploy(0x0f);
/// May upgrade the other predeploys.
pub const PROXY_ADMIN: Address = predeploy(0x18);
/// EIP-4788.
pub const BEACON_ROOTS: Address = address!("000F3df6D732807Ef1319fB7B8bB8522d0Beac02");
/// EIP-2935.
pub const BLOCK_HASHES: Address = address!("0000F90827F1C53a10cb7A02335B175320002935");
/// Deploys with CREATE2 for everybody, at the same address on every chain; Karst's upgrade uses it.
pub const DETERMINISTIC_DEPLOYER: Address = address!("4e59b44847b379578588920cA78FbF26c0B4956C");
/// The create2Deployer that Canyon installs (I-080).
pub const CREATE2_DEPLOYER: Address = address!("13b0D85CcB8bf860b6b79AF3029fCA081AE9beF2");

/// Counts, keeps the last four counts, forgets the one before: storage that grows and collapses.
pub const CHURN: Address = address!("c0de00000000000000000000000000000000c0de");
/// Computes for as many rounds as its argument says.
pub const BURNER: Address = address!("c0de0000000000000000000000000000000b0e4e");
/// Calls any address and remembers what came back.
pub const CALLER: Address = address!("c0de00000000000000000000000000000000ca11");
/// Creates a contract and calls it, all in one transaction.
pub const FACTORY: Address = address!("c0de0000000000000000000000000000000fac70");
/// Logs its argument.
pub const LOGGER: Address = address!("c0de00000000000000000000000000000000109e");
/// Reverts, always.
pub const REVERTER: Address = address!("c0de00000000000000000000000000000000dead");
/// Writes down what it sees of the block, and of an older one.
pub const OBSERVER: Address = address!("c0de0000000000000000000000000000000ee5ee");

/// Where the contracts of EIP-6110, EIP-7002 and EIP-7251 lie on L1. Here something else lies there, which notices each call.
pub const REQUEST_CONTRACTS: [Address; 3] = [
    address!("00000000219ab540356cBB839Cbe05303d7705Fa"),
    address!("00000961Ef480Eb55e80D19ad83579A64c007002"),
    address!("0000BBdDc7CE488642fb579F8B00f3a590007251"),
];

/// Where a proxy keeps the address of its implementation (EIP-1967): `keccak256("eip1967.proxy.implementation") - 1`.
pub const IMPLEMENTATION_SLOT: B256 =
    b256!("360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc");

/// Where a proxy keeps who may change its implementation (EIP-1967): `keccak256("eip1967.proxy.admin") - 1`. Ours does not look there;
/// what Karst puts behind it does.
pub const ADMIN_SLOT: B256 = b256!("b53127684a568b3173ae13b9f8a6016e243e63b6e8ee1178d6a717850b5d6103");

/// Every predeploy that the protocol reads, pays or upgrades, by the last byte of its address.
pub const PREDEPLOYS: [u8; 22] = [
    0x00, 0x02, 0x07, 0x0f, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x20,
    0x21, 0x2a, 0x2b, 0x2c, 0x22,
];

/// Proxies of predeploys that Karst may bring, which have no implementation yet.
pub const EMPTY_PREDEPLOYS: [u8; 5] = [0x23, 0x24, 0x25, 0x29, 0x2d];

/// The predeploy `0x4200..00<last>`.
pub const fn predeploy(last: u8) -> Address {
    let mut bytes = [0; 20];
    bytes[0] = 0x42;
    bytes[19] = last;
    Address::new(bytes)
}

/// Where the first implementation of a predeploy lies.
pub const fn implementation(last: u8) -> Address {
    let mut bytes = [0xc0; 20];
    bytes[19] = last;
    Address::new(bytes)
}

/// A proxy: the zero address and the proxy admin may change its implementation, with `upgradeTo(address)` and
/// `upgradeToAndCall(address,bytes)`, and ask for it; everything else goes to the implementation.
pub fn proxy() -> Bytes {
    let source = format!(
        "CALLER ISZERO  {PROXY_ADMIN} CALLER EQ  OR @admin JUMPI
        delegate:
            CALLDATASIZE 0x00 0x00 CALLDATACOPY
            0x00 0x00 CALLDATASIZE 0x00  {IMPLEMENTATION_SLOT} SLOAD  GAS DELEGATECALL
        done:
            RETURNDATASIZE 0x00 0x00 RETURNDATACOPY
            @good JUMPI
            RETURNDATASIZE 0x00 REVERT
        good:
            RETURNDATASIZE 0x00 RETURN
        admin:
            0x00 CALLDATALOAD 0xe0 SHR
            DUP1 0x3659cfe6 EQ @upgrade JUMPI
            DUP1 0x4f1ef286 EQ @upgrade_and_call JUMPI
            0x5c60da1b EQ @implementation JUMPI
            @delegate JUMP
        implementation:
            {IMPLEMENTATION_SLOT} SLOAD 0x00 MSTORE  0x20 0x00 RETURN
        upgrade:
            0x04 CALLDATALOAD {IMPLEMENTATION_SLOT} SSTORE STOP
        upgrade_and_call:
            0x04 CALLDATALOAD {IMPLEMENTATION_SLOT} SSTORE
            0x24 CALLDATALOAD 0x04 ADD          ; where the bytes argument lies
            DUP1 CALLDATALOAD  SWAP1 0x20 ADD   ; its length, its content
            DUP2 SWAP1 0x00 CALLDATACOPY
            0x00 0x00 DUP3 0x00  {IMPLEMENTATION_SLOT} SLOAD  GAS DELEGATECALL
            RETURNDATASIZE 0x00 0x40 RETURNDATACOPY
            @called JUMPI
            RETURNDATASIZE 0x40 REVERT
        called:                                 ; what the call returned, as a bytes result
            0x20 0x00 MSTORE  RETURNDATASIZE 0x20 MSTORE
            0x1f NOT 0x1f RETURNDATASIZE ADD AND 0x40 ADD 0x00 RETURN"
    );
    assemble(&source)
}

/// Stores each format of the L1 info in the slots that execution reads (I-022, I-031, I-071).
pub fn l1_block() -> Bytes {
    let source = format!(
        "{VERSION}
            0x00 CALLDATALOAD 0xe0 SHR
            DUP1 0xe591b282 EQ @depositor JUMPI     ; DEPOSITOR_ACCOUNT()
            DUP1 0x21326849 EQ @no JUMPI            ; isCustomGasToken()
            DUP1 0x47af267b EQ @no JUMPI            ; isFeatureEnabled(bytes32)
            {DEPOSITOR} CALLER EQ @set JUMPI
        fail:
            0x00 0x00 REVERT
        depositor:
            {DEPOSITOR} 0x00 MSTORE  0x20 0x00 RETURN
        no:
            0x20 0x00 RETURN
        set:
            DUP1 0x015d8eb9 EQ @bedrock JUMPI
            DUP1 0x440a5e20 EQ @ecotone JUMPI
            DUP1 0x098999be EQ @isthmus JUMPI
            0x3db6be2b EQ @jovian JUMPI
            @fail JUMP
        bedrock:                                    ; words: G-026
            0x24 CALLDATALOAD 0x40 SHL  0x04 CALLDATALOAD OR  0x00 SSTORE   ; timestamp, number
            0x44 CALLDATALOAD 0x01 SSTORE                                   ; base fee
            0x64 CALLDATALOAD 0x02 SSTORE                                   ; hash
            0x84 CALLDATALOAD 0x03 SSTORE                                   ; sequence number
            0xa4 CALLDATALOAD 0x04 SSTORE                                   ; batcher
            0xc4 CALLDATALOAD 0x05 SSTORE                                   ; overhead
            0xe4 CALLDATALOAD 0x06 SSTORE                                   ; scalar
            STOP
        jovian:                                     ; packed: G-029
            0xb0 CALLDATALOAD 0xf0 SHR 0x60 SHL                             ; DA footprint gas scalar
            0xa4 CALLDATALOAD 0xa0 SHR OR 0x08 SSTORE                       ; operator fee
            @ecotone JUMP
        isthmus:                                    ; packed: G-028
            0xa4 CALLDATALOAD 0xa0 SHR 0x08 SSTORE
        ecotone:                                    ; packed: G-027
            0x04 CALLDATALOAD 0x80 SHR 0x03 SSTORE                          ; scalars, sequence number
            0x14 CALLDATALOAD 0x80 SHR 0x00 SSTORE                          ; timestamp, number
            0x24 CALLDATALOAD 0x01 SSTORE
            0x44 CALLDATALOAD 0x07 SSTORE                                   ; blob base fee
            0x64 CALLDATALOAD 0x02 SSTORE
            0x84 CALLDATALOAD 0x04 SSTORE
            STOP"
    );
    assemble(&source)
}

/// Answers whatever it is asked: 1, which is a number, an address, and one of the networks that a vault may withdraw to; but its
/// version if it is asked for that. The predeploys that do nothing here are this, since Karst's upgrade asks them for their settings.
pub fn answerer() -> Bytes {
    let source = format!("{VERSION} 0x01 0x00 MSTORE  0x20 0x00 RETURN");
    assemble(&source)
}

/// Answers `version()` with "0.0.0": no upgrade is to an older one. Goes on if it is asked for something else.
const VERSION: &str = "
    0x00 CALLDATALOAD 0xe0 SHR 0x54fd4d50 EQ ISZERO @versioned JUMPI
    0x20 0x00 MSTORE  0x05 0x20 MSTORE  0x302e302e30 0xd8 SHL 0x40 MSTORE  0x60 0x00 RETURN
    versioned:";

/// Keeps a mark for every message: under the hash of the message, its sender and a count.
pub fn message_passer() -> Bytes {
    let source = format!(
        "{VERSION}
         CALLDATASIZE 0x00 0x00 CALLDATACOPY
         CALLER CALLDATASIZE MSTORE
         0x01 SLOAD 0x01 ADD  DUP1 0x01 SSTORE  CALLDATASIZE 0x20 ADD MSTORE
         0x01  0x40 CALLDATASIZE ADD 0x00 KECCAK256  SSTORE
         STOP"
    );
    assemble(&source)
}

/// The argument is a salt and then init code. Returns the 20 bytes of the new address; reverts if there is none.
pub fn deterministic_deployer() -> Bytes {
    assemble(
        "0x20 CALLDATASIZE SUB  DUP1 0x20 0x00 CALLDATACOPY
         0x00 CALLDATALOAD SWAP1 0x00 0x00 CREATE2
         DUP1 @good JUMPI
         0x00 0x00 REVERT
         good: 0x00 MSTORE  0x14 0x0c RETURN",
    )
}

/// See [`CHURN`]: `n = slot[0] + 1; slot[0] = n; slot[n + 256] = n; slot[n + 252] = 0`.
pub fn churn() -> Bytes {
    assemble(
        "0x00 SLOAD 0x01 ADD
         DUP1 0x00 SSTORE
         DUP1 DUP1 0x0100 ADD SSTORE
         0x00 SWAP1 0xfc ADD SSTORE
         STOP",
    )
}

/// See [`BURNER`].
pub fn burner() -> Bytes {
    assemble(
        "0x00 CALLDATALOAD
         round:
            DUP1 ISZERO @end JUMPI
            0x01 SWAP1 SUB
            0x20 0x00 KECCAK256 0x00 MSTORE
            @round JUMP
         end: STOP",
    )
}

/// See [`CALLER`]. The argument is an address, the length of the input, and the input, which zeros extend to that length;
/// `slot[address] = success + keccak256(result)`.
pub fn caller() -> Bytes {
    assemble(
        "0x40 CALLDATASIZE SUB 0x40 0x00 CALLDATACOPY
         0x00 0x00  0x20 CALLDATALOAD 0x00  0x00 CALLDATALOAD GAS STATICCALL
         RETURNDATASIZE 0x00 0x00 RETURNDATACOPY
         RETURNDATASIZE 0x00 KECCAK256 ADD
         0x00 CALLDATALOAD SSTORE
         STOP",
    )
}

/// See [`FACTORY`]. The argument is a salt and init code; `slot[salt] = address`. The new contract gets the value.
pub fn factory() -> Bytes {
    assemble(
        "0x20 CALLDATASIZE SUB  DUP1 0x20 0x00 CALLDATACOPY
         0x00 CALLDATALOAD SWAP1 0x00 CALLVALUE CREATE2
         0x00 0x00 0x00 0x00 0x00 DUP6 GAS CALL POP
         0x00 CALLDATALOAD SSTORE
         STOP",
    )
}

/// See [`LOGGER`].
pub fn logger() -> Bytes {
    assemble("CALLDATASIZE 0x00 0x00 CALLDATACOPY  CALLER 0x10 CALLDATASIZE 0x00 LOG2 STOP")
}

/// See [`REVERTER`].
pub fn reverter() -> Bytes {
    assemble("0x2a 0x00 MSTORE 0x20 0x00 REVERT")
}

/// See [`OBSERVER`]. The argument is how many blocks before the parent the older one lies.
pub fn observer() -> Bytes {
    assemble(
        "0x00 CALLDATALOAD 0x01 ADD NUMBER SUB BLOCKHASH 0x00 SSTORE
         BASEFEE 0x01 SSTORE
         DIFFICULTY 0x02 SSTORE
         TIMESTAMP 0x03 SSTORE
         COINBASE 0x04 SSTORE
         GASLIMIT 0x05 SSTORE
         GASPRICE 0x06 SSTORE
         STOP",
    )
}

/// Destroys itself for the sake of its caller.
pub fn mortal() -> Bytes {
    assemble("CALLER SELFDESTRUCT")
}

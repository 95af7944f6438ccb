#!/bin/bash
# Builds the fault-proof guest: guests/build.sh [riscv64] [mips64], both if none is named. The programs are
# guests/out/unroll-fpvm.<machine>; their sha256 is printed. <machine>-no-hints is one for hosts that hold everything from the start.
#
# The same sources and the same toolchain give the same bytes wherever the repository lies: cargo names our crates by their path,
# so it is shown one that is the same everywhere, and the other paths are mapped to names.
# Debian's toolchain has the library sources that -Zbuild-std needs; a rustup nightly with rust-src does as well.
set -euo pipefail
repository=$(cd "$(dirname "$0")/.." && pwd)
machines=("$@")
[ ${#machines[@]} -gt 0 ] || machines=(riscv64 mips64)

if [ -x /usr/bin/rustc ] && [ -x /usr/bin/cargo ] && [ -d "$(/usr/bin/rustc --print sysroot)/lib/rustlib/src/rust/library" ]; then
    export RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1
    cargo=(/usr/bin/cargo)
    sysroot=$(/usr/bin/rustc --print sysroot)
else
    cargo=(cargo +nightly)
    sysroot=$(rustc +nightly --print sysroot)
fi
linker=ld.lld
command -v "$linker" >/dev/null || linker=rust-lld

# One build at a time may use the path.
exec 9>"${TMPDIR:-/tmp}/unroll-guest.lock"
flock 9
path=/tmp/unroll-guest
ln -sfn "$repository" "$path"

target_dir=${CARGO_TARGET_DIR:-$repository/guests/fpvm/target}
common=(-Clinker="$linker" -Clink-arg=-e_start -Clink-arg=--build-id=none
    --remap-path-prefix="${CARGO_HOME:-$HOME/.cargo}"=/cargo --remap-path-prefix="$sysroot"=/sysroot)
mkdir -p "$repository/guests/out"
for machine in "${machines[@]}"; do
    features=()
    [ "$machine" = "${machine%-no-hints}" ] || features=(--no-default-features)
    case ${machine%-no-hints} in
    riscv64)
        # Asterisc decodes whole words only, and loads and stores at any address.
        target=riscv64imac-unknown-none-elf
        flags=("${common[@]}" -Ctarget-feature=-c,+unaligned-scalar-mem)
        ;;
    mips64)
        target=$path/guests/fpvm/mips64-unknown-none.json
        flags=("${common[@]}")
        ;;
    *)
        echo "guests/build.sh: no machine is called $machine: riscv64 or mips64" >&2
        exit 2
        ;;
    esac
    # Not by way of the repository: its .cargo and toolchain files are not the guest's.
    (cd / && CARGO_ENCODED_RUSTFLAGS=$(IFS=$'\x1f' && echo "${flags[*]}") "${cargo[@]}" build --locked --release -Zbuild-std=core,alloc -Zjson-target-spec \
        --manifest-path "$path/guests/fpvm/Cargo.toml" --target "$target" --target-dir "$target_dir" "${features[@]}")
    name=$(basename "$target" .json)
    cp "$target_dir/$name/release/unroll-fpvm" "$repository/guests/out/unroll-fpvm.$machine"
done
cd "$repository/guests/out"
sha256sum "${machines[@]/#/unroll-fpvm.}"

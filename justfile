# The recipes that a day of work needs; each is one line.
verify *ARGS:
    cargo run --release -- verify {{ARGS}}
test *ARGS:
    cargo test --workspace {{ARGS}}
lint:
    cargo fmt --check && cargo clippy --workspace --all-targets -- -D warnings && cargo xtask tidy
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps
bare-metal:
    .ci/bare-metal
bench:
    cargo xtask bench verify
deny:
    cargo deny check
ci:
    .ci/run

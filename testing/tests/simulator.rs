//! Histories.

use unroll_testing::simulator::History;

/// A log is the history.
#[test]
fn logs_read_back() {
    for seed in 0..20 {
        let history = History::generate(seed);
        let read = History::from_log(&history.to_log()).expect("our own log");
        assert!(read == history, "seed {seed}");
    }
    assert_eq!(History::from_log("unroll-history 1\nfork nonsense 1").map_err(|error| error.number), Err(2));
}

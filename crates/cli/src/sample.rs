//! The sample that is verified where no boot file is given: a small chain of our own, made by `testing`'s `sample` program.

/// What its files are called in messages.
pub const NAME: &str = "the embedded sample";
/// Its boot file.
pub const BOOT: &[u8] = include_bytes!("../sample/sample.json");
/// Its preimages.
pub const PREIMAGES: &[u8] = include_bytes!("../sample/sample.preimages.zst");

//! What a run spends its instructions on, told by the functions that each phase begins with.

/// A part of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Phase {
    /// Start, inputs, config, the agreed block.
    Boot,
    /// Headers, transactions and receipts of L1.
    L1,
    /// Blobs: a hash and a request for each element.
    Blobs,
    /// Channels.
    Decompression,
    /// The rest of derivation.
    Batches,
    /// The EVM, and reading the state.
    Execution,
    /// Writing the tries and hashing them.
    StateRoot,
}

impl Phase {
    /// In the order of a run.
    pub const ALL: [Self; 7] = [
        Self::Boot,
        Self::L1,
        Self::Blobs,
        Self::Decompression,
        Self::Batches,
        Self::Execution,
        Self::StateRoot,
    ];

    /// As people call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Boot => "boot",
            Self::L1 => "L1 walk",
            Self::Blobs => "blobs",
            Self::Decompression => "decompression",
            Self::Batches => "batches",
            Self::Execution => "execution",
            Self::StateRoot => "state root",
        }
    }

    /// The functions that it begins with, by the end of their names. They are kept out of line in the library.
    pub const fn markers(self) -> &'static [&'static str] {
        match self {
            Self::Boot => &[],
            Self::L1 => &["L1Reader>::read", "ChainProvider>::block_info_by_number"],
            Self::Blobs => &["BlobProvider>::blobs"],
            Self::Decompression => &["compression::decompress"],
            Self::Batches => &["Transition>::derive"],
            Self::Execution => &["Transition>::execute"],
            Self::StateRoot => &["State>::commit", "BlockExecutor>::output_root"],
        }
    }
}

/// The phase that a function begins.
pub fn phase_of(function: &str) -> Option<Phase> {
    let plain = plain(function);
    Phase::ALL.into_iter().find(|phase| phase.markers().iter().any(|marker| plain.ends_with(marker)))
}

/// The markers that none of these functions is. Without them the phases would be told wrong.
pub fn absent_markers(functions: &[String]) -> Vec<&'static str> {
    let plain: Vec<String> = functions.iter().map(|name| plain(name)).collect();
    let markers = Phase::ALL.iter().flat_map(|phase| phase.markers());
    markers.filter(|marker| !plain.iter().any(|name| name.ends_with(**marker))).copied().collect()
}

/// A name without what the function is generic over: `<A<B> as C<D>>::f::<E>` becomes `<A as C>::f`.
pub fn plain(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    // Brackets that are open, and whether each is the one around a qualified path.
    let mut open: Vec<bool> = Vec::new();
    for (at, character) in name.char_indices() {
        let before = &name[..at];
        match character {
            '<' => {
                let qualified = before.is_empty() || before.ends_with([' ', '(', '&', '<', ',']);
                let shown = open.iter().all(|qualified| *qualified);
                if qualified && shown {
                    plain.push('<');
                } else if shown && plain.ends_with("::") {
                    plain.truncate(plain.len() - 2);
                }
                open.push(qualified);
            }
            '>' if !before.ends_with('-') => {
                let closed = open.pop();
                let shown = closed == Some(true) && open.iter().all(|qualified| *qualified);
                plain.extend(shown.then_some('>'));
            }
            _ if open.iter().all(|qualified| *qualified) => plain.push(character),
            _ => {}
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names as the compiler makes them.
    #[test]
    fn names_without_generics() {
        for (name, expected) in [
            ("memcpy", "memcpy"),
            ("a::b::<c::D<e>, F>", "a::b"),
            ("<a::T<b::O<c>>>::derive", "<a::T>::derive"),
            ("<a::O<P> as d::B>::blobs", "<a::O as d::B>::blobs"),
            ("<a::S>::commit::<b::P<c>>", "<a::S>::commit"),
        ] {
            assert_eq!(plain(name), expected);
        }
        assert_eq!(phase_of("<unroll_proof::transition::Transition<X<Y>>>::derive"), Some(Phase::Batches));
        let absent = absent_markers(&["a::compression::decompress".into()]);
        assert!(!absent.contains(&"compression::decompress") && absent.contains(&"State>::commit"));
    }
}

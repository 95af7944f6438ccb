//! What every provider of data has: one error type, named once.

/// A source of data outside the core. Its failures are its own: no crate of the core turns one into a verdict.
pub trait Provider {
    /// Why data could not be had.
    type Error: core::error::Error;
}

impl<P: Provider + ?Sized> Provider for &mut P {
    type Error = P::Error;
}

//! Long work asks now and then whether it is still wanted.

use std::sync::atomic::{AtomicBool, Ordering};

/// Whether somebody wants work to end. Work that ends early gives what it has, which nobody may use: who began it asks
/// once more afterwards.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stop<'a>(Option<&'a AtomicBool>);

impl<'a> Stop<'a> {
    /// Nobody will.
    #[must_use]
    pub fn never() -> Self {
        Self(None)
    }

    /// Somebody does once the flag is set.
    #[must_use]
    pub fn at(flag: &'a AtomicBool) -> Self {
        Self(Some(flag))
    }

    /// Whether they do.
    #[inline]
    #[must_use]
    pub fn is_asked(self) -> bool {
        self.0.is_some_and(|flag| flag.load(Ordering::Relaxed))
    }
}

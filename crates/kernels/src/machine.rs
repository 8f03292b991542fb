//! The widest instructions of the machine that it runs on, chosen when it runs.

/// Instructions to use. Sums are ordered by the code, products are never fused with them: what is computed does not
/// depend on the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Machine {
    /// What every processor of its kind has.
    Any,
    /// 256 bits.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// 512 bits.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Machine {
    /// The best that this one has.
    pub(crate) fn found() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if std::is_x86_feature_detected!("avx512f") && std::is_x86_feature_detected!("avx512vl") {
                return Self::Avx512;
            }
            if std::is_x86_feature_detected!("avx2") {
                return Self::Avx2;
            }
        }
        Self::Any
    }

    /// All that this one has.
    #[cfg(test)]
    pub(crate) fn all() -> Vec<Self> {
        #[cfg(target_arch = "x86_64")]
        match Self::found() {
            Self::Any => vec![Self::Any],
            Self::Avx2 => vec![Self::Any, Self::Avx2],
            Self::Avx512 => vec![Self::Any, Self::Avx2, Self::Avx512],
        }
        #[cfg(not(target_arch = "x86_64"))]
        vec![Self::Any]
    }

    /// Runs a loop that is compiled once for each kind; what it calls must be inlined into it.
    #[inline]
    #[allow(unsafe_code, reason = "a machine of a kind is only made when its instructions were found")]
    pub(crate) fn run<T>(self, work: impl FnOnce() -> T) -> T {
        match self {
            Self::Any => work(),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `found` has seen these instructions.
            Self::Avx2 => unsafe { on_avx2(work) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            Self::Avx512 => unsafe { on_avx512(work) },
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn on_avx2<T>(work: impl FnOnce() -> T) -> T {
    work()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,avx512f,avx512vl")]
fn on_avx512<T>(work: impl FnOnce() -> T) -> T {
    work()
}

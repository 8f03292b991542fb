//! The widest instructions of the machine that it runs on, chosen when it runs.

/// Instructions to use. What is computed does not depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Machine {
    /// What every processor of its kind has.
    Any,
    /// 256 bits.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// 512 bits, with masks.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Machine {
    /// The best that this one has.
    pub(super) fn found() -> Self {
        Self::all().into_iter().next_back().unwrap_or(Self::Any)
    }

    /// All that this one has, the best last.
    pub(super) fn all() -> Vec<Self> {
        #[cfg_attr(not(target_arch = "x86_64"), allow(unused_mut, reason = "nothing else to find"))]
        let mut all = vec![Self::Any];
        #[cfg(target_arch = "x86_64")]
        if std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("bmi1") {
            all.push(Self::Avx2);
            let has_512 = std::is_x86_feature_detected!("avx512f")
                && std::is_x86_feature_detected!("avx512vl")
                && std::is_x86_feature_detected!("avx512bw")
                && std::is_x86_feature_detected!("avx512dq");
            if has_512 {
                all.push(Self::Avx512);
            }
        }
        all
    }

    /// True where sixteen answers of 64 bits cost few instructions.
    pub(super) fn is_wide(self) -> bool {
        self != Self::Any || cfg!(target_arch = "aarch64")
    }
}

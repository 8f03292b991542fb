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
}

/// A function that is compiled for each kind of machine, which it gets as its first argument. Its body is inlined into each, and so
/// must be what it calls: a closure, or whatever else the compiler keeps as a function of its own, has the plainest
/// instructions only.
macro_rules! on_each_machine {
    ($(#[$meta:meta])* $vis:vis fn $name:ident($($arg:ident: $type:ty),* $(,)?) $(-> $out:ty)? $body:block) => {
        $(#[$meta])*
        #[allow(unsafe_code, reason = "a machine of a kind is only made when its instructions were found")]
        $vis fn $name(machine: $crate::machine::Machine, $($arg: $type),*) $(-> $out)? {
            $(#[$meta])*
            #[inline(always)]
            fn plain($($arg: $type),*) $(-> $out)? $body

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2")]
            fn avx2($($arg: $type),*) $(-> $out)? {
                plain($($arg),*)
            }

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,avx512f,avx512vl")]
            fn avx512($($arg: $type),*) $(-> $out)? {
                plain($($arg),*)
            }

            match machine {
                $crate::machine::Machine::Any => plain($($arg),*),
                #[cfg(target_arch = "x86_64")]
                // SAFETY: `found` has seen these instructions.
                $crate::machine::Machine::Avx2 => unsafe { avx2($($arg),*) },
                #[cfg(target_arch = "x86_64")]
                // SAFETY: as above.
                $crate::machine::Machine::Avx512 => unsafe { avx512($($arg),*) },
            }
        }
    };
}

pub(crate) use on_each_machine;

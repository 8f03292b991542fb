//! Why a number does not exist: the document's word for a kernel's reason.

use equipoise_document::Missing;
use equipoise_kernels::Undefined;

/// The document's word for a kernel's reason.
pub(crate) fn missing(why: Undefined) -> Missing {
    match why {
        Undefined::Empty => Missing::Empty,
        Undefined::NoPositives => Missing::NoPositives,
        Undefined::NoNegatives => Missing::NoNegatives,
        Undefined::NoSelected => Missing::NoSelected,
        Undefined::NoUnselected => Missing::NoUnselected,
        Undefined::OneClass => Missing::OneClass,
        Undefined::BelowMinSize => Missing::BelowMinSize,
        Undefined::NoVariation => Missing::NoVariation,
        Undefined::ZeroDenominator => Missing::ZeroDenominator,
        Undefined::NoProbability => Missing::NoProbability,
        Undefined::FewerThanTwoGroups => Missing::FewerThanTwoGroups,
        Undefined::NotFinite => Missing::NotFinite,
        Undefined::ZeroWeight => Missing::ZeroWeight,
    }
}

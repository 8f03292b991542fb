//! Numbers in sentences.

use super::loss::LossKind;

/// A mean loss: shares in percent, others in about four digits.
pub(super) fn loss(kind: LossKind, x: f64) -> String {
    if kind.is_share() { percent(x) } else { number(x) }
}

/// `14.2 %`
pub(super) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent != 0.0 && percent.abs() < 0.1 { format!("{percent:.2} %") } else { format!("{percent:.1} %") }
}

/// A number in about four significant digits.
pub(super) fn number(x: f64) -> String {
    let size = x.abs();
    if (1_000.0..1e15).contains(&size) {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number below 10^15")]
        let whole = count(size.round() as u64);
        format!("{}{whole}", if x < 0.0 { "−" } else { "" })
    } else if size >= 100.0 {
        format!("{x:.1}")
    } else if size >= 1.0 {
        format!("{x:.2}")
    } else {
        format!("{x:.4}")
    }
}

/// A whole number with thousands apart.
pub(super) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `p below 0.0001`, `p 0.0123`
pub(super) fn p(p: f64) -> String {
    if p < 0.0001 { "p below 0.0001".to_owned() } else { format!("p {p:.4}") }
}

/// A mean loss in a sentence: `27.5 % are wrong`, `the mean absolute error is 53,515`.
pub(super) fn sentence(kind: LossKind, x: f64) -> String {
    let number = loss(kind, x);
    match kind {
        LossKind::ZeroOne => format!("{number} are wrong"),
        LossKind::FalsePositive => format!("{number} of the truly negative are false alarms"),
        LossKind::FalseNegative => format!("{number} of the truly positive are missed"),
        LossKind::LogLoss | LossKind::Absolute | LossKind::Squared => {
            format!("the {} is {number}", kind.title().to_lowercase())
        }
    }
}

/// What is summed up over rows.
pub(super) fn total(kind: LossKind) -> &'static str {
    if kind.is_share() { "errors" } else { "loss" }
}

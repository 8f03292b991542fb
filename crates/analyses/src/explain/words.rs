//! Numbers in words.

/// A number in about four significant digits.
pub(crate) fn number(x: f64) -> String {
    let size = x.abs();
    if x == 0.0 {
        "0".to_owned()
    } else if !(1e-4..1e15).contains(&size) {
        format!("{x:.2e}")
    } else if size >= 1_000.0 || libm::round(x).total_cmp(&x).is_eq() {
        format!("{x:.0}")
    } else if size >= 100.0 {
        format!("{x:.1}")
    } else if size >= 1.0 {
        format!("{x:.2}")
    } else {
        format!("{x:.3}")
    }
}

/// `+0.12` or `−0.12`
pub(crate) fn signed(x: f64) -> String {
    if x < 0.0 { format!("−{}", number(-x)) } else { format!("+{}", number(x)) }
}

/// `87.2 %`
pub(crate) fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// Names in backticks: `a`, `b` and `c`.
pub(crate) fn listed(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|n| format!("`{n}`")).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

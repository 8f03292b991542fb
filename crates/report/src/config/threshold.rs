//! Thresholds as text: `>=0.85`, `<= -1e-3`, `0.8 to 1.25`, `>=0.8, <=1.25`.

use equipoise_govern::Bound;

/// Reads a threshold; what is wrong with it and how to mend it otherwise.
pub(crate) fn parse(text: &str) -> Result<Bound, (String, String)> {
    let example = "write, for example, `>=0.85`, `<=20`, `0.8 to 1.25` or `>=0.8, <=1.25`".to_owned();
    let parts: Vec<&str> = text.split(',').map(str::trim).filter(|p| !p.is_empty()).collect();
    let range = |low: &str, high: &str| match (number(low), number(high)) {
        (Some(low), Some(high)) if low <= high => Ok(Bound::Between(low, high)),
        (Some(_), Some(_)) => {
            Err((format!("`{text}` has its lower end above its upper end"), "swap the two numbers".to_owned()))
        }
        _ => Err((format!("`{text}` is not a threshold"), example.clone())),
    };
    match parts.as_slice() {
        [one] => {
            if let Some((low, high)) = one.split_once("..").or_else(|| one.split_once(" to ")) {
                return range(low, high);
            }
            single(one).ok_or_else(|| {
                let is_strict = one.starts_with(['<', '>']) && number(one.trim_start_matches(['<', '>'])).is_some();
                if is_strict {
                    let sign = one.get(..1).unwrap_or_default();
                    let hint = format!("write `{sign}=`: a number at its threshold meets it");
                    return (format!("`{text}` leaves its own end out"), hint);
                }
                (format!("`{text}` is not a threshold"), example.clone())
            })
        }
        [a, b] => match (single(a), single(b)) {
            (Some(Bound::Min(low)), Some(Bound::Max(high))) | (Some(Bound::Max(high)), Some(Bound::Min(low))) => {
                range(&low.to_string(), &high.to_string())
            }
            _ => Err((format!("`{text}` is not a threshold"), example)),
        },
        _ => Err((format!("`{text}` is not a threshold"), example)),
    }
}

fn single(text: &str) -> Option<Bound> {
    const SIGNS: [&str; 6] = [">=", "≥", "<=", "≤", "==", "="];
    let (sign, rest) = SIGNS.iter().find_map(|sign| text.strip_prefix(sign).map(|rest| (*sign, rest)))?;
    let x = number(rest)?;
    Some(match sign {
        ">=" | "≥" => Bound::Min(x),
        "<=" | "≤" => Bound::Max(x),
        _ => Bound::Near(x, 0.0),
    })
}

/// A finite number; a percent sign divides by 100.
fn number(text: &str) -> Option<f64> {
    let text = text.trim().replace('−', "-");
    let (text, factor) = text.strip_suffix('%').map_or((text.as_str(), 1.0), |t| (t.trim_end(), 100.0));
    text.parse::<f64>().ok().filter(|x| x.is_finite()).map(|x| x / factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_ranges_and_percents() {
        assert_eq!(parse(">=0.85").unwrap(), Bound::Min(0.85));
        assert_eq!(parse(" <= -1e-3 ").unwrap(), Bound::Max(-0.001));
        assert_eq!(parse("≤ 20 %").unwrap(), Bound::Max(0.2));
        assert_eq!(parse("0.8..1.25").unwrap(), Bound::Between(0.8, 1.25));
        assert_eq!(parse("-1 to 1").unwrap(), Bound::Between(-1.0, 1.0));
        assert_eq!(parse("<=1.25, >=0.8").unwrap(), Bound::Between(0.8, 1.25));
    }

    #[test]
    fn what_is_no_threshold_is_said() {
        assert_eq!(parse("good").unwrap_err().0, "`good` is not a threshold");
        assert_eq!(parse(">0.8").unwrap_err().1, "write `>=`: a number at its threshold meets it");
        assert_eq!(parse("2..1").unwrap_err().1, "swap the two numbers");
        assert!(parse(">=nan").is_err() && parse("").is_err() && parse(">=1,>=2").is_err() && parse(">=inf").is_err());
    }
}

//! ISO 8601 dates and times as seconds since 1970-01-01T00:00:00Z.

/// Reads `2020-01-31`, `2020-01-31T12:30`, `2020-01-31 12:30:15.25`, each with an optional `Z`, `+02:00`,
/// `+0200` or `+02`. Without an offset the time is taken as UTC.
pub(crate) fn parse(text: &[u8]) -> Option<f64> {
    let mut rest = text.trim_ascii();
    let year = digits(&mut rest, 4)?;
    let month = after(&mut rest, b'-').and_then(|()| digits(&mut rest, 2))?;
    let day = after(&mut rest, b'-').and_then(|()| digits(&mut rest, 2))?;
    let days = days_from_civil(year, month, day)?;
    let mut seconds = 0.0;
    if !rest.is_empty() {
        after(&mut rest, b'T').or_else(|| after(&mut rest, b't')).or_else(|| after(&mut rest, b' '))?;
        seconds = time_of_day(&mut rest)?;
        seconds -= offset(&mut rest)?;
    }
    #[allow(clippy::cast_precision_loss, reason = "days of four-digit years are small")]
    rest.is_empty().then_some(days as f64 * 86_400.0 + seconds)
}

fn time_of_day(rest: &mut &[u8]) -> Option<f64> {
    let hour = digits(rest, 2)?;
    let minute = after(rest, b':').and_then(|()| digits(rest, 2))?;
    if hour > 23 || minute > 59 {
        return None;
    }
    #[allow(clippy::cast_precision_loss, reason = "below 86,400")]
    let mut seconds = (hour * 3600 + minute * 60) as f64;
    if after(rest, b':').is_some() {
        let whole = digits(rest, 2).filter(|s| *s <= 60)?;
        let mut fraction = 0.0;
        if after(rest, b'.').or_else(|| after(rest, b',')).is_some() {
            let n = rest.iter().take_while(|b| b.is_ascii_digit()).count();
            let (head, tail) = rest.split_at_checked(n).filter(|_| n > 0)?;
            fraction = format!("0.{}", std::str::from_utf8(head).ok()?).parse().ok()?;
            *rest = tail;
        }
        #[allow(clippy::cast_precision_loss, reason = "below 61")]
        {
            seconds += whole as f64 + fraction;
        }
    }
    Some(seconds)
}

/// Seconds that local time is ahead of UTC.
fn offset(rest: &mut &[u8]) -> Option<f64> {
    if rest.is_empty() || after(rest, b'Z').or_else(|| after(rest, b'z')).is_some() {
        return Some(0.0);
    }
    let sign = if after(rest, b'+').is_some() { 1.0 } else { after(rest, b'-').map(|()| -1.0)? };
    let hours = digits(rest, 2).filter(|h| *h <= 18)?;
    let minutes = if rest.is_empty() {
        0
    } else {
        let _ = after(rest, b':');
        digits(rest, 2).filter(|m| *m <= 59)?
    };
    #[allow(clippy::cast_precision_loss, reason = "below 86,400")]
    let seconds = (hours * 3600 + minutes * 60) as f64;
    Some(sign * seconds)
}

fn digits(rest: &mut &[u8], n: usize) -> Option<i64> {
    let (head, tail) = rest.split_at_checked(n)?;
    let mut value = 0;
    for byte in head {
        value = value * 10 + i64::from(byte.is_ascii_digit().then(|| byte - b'0')?);
    }
    *rest = tail;
    Some(value)
}

fn after(rest: &mut &[u8], byte: u8) -> Option<()> {
    let (first, tail) = rest.split_first()?;
    (*first == byte).then(|| *rest = tail)
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar, by counting years that begin in March, so that
/// the leap day comes last.
fn days_from_civil(year: i64, month: i64, day: i64) -> Option<i64> {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let n_days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i64::from(is_leap),
        _ => return None,
    };
    if !(1..=n_days).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let days_before_month = (153 * ((month + 9) % 12) + 2) / 5;
    Some(
        year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + days_before_month + day
            - 719_469,
    )
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn known_instants() {
        for (text, seconds) in [
            ("1970-01-01", 0.0),
            ("1970-01-02", 86_400.0),
            ("1969-12-31", -86_400.0),
            ("2000-02-29", 951_782_400.0),
            ("2000-03-01", 951_868_800.0),
            ("2020-01-01", 1_577_836_800.0),
            ("2020-01-01T00:00:01", 1_577_836_801.0),
            ("2020-01-01 00:00:00.25", 1_577_836_800.25),
            ("2020-01-01T12:30Z", 1_577_881_800.0),
            ("2020-01-01T02:00:00+02:00", 1_577_836_800.0),
            ("2019-12-31T22:30:00-0130", 1_577_836_800.0),
            ("0000-03-01", -62_162_035_200.0),
            ("9999-12-31", 253_402_214_400.0),
        ] {
            assert_eq!(parse(text.as_bytes()), Some(seconds), "{text}");
        }
    }

    #[test]
    fn not_dates() {
        for text in [
            "",
            "2020",
            "2020-1-1",
            "2020-13-01",
            "2021-02-29",
            "1900-02-29",
            "2020-01-01T",
            "2020-01-01x",
            "2020-01-01T25:00",
            "20200101",
            "2020-01-01T10",
            "2020-01-01T10:00:00+99:00",
        ] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }
}

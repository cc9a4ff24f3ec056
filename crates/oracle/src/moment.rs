//! Instants as rules and events write them (L11), to milliseconds since 1970.

/// The instant that `text` names: a date, or a date and a time, whose seconds and offset may be
/// missing. Digits past the millisecond are cut off. `None` where it names none.
pub(crate) fn parse(text: &str) -> Option<i64> {
    let (year, rest) = digits(text, 4)?;
    let (month, rest) = digits(rest.strip_prefix('-')?, 2)?;
    let (day, rest) = digits(rest.strip_prefix('-')?, 2)?;
    let midnight = days(year, month, day)? * 86_400_000;
    if rest.is_empty() {
        return Some(midnight);
    }
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let (hour, rest) = digits(rest, 2)?;
    let (minute, mut rest) = digits(rest.strip_prefix(':')?, 2)?;
    let (mut second, mut millisecond) = (0, 0);
    if let Some(after) = rest.strip_prefix(':') {
        (second, rest) = digits(after, 2)?;
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
            let (fraction, after) = after.split_at(end);
            if fraction.is_empty() {
                return None;
            }
            millisecond = format!("{fraction:0<3}").get(..3)?.parse::<i64>().ok()?;
            rest = after;
        }
    }
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let time = ((hour * 60 + minute) * 60 + second) * 1000 + millisecond;
    Some(midnight + time - offset(rest)?)
}

/// The offset from UTC, in milliseconds; none is UTC.
fn offset(text: &str) -> Option<i64> {
    if text.is_empty() || text.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let (hour, rest) = digits(text.strip_prefix(['+', '-'])?, 2)?;
    let (minute, rest) = digits(rest.strip_prefix(':')?, 2)?;
    (rest.is_empty() && hour < 24 && minute < 60).then_some(sign * (hour * 60 + minute) * 60_000)
}

/// Days from 1970-01-01 to the date, counted year by year and month by month.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = |month: i64| match month {
        2 => 28 + i64::from(leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if !(1..=12).contains(&month) || !(1..=length(month)).contains(&day) {
        return None;
    }
    let year_length = |year: i64| 365 + i64::from(leap(year));
    let before: i64 = (1970..year).map(year_length).sum::<i64>() - (year..1970).map(year_length).sum::<i64>();
    Some(before + (1..month).map(length).sum::<i64>() + day - 1)
}

fn digits(text: &str, count: usize) -> Option<(i64, &str)> {
    let (number, rest) = text.split_at_checked(count)?;
    number.bytes().all(|b| b.is_ascii_digit()).then_some(())?;
    Some((number.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_take_every_form() {
        let noon = 1_795_305_600_000 + 12 * 3_600_000;
        for text in [
            "2026-11-22T12:00:00Z",
            "2026-11-22t12:00z",
            "2026-11-22T12:00",
            "2026-11-22T12:00:00.0009Z",
            "2026-11-22T13:30:00+01:30",
            "2026-11-22T00:00:00.000-12:00",
        ] {
            assert_eq!(parse(text), Some(noon), "{text}");
        }
        assert_eq!(parse("1970-01-01"), Some(0));
        assert_eq!(parse("1969-12-31T23:59:59.9999Z"), Some(-1));
        assert_eq!(parse("2024-02-29"), Some(19_782 * 86_400_000));
        for text in
            ["2026-02-29", "2026-13-01", "2026-1-1", "tomorrow", "2026-11-22T24:00Z", "2026-11-22T12", ""]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}

//! Durations and sizes as people write them: a whole number and a unit.

use std::time::Duration;

const DURATIONS: &[(&str, u64)] =
    &[("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];
const SIZES: &[(&str, u64)] =
    &[("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40)];

/// Reads `50ms`, `30s`, `15m`, `12h` or `7d`. A bare `0` needs no unit.
pub(super) fn parse_duration(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    parse(text, DURATIONS).map(Duration::from_millis)
}

/// Reads a number of bytes, or `64KiB`, `1MiB`, `2GiB`, `1TiB`.
pub(super) fn parse_size(text: &str) -> Option<u64> {
    text.parse().ok().or_else(|| parse(text, SIZES))
}

/// As [`parse_duration`] reads it, in the largest unit that leaves no rest; nothing is shorter than 1 ms.
pub(super) fn print_duration(duration: Duration) -> String {
    print(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX), DURATIONS)
}

/// As [`parse_size`] reads it, in the largest unit that leaves no rest.
pub(super) fn print_size(bytes: u64) -> String {
    print(bytes, SIZES)
}

fn parse(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(digits)?;
    let (_, factor) = units.iter().find(|(name, _)| *name == unit.trim_start())?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

fn print(value: u64, units: &[(&str, u64)]) -> String {
    let fitting = units.iter().rev().find(|(_, factor)| value != 0 && value.is_multiple_of(*factor));
    match fitting.or(units.first()) {
        Some((unit, factor)) => format!("{}{unit}", value / factor),
        None => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_numbers_with_units() {
        for (text, millis) in
            [("0", 0), ("50ms", 50), ("30 s", 30_000), ("90m", 5_400_000), ("7d", 604_800_000)]
        {
            assert_eq!(parse_duration(text), Some(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "7", "d", "-1s", "1.5h", "1 w", "1h30m", "99999999999999999d", "７d"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
        for text in ["0ms", "50ms", "30s", "90m", "7d", "36h"] {
            assert_eq!(print_duration(parse_duration(text).unwrap()), text);
        }
    }

    #[test]
    fn sizes_are_bytes_or_have_units() {
        for (text, bytes) in [("0", 0), ("1000", 1000), ("64KiB", 65_536), ("2 GiB", 2 << 30), ("7B", 7)] {
            assert_eq!(parse_size(text), Some(bytes), "{text}");
        }
        for text in ["", "KiB", "1kb", "1.5MiB", "-1", "99999999TiB"] {
            assert_eq!(parse_size(text), None, "{text}");
        }
        for text in ["0B", "1000B", "64KiB", "3MiB", "2GiB"] {
            assert_eq!(print_size(parse_size(text).unwrap()), text);
        }
    }
}

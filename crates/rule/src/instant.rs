//! Points in time as the language knows them: milliseconds since 1970-01-01T00:00:00Z.
//!
//! Text and instant convert by the proleptic Gregorian calendar alone: no time zones but fixed
//! offsets, no clock.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A point in time, in milliseconds since the Unix epoch (UTC). The only unit of time in Muster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Instant(i64);

const MILLIS_PER_DAY: i64 = 86_400_000;

/// The longest shift of `system.now` (L32), in milliseconds.
pub const MAX_DURATION_MILLIS: i64 = 36_525 * MILLIS_PER_DAY;

/// Not an instant that the language can read (L11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an instant: write it as in `2026-11-22T10:00:00Z`")]
pub struct InstantError;

/// Why a text is no duration (L32).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// It has years or months, whose length varies.
    #[error("years and months vary in length: give weeks or days, as in `P365D` or `P30D`")]
    YearsOrMonths,
    /// It has a fraction.
    #[error("only whole numbers are allowed: use a smaller unit, as in `PT90M` for an hour and a half")]
    Fraction,
    /// It is longer than [`MAX_DURATION_MILLIS`].
    #[error("longer than 36525 days: give a shorter one")]
    TooLong,
    /// It is nothing of the kind.
    #[error("not an ISO 8601 duration: write days as in `P7D`, weeks as in `P2W`, hours as in `PT12H`")]
    Malformed,
}

impl Instant {
    /// The earliest instant that an RFC 3339 text can name, 0000-01-01T00:00:00Z less a day of offset.
    pub const MIN: Instant = Instant(-62_167_305_600_000);
    /// The latest, 9999-12-31T23:59:59.999Z and a day of offset.
    pub const MAX: Instant = Instant(253_402_387_199_999);

    /// `milliseconds` since the Unix epoch, brought into [`MIN`](Self::MIN)..=[`MAX`](Self::MAX).
    #[must_use]
    pub fn from_millis(milliseconds: i64) -> Instant {
        Instant(milliseconds.clamp(Self::MIN.0, Self::MAX.0))
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// This, so many milliseconds later (earlier where negative), but not beyond
    /// [`MIN`](Self::MIN)..=[`MAX`](Self::MAX).
    #[must_use]
    pub fn saturating_add_millis(self, milliseconds: i64) -> Instant {
        Instant::from_millis(self.0.saturating_add(milliseconds))
    }

    /// Reads RFC 3339. Seconds and offset may be missing (UTC then), and the whole time of day
    /// (midnight then); digits past the millisecond are dropped (L11).
    ///
    /// # Errors
    /// [`InstantError`] for anything else.
    pub fn parse(text: &str) -> Result<Instant, InstantError> {
        Cursor(text.as_bytes()).instant().map(Instant).ok_or(InstantError)
    }
}

impl std::str::FromStr for Instant {
    type Err = InstantError;

    fn from_str(text: &str) -> Result<Instant, InstantError> {
        Instant::parse(text)
    }
}

/// RFC 3339 in UTC with three digits of a second: `2026-11-22T10:00:00.012Z`.
impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil_from_days(self.0.div_euclid(MILLIS_PER_DAY));
        let millis = self.0.rem_euclid(MILLIS_PER_DAY);
        let (hour, minute) = (millis / 3_600_000, millis / 60_000 % 60);
        let (second, milli) = (millis / 1000 % 60, millis % 1000);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
    }
}

/// Reads an ISO 8601 duration of weeks, days, hours, minutes and seconds (L32), in milliseconds.
///
/// # Errors
/// Why it is none that the language has.
pub fn parse_duration(text: &str) -> Result<i64, DurationError> {
    const UNITS: [(u8, i64); 5] =
        [(b'W', 7 * MILLIS_PER_DAY), (b'D', MILLIS_PER_DAY), (b'H', 3_600_000), (b'M', 60_000), (b'S', 1000)];
    const DATE_UNITS: usize = 2;
    let mut cursor = Cursor(text.as_bytes());
    if !cursor.take_letter(b'P') {
        return Err(DurationError::Malformed);
    }
    let (mut total, mut next_unit, mut after_t) = (0_i64, 0, false);
    loop {
        if !after_t && cursor.take_letter(b'T') {
            (after_t, next_unit) = (true, DATE_UNITS);
        } else if cursor.0.is_empty() {
            break;
        }
        let amount = cursor.number().ok_or(DurationError::Malformed)?;
        let unit = cursor.next().ok_or(DurationError::Malformed)?.to_ascii_uppercase();
        match unit {
            b'Y' => return Err(DurationError::YearsOrMonths),
            b'M' if !after_t => return Err(DurationError::YearsOrMonths),
            b'.' | b',' => return Err(DurationError::Fraction),
            _ => {}
        }
        let end = if after_t { UNITS.len() } else { DATE_UNITS };
        let found =
            UNITS.iter().take(end).enumerate().skip(next_unit).find(|(_, (letter, _))| *letter == unit);
        let (place, (_, millis)) = found.ok_or(DurationError::Malformed)?;
        next_unit = place + 1;
        total = total.saturating_add(amount.saturating_mul(*millis));
    }
    if next_unit == 0 {
        return Err(DurationError::Malformed);
    }
    if total > MAX_DURATION_MILLIS { Err(DurationError::TooLong) } else { Ok(total) }
}

/// What is left to read.
struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    /// Milliseconds since the epoch; the whole rest must be an instant.
    fn instant(&mut self) -> Option<i64> {
        let year = self.digits(4)?;
        let month = self.take(b'-').then(|| self.digits(2))??;
        let day = self.take(b'-').then(|| self.digits(2))??;
        if !(1..=12).contains(&month) || !(1..=days_in_month(year, month)).contains(&day) {
            return None;
        }
        let midnight = days_from_civil(year, month, day) * MILLIS_PER_DAY;
        if self.0.is_empty() {
            return Some(midnight);
        }
        if !self.take_letter(b'T') {
            return None;
        }
        let hour = self.digits(2)?;
        let minute = self.take(b':').then(|| self.digits(2))??;
        let (mut second, mut milli) = (0, 0);
        if self.take(b':') {
            second = self.digits(2)?;
            if self.take(b'.') {
                milli = self.milliseconds()?;
            }
        }
        let offset = self.offset()?;
        // A leap second is the first of the next minute, as in Unix time.
        if hour > 23 || minute > 59 || second > 60 || !self.0.is_empty() {
            return None;
        }
        Some(midnight + ((hour * 60 + minute - offset) * 60 + second) * 1000 + milli)
    }

    /// In minutes.
    fn offset(&mut self) -> Option<i64> {
        if self.0.is_empty() || self.take_letter(b'Z') {
            return Some(0);
        }
        let sign = if self.take(b'+') { 1 } else { self.take(b'-').then_some(-1)? };
        let hours = self.digits(2)?;
        let minutes = self.take(b':').then(|| self.digits(2))??;
        (hours <= 23 && minutes <= 59).then_some(sign * (hours * 60 + minutes))
    }

    /// The first three digits of a fraction of one digit at least.
    fn milliseconds(&mut self) -> Option<i64> {
        let mut millis = self.digits(1)? * 100;
        for weight in [10, 1] {
            millis += weight * self.digits(1).unwrap_or(0);
        }
        while self.digits(1).is_some() {}
        Some(millis)
    }

    fn digits(&mut self, count: usize) -> Option<i64> {
        let (digits, rest) = self.0.split_at_checked(count)?;
        let value = digits
            .iter()
            .try_fold(0, |value, byte| byte.is_ascii_digit().then(|| value * 10 + i64::from(byte - b'0')))?;
        self.0 = rest;
        Some(value)
    }

    /// As many digits as there are, one at least; saturating.
    fn number(&mut self) -> Option<i64> {
        let mut value = self.digits(1)?;
        while let Some(digit) = self.digits(1) {
            value = value.saturating_mul(10).saturating_add(digit);
        }
        Some(value)
    }

    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn take(&mut self, byte: u8) -> bool {
        let taken = self.0.first() == Some(&byte);
        if taken {
            self.next();
        }
        taken
    }

    fn take_letter(&mut self, upper: u8) -> bool {
        self.take(upper) || self.take(upper.to_ascii_lowercase())
    }
}

fn days_in_month(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01. Counts years from March, so that the leap day is a year's last.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The inverse of [`days_from_civil`].
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read_in_every_form_and_printed_in_one() {
        let check = |text: &str, printed: &str| {
            let instant = Instant::parse(text).unwrap_or_else(|_| panic!("{text}"));
            assert_eq!(instant.to_string(), printed);
            assert_eq!(Instant::parse(printed), Ok(instant));
        };
        check("2026-11-22T10:00:00.012Z", "2026-11-22T10:00:00.012Z");
        check("2026-11-22", "2026-11-22T00:00:00.000Z");
        check("2026-11-22T10:00", "2026-11-22T10:00:00.000Z");
        check("2026-11-22t10:00z", "2026-11-22T10:00:00.000Z");
        check("2026-11-22T10:00:07", "2026-11-22T10:00:07.000Z");
        check("2026-11-22T10:00:07.1", "2026-11-22T10:00:07.100Z");
        check("2026-11-22T10:00:07.0019999+02:30", "2026-11-22T07:30:07.001Z");
        check("1969-12-31T23:59:59.9999-00:00", "1969-12-31T23:59:59.999Z");
        check("2000-02-29T00:00-12:00", "2000-02-29T12:00:00.000Z");
        check("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z");
        check("0000-01-01", "0000-01-01T00:00:00.000Z");
        check("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z");
        assert_eq!(Instant::parse("1970-01-01").unwrap().as_millis(), 0);
        assert_eq!(Instant::parse("0000-01-01T00:00+23:59").unwrap().as_millis(), Instant::MIN.0 + 60_000);
    }

    #[test]
    fn what_is_no_instant_is_refused() {
        for text in [
            "",
            "2026",
            "2026-11",
            "2026-1-2",
            "2026-13-01",
            "2026-02-29",
            "1900-02-29",
            "2026-00-10",
            "2026-01-00",
            "2026-11-22T",
            "2026-11-22T10",
            "2026-11-22 10:00",
            "2026-11-22T24:00",
            "2026-11-22T10:60",
            "2026-11-22T10:00:61",
            "2026-11-22T10:00:00.",
            "2026-11-22T10:00:00,5",
            "2026-11-22T10:00.5",
            "2026-11-22T10:00+1",
            "2026-11-22T10:00+0100",
            "2026-11-22T10:00+24:00",
            "2026-11-22Z",
            "2026-11-22T10:00ZZ",
            " 2026-11-22",
            "٢٠٢٦-11-22",
            "20261122",
        ] {
            assert_eq!(Instant::parse(text), Err(InstantError), "{text}");
        }
    }

    #[test]
    fn every_day_survives_the_calendar() {
        let mut expected = (0, 1, 1);
        for days in days_from_civil(0, 1, 1)..=days_from_civil(9999, 12, 31) {
            assert_eq!(civil_from_days(days), expected);
            let (year, month, day) = expected;
            assert_eq!(days_from_civil(year, month, day), days);
            expected = match () {
                () if day < days_in_month(year, month) => (year, month, day + 1),
                () if month < 12 => (year, month + 1, 1),
                () => (year + 1, 1, 1),
            };
        }
    }

    #[test]
    fn durations() {
        const HOUR: i64 = 3_600_000;
        for (text, millis) in [
            ("P1D", 24 * HOUR),
            ("p7dt3h", (7 * 24 + 3) * HOUR),
            ("P2W", 14 * 24 * HOUR),
            ("P1W2D", 9 * 24 * HOUR),
            ("PT30M", HOUR / 2),
            ("PT1H1M1S", HOUR + 61_000),
            ("P0D", 0),
            ("PT0S", 0),
            ("P0001D", 24 * HOUR),
            ("P36525D", MAX_DURATION_MILLIS),
            ("PT36H", 36 * HOUR),
        ] {
            assert_eq!(parse_duration(text), Ok(millis), "{text}");
        }
        for text in [
            "", "P", "PT", "P1DT", "1D", "P1", "PD", "P1H", "P1D2W", "PT1M1H", "P1D1D", "P-1D", "P 1D",
            "P1X", "PTT1H", "PT1D",
        ] {
            assert_eq!(parse_duration(text), Err(DurationError::Malformed), "{text}");
        }
        for text in ["P1Y", "p6m", "P1M1D", "P1Y2M"] {
            assert_eq!(parse_duration(text), Err(DurationError::YearsOrMonths), "{text}");
        }
        for text in ["P1.5D", "PT0,5H"] {
            assert_eq!(parse_duration(text), Err(DurationError::Fraction), "{text}");
        }
        for text in ["P36526D", "P36525DT1S", "P99999999999999999999W"] {
            assert_eq!(parse_duration(text), Err(DurationError::TooLong), "{text}");
        }
    }

    #[test]
    fn shifts_stop_at_the_ends_of_time() {
        assert_eq!(Instant::MAX.saturating_add_millis(i64::MAX), Instant::MAX);
        assert_eq!(Instant::MIN.saturating_add_millis(i64::MIN), Instant::MIN);
        assert_eq!(Instant::from_millis(5).saturating_add_millis(-7).as_millis(), -2);
    }
}

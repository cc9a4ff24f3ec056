//! Points in time as the language knows them: milliseconds since 1970-01-01T00:00:00Z.

use serde::{Deserialize, Serialize};

/// A point in time, in milliseconds since the Unix epoch (UTC). The only unit of time in Muster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Instant(i64);

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
}

//! The small world a history plays in: few tenants, objects and groups, and few values, chosen so
//! that coincidences are frequent and every trap of comparison is stepped on.

use crate::random::Random;
use muster_directory::ObjectKind;

/// An extension attribute that needs no schema.
pub const EXTENSION: &str = "extension_9d98ed114c4840d298fad781915f27e4_Tier";

/// The pools that one history draws from.
pub struct Universe {
    /// Few objects and many groups, so that a predicate is in very many rules.
    pub crowded: bool,
    /// `None` is the tenant of events that name none.
    pub tenants: Vec<Option<&'static str>>,
    /// Ids that are mostly users'.
    pub users: Vec<String>,
    /// Ids that are mostly devices'.
    pub devices: Vec<String>,
    /// Ids of groups.
    pub groups: Vec<String>,
    /// Values of strings.
    pub texts: Vec<String>,
    /// The string attributes of users that this history uses.
    pub user_texts: Vec<TextAttribute>,
    /// Those of devices.
    pub device_texts: Vec<TextAttribute>,
}

/// A string attribute, by the names that it has.
#[derive(Clone, Copy, Debug)]
pub struct TextAttribute {
    /// In rules, and in events.
    pub name: &'static str,
    /// In events.
    pub other: Other,
    /// Only rules of the extended dialect may read it.
    pub extended: bool,
}

/// The other name of an attribute in events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Other {
    /// None.
    None,
    /// This.
    Name(&'static str),
    /// The first element of the array of this name.
    FirstOf(&'static str),
    /// The member of the object of this name.
    Inside(&'static str),
}

const fn text(name: &'static str, other: Other) -> TextAttribute {
    TextAttribute { name, other, extended: false }
}

const USER_TEXTS: &[TextAttribute] = &[
    text("department", Other::None),
    text("city", Other::None),
    text("companyName", Other::None),
    text("mobile", Other::Name("mobilePhone")),
    text("physicalDeliveryOfficeName", Other::Name("officeLocation")),
    text("telephoneNumber", Other::FirstOf("businessPhones")),
    text("sipProxyAddress", Other::FirstOf("imAddresses")),
    text("extensionAttribute1", Other::Inside("onPremisesExtensionAttributes")),
    text("extensionAttribute15", Other::Inside("onPremisesExtensionAttributes")),
    text("mailNickname", Other::None),
    text(EXTENSION, Other::None),
    TextAttribute { name: "ageGroup", other: Other::None, extended: true },
];

const DEVICE_TEXTS: &[TextAttribute] = &[
    text("displayName", Other::None),
    text("deviceOwnership", Other::None),
    text("deviceModel", Other::Name("model")),
    text("deviceOSType", Other::Name("operatingSystem")),
    text("deviceTrustType", Other::Name("trustType")),
    text("extensionAttribute3", Other::Inside("extensionAttributes")),
    TextAttribute { name: "registeredOwner", other: Other::None, extended: true },
];

const TEXTS: &[&str] = &[
    "Sales",
    "\u{17f}ales",
    "SALES ",
    "Marketing",
    "Mark",
    "Stra\u{df}e",
    "STRASSE",
    "Stra\u{1e9e}e",
    "\u{130}stanbul",
    "istanbul",
    "\u{131}stanbul",
    "\u{212a}iosk",
    "kiosk",
    "\u{3a3}\u{3af}\u{3b3}\u{3bc}\u{3b1}\u{3c2}",
    "\u{3c3}\u{3af}\u{3b3}\u{3bc}\u{3b1}\u{3c3}",
    "caf\u{e9}",
    "cafe\u{301}",
    "12.*",
    "12.5",
    "50001",
    "-7",
    "null",
    "true",
    "O'Brien",
    "say \"hi\"",
    "back`tick",
    "back\\slash",
    "line\nbreak",
    "ends\n",
    "Contoso",
    "Contoso Ltd",
    "\u{10400}\u{10401}",
    "\u{1f600}",
    "a",
    "aa",
    "ab",
];

/// Versions of operating systems, good and bad.
pub const VERSIONS: &[&str] = &[
    "10.0.19045",
    "10.0.22631.3007",
    "10",
    "10.0",
    "9.9",
    "10.0.22631",
    "010.0.1",
    "11 beta",
    "beta",
    "10..5",
];

/// Identifiers of service plans.
pub const PLANS: &[&str] = &["9AAF7827-d63c", "9aaf7827-D63C", "efb87545", "exchange"];

/// States of service plans.
pub const STATES: &[&str] = &["Enabled", "ENABLED", "Suspended"];

impl Universe {
    /// One of the many.
    #[must_use]
    pub fn new(random: &mut Random) -> Universe {
        let crowded = random.chance(8);
        let small = crowded || random.chance(50);
        let mut users: Vec<String> = (1..=if small { 6 } else { 16 }).map(|n| format!("u{n}")).collect();
        users.extend(["U1", "\u{fc}ser", "\u{dc}SER", "e", "a b/c", "\u{65e5}\u{672c}"].map(str::to_owned));
        let devices = (1..=if small { 3 } else { 8 }).map(|n| format!("d{n}"));
        let mut groups: Vec<String> =
            (1..=if crowded { 180 } else { random.between(8, 20) }).map(|n| format!("g{n}")).collect();
        groups
            .extend(["G1", "Stra\u{df}e", "STRASSE", "\u{17f}taff", "Staff", "all users"].map(str::to_owned));
        let tenants =
            if crowded || random.chance(70) { vec![None] } else { vec![None, Some("\u{dc}ber GmbH")] };
        let pool = if crowded { 12 } else { random.between(3, 7) };
        let attributes = if crowded { 2 } else { random.between(2, 3) };
        Universe {
            crowded,
            tenants,
            users,
            devices: devices.collect(),
            groups,
            texts: random.some(TEXTS, pool).into_iter().map(str::to_owned).collect(),
            user_texts: random.some(USER_TEXTS, attributes),
            device_texts: random.some(DEVICE_TEXTS, attributes),
        }
    }

    /// The string attributes of this kind of object.
    #[must_use]
    pub fn text_attributes(&self, kind: ObjectKind) -> &[TextAttribute] {
        match kind {
            ObjectKind::User => &self.user_texts,
            ObjectKind::Device => &self.device_texts,
        }
    }

    /// A value, or the same in another case.
    pub fn text(&self, random: &mut Random) -> String {
        let text = random.pick(&self.texts).clone();
        recased(&text, random)
    }
}

/// An instant at which something may happen, not far from `clock`; both in milliseconds.
pub fn instant(clock: i64, random: &mut Random) -> i64 {
    let hours = random.below(24 * 7) as i64 - 24 * 3;
    let hours = if random.chance(70) { hours - hours % 6 } else { hours };
    clock - clock.rem_euclid(6 * 3_600_000) + hours * 3_600_000 + random.weighted(&[1, 8, 1]) as i64 - 1
}

/// Mostly the text itself, now and then in another case.
pub fn recased(text: &str, random: &mut Random) -> String {
    match random.weighted(&[6, 1, 1, 1]) {
        0 => text.to_owned(),
        1 => text.to_ascii_uppercase(),
        2 => text.to_ascii_lowercase(),
        // One code point for one, so that this changes nothing but the case.
        _ => text.chars().map(|c| one_to_one(c, random)).collect(),
    }
}

fn one_to_one(c: char, random: &mut Random) -> char {
    let mut other =
        if random.chance(50) { c.to_uppercase().collect::<Vec<_>>() } else { c.to_lowercase().collect() };
    if other.len() == 1 { other.remove(0) } else { c }
}

/// RFC 3339, in one of the forms that L11 allows.
pub fn written_instant(millis: i64, random: &mut Random) -> String {
    let offset_minutes = *random.pick(&[0, 0, 0, 60, -330, 840]);
    let local = millis + offset_minutes * 60_000;
    let (days, time) = (local.div_euclid(86_400_000), local.rem_euclid(86_400_000));
    let (year, month, day) = date(days);
    let (seconds, fraction) = (time / 1000, time % 1000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let mut text = format!("{year:04}-{month:02}-{day:02}");
    if time == 0 && offset_minutes == 0 && random.chance(60) {
        return text;
    }
    text += &format!("T{hour:02}:{minute:02}");
    if (second, fraction) != (0, 0) || random.chance(70) {
        text += &format!(":{second:02}");
        if fraction != 0 || random.chance(20) {
            text += &format!(".{fraction:03}");
            text += *random.pick(&["", "", "9", "999999"]);
        }
    }
    if offset_minutes == 0 {
        text += *random.pick(&["Z", "Z", "z", "+00:00", ""]);
    } else {
        let sign = if offset_minutes < 0 { '-' } else { '+' };
        text += &format!("{sign}{:02}:{:02}", offset_minutes.abs() / 60, offset_minutes.abs() % 60);
    }
    text
}

fn date(mut days: i64) -> (i64, i64, i64) {
    let leap = |year: i64| i64::from(year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
    let mut year = 1970;
    while days >= 365 + leap(year) {
        days -= 365 + leap(year);
        year += 1;
    }
    let lengths = [31, 28 + leap(year), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    for (month, length) in (1..).zip(lengths) {
        if days < length {
            return (year, month, days + 1);
        }
        days -= length;
    }
    unreachable!("a year has no more days than its months")
}

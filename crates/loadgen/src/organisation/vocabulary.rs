//! The words that values are made of.

const FIRST: [&str; 20] = [
    "North", "South", "Field", "Global", "Cloud", "Retail", "Legal", "Human", "Supply", "Market", "Plant",
    "Data", "Trade", "Risk", "Fleet", "Brand", "Store", "Partner", "Quality", "Energy",
];
const SECOND: [&str; 10] = [
    "Sales",
    "Support",
    "Research",
    "Finance",
    "Services",
    "Logistics",
    "Design",
    "Control",
    "Planning",
    "Security",
];

/// Given names, the most frequent first.
pub const GIVEN_NAMES: [&str; 24] = [
    "Anna", "Ben", "Chiara", "David", "Elif", "Felix", "Grace", "Hugo", "Ines", "Jonas", "Kim", "Lena",
    "Milo", "Nora", "Omar", "Paula", "Quinn", "Rosa", "Sven", "Tara", "Uma", "Viktor", "Wanda", "Yusuf",
];

/// Family names, the most frequent first.
pub const FAMILY_NAMES: [&str; 24] = [
    "Martin", "Novak", "Silva", "Jensen", "Kaya", "Larsson", "Moreau", "Nielsen", "Okafor", "Petrov",
    "Rossi", "Schmidt", "Tanaka", "Ueda", "Vargas", "Weber", "Yilmaz", "Zhang", "Bauer", "Costa", "Dubois",
    "Eriksen", "Fischer", "Garcia",
];

/// Mail domains, the most frequent first.
pub const DOMAINS: [&str; 16] = [
    "contoso.example",
    "fabrikam.example",
    "adatum.example",
    "tailspin.example",
    "northwind.example",
    "litware.example",
    "wingtip.example",
    "proseware.example",
    "woodgrove.example",
    "fourthcoffee.example",
    "relecloud.example",
    "lamna.example",
    "munson.example",
    "trey.example",
    "vanarsdel.example",
    "wideworld.example",
];

/// A service plan that users may be assigned.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// `servicePlanId`.
    pub id: &'static str,
    /// `service`.
    pub service: &'static str,
}

/// Service plans, the most frequent first.
pub const PLANS: [Plan; 10] = [
    Plan { id: "efb87545-963c-4e0d-99df-69c6916d9eb0", service: "exchange" },
    Plan { id: "57ff2da0-773e-42df-b2af-ffb7a2317929", service: "TeamspaceAPI" },
    Plan { id: "5dbe027f-2339-4123-9542-606e4d348a72", service: "SharePoint" },
    Plan { id: "c1ec4a95-1f05-45b3-a911-aa3fa01094f5", service: "SCO" },
    Plan { id: "41781fb2-bc02-4b7c-bd55-b576c07bb09d", service: "AADPremiumService" },
    Plan { id: "bea4c11e-220a-4e6d-8eb8-8ea15d019f90", service: "RMSOnline" },
    Plan { id: "43de0ff5-c92c-492b-9116-175376d08c38", service: "MicrosoftOffice" },
    Plan { id: "a23b959c-7ce8-4e57-9140-b90eb88a9e97", service: "Sway" },
    Plan { id: "7547a3fe-08ee-4ccb-b430-5077c5041653", service: "YammerEnterprise" },
    Plan { id: "b737dad2-2f6c-4c65-90e3-ca563267e8b9", service: "ProjectWorkManagement" },
];

/// The share of the users that have the plan of this rank, from 0.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "ten plans")]
pub fn plan_share(rank: usize) -> f64 {
    0.6 / (rank + 1) as f64
}

/// Of the users that have a plan, this share has it enabled.
pub(crate) const PLAN_ENABLED: f64 = 0.9;

/// The name of the n-th value: a few words, so that prefixes and substrings mean something.
pub(super) fn word(n: usize) -> String {
    let first = FIRST.get(n % FIRST.len()).copied().unwrap_or_default();
    let second = SECOND.get(n / FIRST.len() % SECOND.len()).copied().unwrap_or_default();
    match n / (FIRST.len() * SECOND.len()) {
        0 => format!("{first} {second}"),
        more => format!("{first} {second} {more}"),
    }
}

//! Parsing and checking a rule, lints included: what an editor asks for on each key press.
//!
//! Rules as people publish them, valid and not. Beside each time stands its ratio to a baseline measured in the
//! same run, reading the JSON of the group that carries the rule, so that figures of two machines can be compared.
#![expect(clippy::expect_used, reason = "a bench that cannot run should stop")]

use muster_rule::{Dialect, Schema, check};
use serde_json::{Value, json};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// What a typical rule may take.
const LIMIT: Duration = Duration::from_micros(20);
/// Each measurement is the best of so many batches: others have the machine, too.
const BATCHES: usize = 30;
const BATCH: u32 = 1_000;

const RULES: &[(&str, &str)] = &[
    ("one comparison", r#"user.department -eq "Sales""#),
    ("guests", r#"(user.userType -eq "Guest") -and (user.companyName -eq "Contoso")"#),
    (
        "licensed staff",
        r#"(user.accountEnabled -eq true) -and (user.userType -eq "Member") -and (user.assignedPlans -any (assignedPlan.servicePlanId -eq "efb87545-963c-4e0d-99df-69c6916d9eb0" -and assignedPlan.capabilityStatus -eq "Enabled"))"#,
    ),
    (
        "devices",
        r#"(device.deviceOSType -eq "Windows") -and (device.deviceOSVersion -startsWith "10.0.2") -and (device.deviceOwnership -eq "Company") -and (device.devicePhysicalIds -any (_ -startsWith "[ZTDId]"))"#,
    ),
    (
        "a list",
        r#"user.city -in ["Oslo", "Bergen", "Trondheim", "Stavanger", "Tromsø"] -and user.country -ne null"#,
    ),
    (
        "a date",
        r#"(user.employeeHireDate -ge system.now -minus P7D) -and (user.employeeHireDate -le system.now -plus P14D)"#,
    ),
    (
        "a pattern",
        r#"(user.mail -match "^[a-z]+\.[a-z]+@contoso\.(com|org)$") -and (user.accountEnabled -eq true)"#,
    ),
    ("three mistakes", r#"user.departmnt = "Sales" and user.city -eq Oslo"#),
];

fn main() {
    let schema = Schema::default();
    println!("{:<16} {:>9} {:>12} {:>8}", "rule", "µs", "JSON, µs", "ratio");
    let mut slow = Vec::new();
    for (name, text) in RULES {
        let checking = best(|| drop(black_box(check(black_box(text), Dialect::Entra, &schema))));
        let json = json!({"id": "62e19b97-8b3d-4d4a-a106-4ce66896a863", "displayName": name, "membershipRule": text});
        let json = json.to_string();
        let reading = best(|| {
            drop(black_box(serde_json::from_str::<Value>(black_box(&json)).expect("JSON")));
        });
        let (checking_micros, reading_micros) = (micros(checking), micros(reading));
        let ratio = checking_micros / reading_micros;
        println!("{name:<16} {checking_micros:>9.2} {reading_micros:>12.2} {ratio:>8.1}");
        if checking > LIMIT {
            slow.push(*name);
        }
    }
    if slow.is_empty() {
        println!("each in less than {} µs", LIMIT.as_micros());
    } else {
        println!("more than {} µs: {}", LIMIT.as_micros(), slow.join(", "));
    }
}

/// The shortest mean of a batch.
fn best(mut work: impl FnMut()) -> Duration {
    let batch = |_| {
        let began = Instant::now();
        (0..BATCH).for_each(|_| work());
        began.elapsed() / BATCH
    };
    (0..BATCHES).map(batch).min().unwrap_or_default()
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

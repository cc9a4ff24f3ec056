use super::*;
use muster_directory::licence::{Assignee, Capability};
use muster_rule::Schema;
use std::sync::Arc;

fn read(line: &str) -> Result<LicensingInput, Rejection> {
    decode_licensing(line.as_bytes(), &Arc::new(Schema::default()))
}

fn refused(line: &str, code: RejectionCode, words: &str) {
    let rejection = read(line).unwrap_err();
    assert_eq!(rejection.code, code, "{rejection}");
    assert!(rejection.message.contains(words), "{rejection}");
}

#[test]
fn a_product_is_read() {
    let line = r#"{"kind":"product","op":"upsert","id":"s1","data":{"skuPartNumber":"EMSPREMIUM",
        "prepaidUnits":{"enabled":25,"warning":0},"gracePeriod":"P1D","capabilityStatus":"LockedOut",
        "servicePlans":[{"servicePlanId":"p2","servicePlanName":"INTUNE_A","dependsOn":["p1"],
        "excludes":["p9","p3"],"prohibitedIn":["cn"],"unique":"proxyAddresses"},{"servicePlanId":"p1"}]}}"#;
    let LicensingInput::Product(tenant, sku, Some(product)) = read(line).unwrap() else { panic!() };
    assert_eq!((tenant.as_str(), sku.as_str()), ("default", "s1"));
    assert_eq!(product.part_number.as_deref(), Some("EMSPREMIUM"));
    assert_eq!((product.enabled_units, product.grace_millis), (25, 86_400_000));
    assert_eq!(product.capability, Capability::Suspended);
    let [first, second] = product.service_plans.as_slice() else { panic!() };
    assert_eq!((first.id.as_str(), second.id.as_str()), ("p1", "p2"));
    assert_eq!(second.excludes.iter().map(|id| id.as_str()).collect::<Vec<_>>(), ["p3", "p9"]);
    assert_eq!(second.prohibited_in[0].as_str(), "CN");
    assert!(second.unique.is_some());
    let gone = r#"{"kind":"product","op":"delete","id":"s1"}"#;
    assert!(matches!(read(gone), Ok(LicensingInput::Product(_, _, None))));
}

#[test]
fn an_assignment_is_to_a_group_or_to_a_user() {
    let line = r#"{"kind":"licenseAssignment","op":"upsert","group":"g1","data":{"priority":-2,
        "assignedLicenses":[{"skuId":"b","disabledPlans":["p2","p1"]},{"skuId":"a"}]}}"#;
    let LicensingInput::Assignment(_, Assignee::Group(group), Some(assignment)) = read(line).unwrap() else {
        panic!()
    };
    assert_eq!((group.as_str(), assignment.priority), ("g1", -2));
    let skus: Vec<&str> = assignment.licences.iter().map(|licence| licence.sku.as_str()).collect();
    assert_eq!(skus, ["a", "b"]);
    assert_eq!(assignment.licences[1].disabled_plans[0].as_str(), "p1");
    let end = r#"{"kind":"licenseAssignment","op":"delete","tenant":"t","user":"u1"}"#;
    let LicensingInput::Assignment(tenant, Assignee::User(user), None) = read(end).unwrap() else { panic!() };
    assert_eq!((tenant.as_str(), user.as_str()), ("t", "u1"));
}

#[test]
fn a_tenants_settings_are_named_either_way() {
    let line = |names: &str| {
        let line = format!(
            r#"{{"kind":"tenant","op":"upsert",{names},"data":{{"usageLocation":"us","settleTime":"PT5M","removalBrake":9}}}}"#
        );
        let LicensingInput::Settings(tenant, Some(settings)) = read(&line)? else { panic!() };
        assert_eq!(settings.usage_location.unwrap().as_str(), "US");
        assert_eq!((settings.settle_millis, settings.removal_brake), (300_000, Some(9)));
        Ok::<_, Rejection>(tenant.as_str().to_owned())
    };
    assert_eq!(line(r#""id":"default""#).unwrap(), "default");
    assert_eq!(line(r#""id":"t""#).unwrap(), "t");
    assert_eq!(line(r#""id":"default","tenant":"t""#).unwrap(), "t");
    assert!(line(r#""id":"s","tenant":"t""#).unwrap_err().message.contains("give one of them"));
}

#[test]
fn delta_lines_read_back_as_they_were_written() {
    use crate::write_delta;
    let lines = [
        r#"{"tenant":"default","groupId":"g1","memberId":"u1","memberType":"user","change":"added","sequence":1,"time":"2026-11-22T10:00:00.012Z","event":{"index":1,"count":2},"cause":{"type":"change","attributes":["companyName","userType"],"source":{"topic":"muster.changes","partition":0,"offset":17}}}"#,
        r#"{"tenant":"t","groupId":"g1","memberId":"d1","memberType":"device","change":"removed","partition":3,"sequence":9,"time":"2026-11-22T10:00:00.012Z","cause":{"type":"change","attributes":[],"object":"deleted","time":"2026-11-22","source":{"file":"e.jsonl","line":3}}}"#,
        r#"{"tenant":"t","groupId":"g1","memberId":"d1","memberType":"device","change":"removed","sequence":9,"time":"2026-11-22T10:00:00.012Z","cause":{"type":"rule","version":7,"source":{"file":"e.jsonl","line":3}}}"#,
        r#"{"tenant":"t","groupId":"g1","memberId":"d1","memberType":"user","change":"added","sequence":9,"time":"2026-11-22T10:00:00.012Z","cause":{"type":"clock","source":{"file":"e.jsonl","line":3}}}"#,
        r#"{"tenant":"t","groupId":"g1","memberId":"d1","memberType":"user","change":"added","sequence":9,"time":"2026-11-22T10:00:00.012Z","cause":{"type":"memberOf","group":"s","source":{"file":"e.jsonl","line":3}}}"#,
        r#"{"tenant":"t","groupId":"g1","memberId":"d1","memberType":"user","change":"added","sequence":9,"time":"2026-11-22T10:00:00.012Z","cause":{"type":"member","source":{"file":"e.jsonl","line":3}}}"#,
    ];
    for line in lines {
        let LicensingInput::Delta(partition, delta) = read(line).unwrap() else { panic!() };
        let mut written = Vec::new();
        write_delta(&mut written, &delta, (partition > 0).then_some(partition));
        assert_eq!(String::from_utf8(written).unwrap().trim_end(), line);
    }
}

#[test]
fn other_lines_are_read_as_everywhere() {
    let user = r#"{"kind":"user","op":"patch","id":"u1","data":{"usageLocation":"DE"}}"#;
    assert!(matches!(read(user), Ok(LicensingInput::Event(_))));
    let confirm = r#"{"kind":"removal","op":"confirm","id":"17"}"#;
    let LicensingInput::ConfirmRemoval(_, 17) = read(confirm).unwrap() else { panic!() };
}

#[test]
fn what_is_not_understood_is_refused_with_a_guess() {
    let invalid = RejectionCode::InvalidLicensing;
    refused(r#"{"kind":"produkt","op":"upsert"}"#, RejectionCode::UnknownKind, "did you mean `product`?");
    refused(r#"{"kind":"product","op":"patch","id":"s","data":{}}"#, RejectionCode::UnknownOp, "patch");
    refused(
        r#"{"kind":"product","op":"upsert","id":"s","data":{"prepaidUnit":{"enabled":1}}}"#,
        invalid,
        "did you mean `prepaidUnits`?",
    );
    refused(
        r#"{"kind":"product","op":"upsert","id":"s","data":{"prepaidUnits":{"enabled":-1}}}"#,
        invalid,
        "0 or more",
    );
    refused(
        r#"{"kind":"product","op":"upsert","id":"s","data":{"prepaidUnits":{"enabled":1},"gracePeriod":"P1M"}}"#,
        invalid,
        "give weeks or days",
    );
    refused(
        r#"{"kind":"licenseAssignment","op":"upsert","group":"g","data":{"assignedLicenses":[{"skuid":"a"}]}}"#,
        invalid,
        "did you mean `skuId`?",
    );
    refused(
        r#"{"kind":"licenseAssignment","op":"upsert","group":"g","user":"u","data":{"assignedLicenses":[]}}"#,
        invalid,
        "give one of them",
    );
    refused(r#"{"kind":"licenseAssignment","op":"delete"}"#, invalid, "say who gets licences");
    refused(r#"{"kind":"removal","op":"confirm","id":"x"}"#, invalid, "no number of a removal");
    refused(r#"{"groupID":"g"}"#, RejectionCode::InvalidEvent, "did you mean `groupId`?");
}

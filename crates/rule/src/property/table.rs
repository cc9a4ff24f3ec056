//! The rows of the property table. A code, once given, belongs to its attribute for ever: it is on
//! disk. New attributes take the next free code; a retired one keeps its line as a comment.

use super::{Alias, Author, Intake, StandardAttribute};
use crate::AttributeType::{
    Boolean, DateTime, Memberships, ObjectCollection, Reference, String as Text, StringCollection,
};
use crate::{AttributeType, Dialect, ObjectKind};

/// Code minus position in [`USERS`].
pub(super) const FIRST_USER_CODE: u16 = 1;
/// Code minus position in [`DEVICES`].
pub(super) const FIRST_DEVICE_CODE: u16 = 1001;

/// Attributes of users, by code.
pub(super) static USERS: &[StandardAttribute] = &[
    user(1, "objectId", Text).also("id"),
    user(2, "accountEnabled", Boolean),
    user(3, "dirSyncEnabled", Boolean).also("onPremisesSyncEnabled"),
    user(4, "employeeHireDate", DateTime),
    user(5, "city", Text),
    user(6, "country", Text),
    user(7, "companyName", Text),
    user(8, "department", Text),
    user(9, "displayName", Text).written_by(Author::Guest),
    user(10, "employeeId", Text),
    user(11, "facsimileTelephoneNumber", Text).also("faxNumber"),
    user(12, "givenName", Text),
    user(13, "jobTitle", Text),
    user(14, "mail", Text).written_by(Author::Guest),
    user(15, "employeeType", Text),
    user(16, "mailNickname", Text),
    user(17, "mobile", Text).also("mobilePhone").written_by(Author::Owner),
    user(18, "onPremisesDistinguishedName", Text),
    user(19, "onPremisesSecurityIdentifier", Text),
    user(20, "passwordPolicies", Text),
    user(21, "physicalDeliveryOfficeName", Text).also("officeLocation"),
    user(22, "postalCode", Text),
    user(23, "preferredLanguage", Text).written_by(Author::Owner),
    user(24, "sipProxyAddress", Text).first_of("imAddresses"),
    user(25, "state", Text),
    user(26, "streetAddress", Text),
    user(27, "surname", Text),
    user(28, "telephoneNumber", Text).first_of("businessPhones"),
    user(29, "usageLocation", Text),
    user(30, "userPrincipalName", Text).written_by(Author::Guest),
    user(31, "userType", Text),
    user(32, "extensionAttribute1", Text).inside("onPremisesExtensionAttributes.extensionAttribute1"),
    user(33, "extensionAttribute2", Text).inside("onPremisesExtensionAttributes.extensionAttribute2"),
    user(34, "extensionAttribute3", Text).inside("onPremisesExtensionAttributes.extensionAttribute3"),
    user(35, "extensionAttribute4", Text).inside("onPremisesExtensionAttributes.extensionAttribute4"),
    user(36, "extensionAttribute5", Text).inside("onPremisesExtensionAttributes.extensionAttribute5"),
    user(37, "extensionAttribute6", Text).inside("onPremisesExtensionAttributes.extensionAttribute6"),
    user(38, "extensionAttribute7", Text).inside("onPremisesExtensionAttributes.extensionAttribute7"),
    user(39, "extensionAttribute8", Text).inside("onPremisesExtensionAttributes.extensionAttribute8"),
    user(40, "extensionAttribute9", Text).inside("onPremisesExtensionAttributes.extensionAttribute9"),
    user(41, "extensionAttribute10", Text).inside("onPremisesExtensionAttributes.extensionAttribute10"),
    user(42, "extensionAttribute11", Text).inside("onPremisesExtensionAttributes.extensionAttribute11"),
    user(43, "extensionAttribute12", Text).inside("onPremisesExtensionAttributes.extensionAttribute12"),
    user(44, "extensionAttribute13", Text).inside("onPremisesExtensionAttributes.extensionAttribute13"),
    user(45, "extensionAttribute14", Text).inside("onPremisesExtensionAttributes.extensionAttribute14"),
    user(46, "extensionAttribute15", Text).inside("onPremisesExtensionAttributes.extensionAttribute15"),
    user(47, "otherMails", StringCollection).written_by(Author::Guest),
    user(48, "proxyAddresses", StringCollection),
    user(49, "assignedPlans", ObjectCollection).of("assignedPlan", &PLAN_MEMBERS),
    user(50, "memberOf", Memberships).of("group", &["objectId"]),
    user(51, "manager", Reference).extended(),
    user(52, "assignedLicenses", ObjectCollection).of("assignedLicense", &["skuId"]).extended(),
    user(53, "createdDateTime", DateTime).extended(),
    user(54, "employeeLeaveDateTime", DateTime).extended(),
    user(55, "ageGroup", Text).extended(),
];

/// Attributes of devices, by code.
pub(super) static DEVICES: &[StandardAttribute] = &[
    device(1001, "objectId", Text).also("id"),
    device(1002, "accountEnabled", Boolean),
    device(1003, "isRooted", Boolean),
    device(1004, "deviceCategory", Text).written_by(Author::Owner),
    device(1005, "deviceId", Text),
    device(1006, "deviceManagementAppId", Text).also("mdmAppId"),
    device(1007, "deviceManufacturer", Text).also("manufacturer"),
    device(1008, "deviceModel", Text).also("model"),
    device(1009, "displayName", Text).written_by(Author::Owner),
    device(1010, "deviceOSType", Text).also("operatingSystem"),
    device(1011, "deviceOSVersion", Text).also("operatingSystemVersion"),
    device(1012, "deviceOwnership", Text),
    device(1013, "deviceTrustType", Text).also("trustType"),
    device(1014, "enrollmentProfileName", Text),
    device(1015, "managementType", Text),
    device(1016, "profileType", Text),
    device(1017, "extensionAttribute1", Text).inside("extensionAttributes.extensionAttribute1"),
    device(1018, "extensionAttribute2", Text).inside("extensionAttributes.extensionAttribute2"),
    device(1019, "extensionAttribute3", Text).inside("extensionAttributes.extensionAttribute3"),
    device(1020, "extensionAttribute4", Text).inside("extensionAttributes.extensionAttribute4"),
    device(1021, "extensionAttribute5", Text).inside("extensionAttributes.extensionAttribute5"),
    device(1022, "extensionAttribute6", Text).inside("extensionAttributes.extensionAttribute6"),
    device(1023, "extensionAttribute7", Text).inside("extensionAttributes.extensionAttribute7"),
    device(1024, "extensionAttribute8", Text).inside("extensionAttributes.extensionAttribute8"),
    device(1025, "extensionAttribute9", Text).inside("extensionAttributes.extensionAttribute9"),
    device(1026, "extensionAttribute10", Text).inside("extensionAttributes.extensionAttribute10"),
    device(1027, "extensionAttribute11", Text).inside("extensionAttributes.extensionAttribute11"),
    device(1028, "extensionAttribute12", Text).inside("extensionAttributes.extensionAttribute12"),
    device(1029, "extensionAttribute13", Text).inside("extensionAttributes.extensionAttribute13"),
    device(1030, "extensionAttribute14", Text).inside("extensionAttributes.extensionAttribute14"),
    device(1031, "extensionAttribute15", Text).inside("extensionAttributes.extensionAttribute15"),
    device(1032, "devicePhysicalIds", StringCollection).also("physicalIds"),
    device(1033, "systemLabels", StringCollection),
    device(1034, "memberOf", Memberships).of("group", &["objectId"]),
    device(1035, "isCompliant", Boolean).extended(),
    device(1036, "isManaged", Boolean).extended(),
    device(1037, "approximateLastSignInDateTime", DateTime).extended(),
    device(1038, "registeredOwner", Text).extended(),
];

const PLAN_MEMBERS: [&str; 3] = ["servicePlanId", "service", "capabilityStatus"];

const fn user(code: u16, name: &'static str, value_type: AttributeType) -> StandardAttribute {
    row(ObjectKind::User, code, name, value_type)
}

const fn device(code: u16, name: &'static str, value_type: AttributeType) -> StandardAttribute {
    row(ObjectKind::Device, code, name, value_type)
}

const fn row(
    object: ObjectKind,
    code: u16,
    name: &'static str,
    value_type: AttributeType,
) -> StandardAttribute {
    StandardAttribute {
        code,
        object,
        name,
        value_type,
        members: &[],
        element: None,
        alias: None,
        dialect: Dialect::Entra,
        author: Author::Administrator,
    }
}

impl StandardAttribute {
    const fn also(self, name: &'static str) -> StandardAttribute {
        self.with_alias(name, Intake::Whole)
    }

    const fn first_of(self, name: &'static str) -> StandardAttribute {
        self.with_alias(name, Intake::First)
    }

    const fn inside(self, path: &'static str) -> StandardAttribute {
        self.with_alias(path, Intake::Nested)
    }

    const fn with_alias(mut self, name: &'static str, intake: Intake) -> StandardAttribute {
        self.alias = Some(Alias { name, intake });
        self
    }

    const fn of(mut self, element: &'static str, members: &'static [&'static str]) -> StandardAttribute {
        self.element = Some(element);
        self.members = members;
        self
    }

    const fn extended(mut self) -> StandardAttribute {
        self.dialect = Dialect::Extended;
        self
    }

    const fn written_by(mut self, author: Author) -> StandardAttribute {
        self.author = author;
        self
    }
}

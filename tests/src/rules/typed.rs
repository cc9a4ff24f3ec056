//! Tests of booleans, dates, integers and versions, and of attributes that the schema may declare.

use super::Writer;
use crate::universe::{VERSIONS, instant};
use muster_directory::ObjectKind;

impl Writer<'_> {
    pub(super) fn boolean_comparison(&mut self) {
        let names: &[&str] = match (self.kind, self.extended) {
            (ObjectKind::User, _) => &["accountEnabled", "dirSyncEnabled"],
            (ObjectKind::Device, false) => &["accountEnabled", "isRooted"],
            (ObjectKind::Device, true) => &["isRooted", "isCompliant"],
        };
        let name = *self.text.random().pick(names);
        self.property(name);
        let operator = *self.text.random().pick(&["eq", "eq", "ne"]);
        self.text.operator(operator);
        if self.text.random().chance(20) {
            self.text.null();
        } else {
            let truth = self.text.random().chance(50);
            self.text.boolean(truth);
        }
    }

    pub(super) fn date_comparison(&mut self) {
        let names: &[&str] = match (self.kind, self.extended) {
            (ObjectKind::User, false) => &["employeeHireDate"],
            (ObjectKind::User, true) => &["employeeHireDate", "createdDateTime", "employeeLeaveDateTime"],
            (ObjectKind::Device, true) => &["approximateLastSignInDateTime"],
            (ObjectKind::Device, false) => return self.boolean_comparison(),
        };
        let name = *self.text.random().pick(names);
        self.property(name);
        self.date_test();
    }

    pub(super) fn date_test(&mut self) {
        match self.text.random().weighted(&[1, 2, 12]) {
            0 => {
                let operator = *self.text.random().pick(&["eq", "ne"]);
                self.text.operator(operator);
                self.text.null();
            }
            1 => {
                let operators: &[&str] = if self.extended {
                    &["eq", "ne", "le", "ge", "lt", "gt"]
                } else {
                    &["eq", "ne", "le", "ge"]
                };
                let operator = *self.text.random().pick(operators);
                self.text.operator(operator);
                let instant = instant(self.clock, self.text.random());
                self.text.instant(instant);
            }
            _ => {
                let operators: &[&str] =
                    if self.extended { &["le", "ge", "lt", "gt"] } else { &["le", "ge"] };
                let operator = *self.text.random().pick(operators);
                self.text.operator(operator);
                let shift = self.text.random().below(12) as i64 * 12 - 72;
                self.text.now(shift);
            }
        }
    }

    /// An attribute that the tenant may have declared, or not.
    pub(super) fn declared(&mut self) {
        if self.kind == ObjectKind::Device {
            self.text.name("device.slot");
            return self.integer_test();
        }
        match self.text.random().below(6) {
            0 | 1 => {
                self.text.name("user.level");
                self.integer_test();
            }
            2 => {
                self.text.name("user.badge");
                let operator = *self.text.random().pick(&["eq", "ne"]);
                self.text.operator(operator);
                let truth = self.text.random().chance(50);
                self.text.boolean(truth);
            }
            3 => {
                self.text.name("user.costCenter");
                self.text_test();
            }
            4 => {
                self.text.name("user.review");
                self.date_test();
            }
            _ => {
                self.text.name("user.skills");
                self.text_test();
            }
        }
    }

    pub(super) fn integer_test(&mut self) {
        match self.text.random().weighted(&[5, 1, 3, 8]) {
            0 => {
                // The one test that a string attribute of the same name passes too.
                let operator = *self.text.random().pick(&["eq", "ne"]);
                self.text.operator(operator);
                let number = self.number();
                self.text.text(&number);
            }
            1 => {
                let operator = *self.text.random().pick(&["eq", "ne"]);
                self.text.operator(operator);
                self.text.null();
            }
            2 => {
                let operator = *self.text.random().pick(&["in", "notIn"]);
                self.text.operator(operator);
                self.list(2, Self::number);
            }
            _ => {
                let operator = *self.text.random().pick(&["le", "ge", "lt", "gt"]);
                self.text.operator(operator);
                let number = self.number();
                self.text.text(&number);
            }
        }
    }

    pub(super) fn number(&mut self) -> String {
        self.text
            .random()
            .pick(&["-7", "0", "3", "5", "5", "9", "9223372036854775807", "-9223372036854775808"])
            .to_string()
    }

    pub(super) fn version(&mut self) {
        self.text.name("device.deviceOSVersion");
        let version = self.text.random().pick(VERSIONS).to_string();
        if self.extended
            && !version.contains("..")
            && version.bytes().all(|b| b.is_ascii_digit() || b == b'.')
            && self.text.random().chance(60)
        {
            let operator = *self.text.random().pick(&["le", "ge", "lt", "gt"]);
            self.text.operator(operator);
            self.text.text(&version);
        } else {
            let operator = *self.text.random().pick(&["eq", "ne", "startsWith", "notStartsWith"]);
            self.text.operator(operator);
            self.text.text(&version);
        }
    }
}

//! Collections: plain operators, quantifiers over their elements, and memberships.

use super::{TEXT_OPERATORS, Writer};
use crate::universe::{PLANS, STATES, recased};
use muster_directory::ObjectKind;

impl Writer<'_> {
    fn collection(&mut self) -> &'static str {
        let names: &[&str] = match self.kind {
            ObjectKind::User => &["otherMails", "proxyAddresses"],
            ObjectKind::Device => &["devicePhysicalIds", "systemLabels"],
        };
        names[self.text.random().below(names.len())]
    }

    /// A plain operator on a collection: `-any` in disguise.
    pub(super) fn collection_comparison(&mut self) {
        if self.kind == ObjectKind::User && self.text.random().chance(20) {
            self.text.name("user.assignedPlans");
            let operator = *self.text.random().pick(&["eq", "ne"]);
            self.text.operator(operator);
            self.text.null();
            return;
        }
        let name = self.collection();
        self.property(name);
        self.text_test();
    }

    pub(super) fn quantified(&mut self, alone: bool) {
        let plans = self.kind == ObjectKind::User && self.text.random().chance(50);
        let (name, element): (&str, Element) = if plans && self.extended && self.text.random().chance(20) {
            ("assignedLicenses", Element::License)
        } else if plans {
            ("assignedPlans", Element::Plan)
        } else {
            (self.collection(), Element::Text)
        };
        self.property(name);
        let quantifier = *self.text.random().pick(&["any", "any", "all"]);
        self.text.operator(quantifier);
        if alone && self.text.random().chance(50) {
            // Bare: exactly one comparison, and nothing after it at this level.
            self.element_comparison(element);
            return;
        }
        self.text.mark("(");
        let depth = self.text.random().below(3);
        self.element(element, depth);
        self.text.mark(")");
    }

    pub(super) fn element(&mut self, element: Element, depth: usize) {
        let choice = if depth == 0 { 0 } else { self.text.random().weighted(&[2, 4, 2, 1]) };
        let operator = match choice {
            0 => return self.element_comparison(element),
            1 => "and",
            2 => "or",
            _ => {
                self.text.operator("not");
                self.text.mark("(");
                self.element(element, depth - 1);
                self.text.mark(")");
                return;
            }
        };
        self.element_comparison(element);
        self.text.operator(operator);
        if self.text.random().chance(50) {
            self.element_comparison(element);
        } else {
            self.text.mark("(");
            self.element(element, depth - 1);
            self.text.mark(")");
        }
    }

    pub(super) fn element_comparison(&mut self, element: Element) {
        let (member, pool): (&str, &[&str]) = match element {
            Element::Text => {
                self.text.mark("_");
                return self.text_test();
            }
            Element::License => ("assignedLicense.skuId", PLANS),
            Element::Plan => match self.text.random().below(3) {
                0 => ("assignedPlan.servicePlanId", PLANS),
                1 => ("assignedPlan.capabilityStatus", STATES),
                _ => ("assignedPlan.service", PLANS),
            },
        };
        self.text.name(member);
        match self.text.random().weighted(&[10, 3, 2, 2, 1]) {
            0 => {
                let operator = *self.text.random().pick(&["eq", "eq", "ne"]);
                self.text.operator(operator);
                let value = *self.text.random().pick(pool);
                self.text.text(value);
            }
            1 => {
                let operator = *self.text.random().pick(&["eq", "ne"]);
                self.text.operator(operator);
                self.text.null();
            }
            2 => {
                let operator = *self.text.random().pick(&["in", "notIn"]);
                self.text.operator(operator);
                self.list(2, |this| this.text.random().pick(pool).to_string());
            }
            3 => {
                let operator = *self.text.random().pick(TEXT_OPERATORS);
                self.text.operator(operator);
                let value = self.text.random().pick(pool)[..3].to_owned();
                self.text.text(&value);
            }
            _ => {
                self.text.operator("eq");
                self.text.string("");
            }
        }
    }

    pub(super) fn member_of(&mut self) {
        let parentheses = if self.text.odd(20) { self.text.random().between(1, 2) } else { 0 };
        (0..parentheses).for_each(|_| self.text.mark("("));
        self.property("memberOf");
        self.text.operator("any");
        self.text.mark("(");
        self.text.name("group.objectId");
        let count = self.text.random().weighted(&[0, 5, 3, 1, 1]);
        if self.extended && count == 1 && self.text.random().chance(40) {
            self.text.operator("eq");
            let group = self.group();
            self.text.string(&group);
        } else {
            self.text.operator("in");
            self.text.mark("[");
            for index in 0..count {
                if index > 0 {
                    self.text.mark(",");
                }
                let group = self.group();
                self.text.string(&group);
            }
            self.text.mark("]");
        }
        self.text.mark(")");
        (0..parentheses).for_each(|_| self.text.mark(")"));
    }

    pub(super) fn group(&mut self) -> String {
        if self.text.random().chance(8) {
            return "no such group".to_owned();
        }
        let group = self.text.random().pick(&self.universe.groups).clone();
        recased(&group, self.text.random())
    }
}

/// What the elements of a collection are.
#[derive(Clone, Copy)]
pub(super) enum Element {
    Text,
    Plan,
    License,
}

//! Tests of one text: equality, null, parts, lists, patterns.

use super::{TEXT_OPERATORS, Writer};
use crate::universe::{TextAttribute, recased};
use muster_directory::ObjectKind;

impl Writer<'_> {
    pub(super) fn text_comparison(&mut self) {
        let allowed: Vec<TextAttribute> = self
            .universe
            .text_attributes(self.kind)
            .iter()
            .filter(|a| self.extended || !a.extended)
            .copied()
            .collect();
        let name = if allowed.is_empty() { "displayName" } else { self.text.random().pick(&allowed).name };
        self.property(name);
        self.text_test();
    }

    pub(super) fn text_of(&mut self, property: &str) {
        self.text.name(property);
        let value = self.text.random().pick(&self.universe.users).clone();
        let value = recased(&value, self.text.random());
        self.text.operator("eq");
        self.text.text(&value);
    }

    /// An operator and its operand, over a text.
    pub(super) fn text_test(&mut self) {
        match self.text.random().weighted(&[35, 8, 22, 16, 10, 3]) {
            0 => self.equality(),
            1 => {
                let operator = *self.text.random().pick(&["eq", "ne"]);
                self.text.operator(operator);
                self.text.null();
            }
            2 => {
                let operator = *self.text.random().pick(TEXT_OPERATORS);
                self.text.operator(operator);
                let part = self.part();
                self.text.text(&part);
            }
            3 => self.among(),
            4 => {
                let operator = *self.text.random().pick(&["match", "notMatch"]);
                self.text.operator(operator);
                let pattern = self.pattern();
                self.text.string(&pattern);
            }
            _ => {
                let operator = *self.text.random().pick(&["eq", "ne"]);
                self.text.operator(operator);
                let odd = *self.text.random().pick(&["", "12.*", "null", "*"]);
                self.text.string(odd);
            }
        }
    }

    pub(super) fn equality(&mut self) {
        let operator = *self.text.random().pick(&["eq", "eq", "ne"]);
        self.text.operator(operator);
        let value = self.universe.text(self.text.random());
        self.text.text(&value);
    }

    pub(super) fn among(&mut self) {
        let operator = *self.text.random().pick(&["in", "in", "notIn"]);
        self.text.operator(operator);
        let empty = self.extended && self.text.random().chance(5);
        let count = if empty { 0 } else { self.text.random().between(1, 4) };
        self.list(count, |this| this.universe.text(this.text.random()));
    }

    pub(super) fn list(&mut self, count: usize, mut value: impl FnMut(&mut Self) -> String) {
        self.text.mark("[");
        for index in 0..count {
            if index > 0 {
                self.text.mark(",");
            }
            let value = value(self);
            self.text.text(&value);
        }
        self.text.mark("]");
    }

    /// A beginning, an end or a middle of a value.
    pub(super) fn part(&mut self) -> String {
        let value: Vec<char> = self.universe.text(self.text.random()).chars().collect();
        let random = self.text.random();
        let least = usize::from(random.chance(90));
        let length = random.between(least, value.len().min(3));
        let latest = value.len() - length;
        let middle = random.below(latest + 1);
        let start = *random.pick(&[0, middle, latest]);
        value[start..start + length].iter().collect()
    }

    pub(super) fn pattern(&mut self) -> String {
        if self.text.random().chance(40) {
            let patterns = [
                "^$",
                "",
                "[a-k]",
                "^[^a-m]",
                "(sales|mark)",
                "s+",
                "x?y",
                ".",
                "^.$",
                "k",
                "\u{df}",
                "[\u{e0}-\u{fc}]",
                "^(a|b)*$",
                "a.?b",
                "n$",
                "\\.",
                "^[0-9]",
                "i.*s",
                "\u{3c3}",
                "(|a)+b",
            ];
            return self.text.random().pick(&patterns).to_string();
        }
        let part: String = self.part().chars().filter(|c| c.is_alphanumeric() || *c == ' ').collect();
        let before = *self.text.random().pick(&["", "^", ".", "[a-z]?", "(^|a)"]);
        let after = *self.text.random().pick(&["", "$", ".*", "?", "+$", "(a|b|$)"]);
        if part.is_empty() { format!("{before}a") } else { format!("{before}{part}{after}") }
    }

    pub(super) fn object_id(&mut self) {
        self.property("objectId");
        let ids = match self.kind {
            ObjectKind::User => &self.universe.users,
            ObjectKind::Device => &self.universe.devices,
        };
        match self.text.random().below(3) {
            0 => {
                self.text.operator("ne");
                self.text.null();
            }
            1 => {
                let operator = *self.text.random().pick(&["in", "notIn"]);
                self.text.operator(operator);
                self.list(3, |this| {
                    let id = this.text.random().pick(ids).clone();
                    recased(&id, this.text.random())
                });
            }
            _ => {
                self.text.operator("startsWith");
                self.text.string("U");
            }
        }
    }
}

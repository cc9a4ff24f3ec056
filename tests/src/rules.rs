//! Random rules: every operator, both dialects, collections and nulls, dates, memberships, direct
//! reports; nearly all of them valid, and most of them true for some and false for other objects.

use crate::random::Random;
use crate::spelling::RuleText;
use crate::universe::{EXTENSION, PLANS, STATES, TextAttribute, Universe, VERSIONS, instant, recased};
use muster_directory::ObjectKind;
use muster_rule::Dialect;

/// A random rule of this dialect, about dates near `clock`; a few are not valid in it, or at all.
pub fn rule(universe: &Universe, clock: i64, dialect: Dialect, random: &mut Random) -> String {
    match random.below(100) {
        0..2 => random.pick(INVALID).to_string(),
        2..4 => valid_rule(universe, clock, Dialect::Extended, random),
        _ => valid_rule(universe, clock, dialect, random),
    }
}

/// A random rule that this dialect accepts, where the schema declares what [`history`](crate::history) may declare.
pub fn valid_rule(universe: &Universe, clock: i64, dialect: Dialect, random: &mut Random) -> String {
    let kind = if random.chance(75) { ObjectKind::User } else { ObjectKind::Device };
    let mut writer =
        Writer { universe, clock, kind, extended: dialect == Dialect::Extended, text: RuleText::new(random) };
    match writer.text.random().below(100) {
        0..15 => writer.member_of(),
        15..20 if kind == ObjectKind::User => writer.direct_reports(),
        20..25 => writer.quantified(true),
        25..28 => writer.wide(),
        28..95 if universe.crowded => writer.guarded(),
        _ => {
            let depth = writer.text.random().below(3);
            writer.expression(depth);
        }
    }
    writer.text.finish()
}

/// Rules that no dialect accepts.
const INVALID: &[&str] = &[
    "",
    "user.department",
    "user.shoeSize -eq \"44\"",
    "user.department -eq \"a\" -and device.displayName -eq \"a\"",
    "user.department -eq \"a",
    "(user.department -eq \"a\"",
    "user.department = \"a\"",
    "user.accountEnabled -startsWith \"t\"",
    "user.department -not null",
    "user.department -match \"(\"",
    "user.otherMails -any _ -eq \"a\" -and user.department -eq \"b\"",
];

const TEXT_OPERATORS: &[&str] =
    &["startsWith", "notStartsWith", "endsWith", "notEndsWith", "contains", "notContains"];

struct Writer<'a> {
    universe: &'a Universe,
    /// In milliseconds.
    clock: i64,
    kind: ObjectKind,
    extended: bool,
    text: RuleText<'a>,
}

impl Writer<'_> {
    fn expression(&mut self, depth: usize) {
        let choice = if depth == 0 { 0 } else { self.text.random().weighted(&[2, 3, 3, 1]) };
        match choice {
            0 => self.term(),
            1 => self.chain("and", depth),
            2 => self.chain("or", depth),
            _ => {
                self.text.operator("not");
                self.parenthesised(depth - 1);
            }
        }
    }

    /// Terms that bind tighter than the chain stand with or without parentheses.
    fn chain(&mut self, operator: &str, depth: usize) {
        let terms = self.text.random().between(2, 3);
        for term in 0..terms {
            if term > 0 {
                self.text.operator(operator);
            }
            match self.text.random().weighted(&[4, 4, 1]) {
                0 => self.term(),
                1 => self.parenthesised(depth - 1),
                _ => {
                    self.text.operator("not");
                    self.term();
                }
            }
        }
    }

    /// More combinations than an index can spell out.
    fn wide(&mut self) {
        for pair in 0..6 {
            if pair > 0 {
                self.text.operator("and");
            }
            self.text.mark("(");
            self.term();
            self.text.operator("or");
            self.term();
            self.text.mark(")");
        }
    }

    /// Predicates that very many rules share, and something else.
    fn guarded(&mut self) {
        self.kind = ObjectKind::User;
        self.property("accountEnabled");
        self.text.operator("eq");
        self.text.boolean(true);
        if self.text.random().chance(60) {
            self.text.operator("and");
            self.property("dirSyncEnabled");
            self.text.operator("eq");
            self.text.boolean(true);
        }
        self.text.operator("and");
        match self.text.random().below(10) {
            0..4 => {
                let name = self.universe.user_texts[0].name;
                self.property(name);
                let operator = *self.text.random().pick(TEXT_OPERATORS);
                self.text.operator(operator);
                let part = self.part();
                self.text.text(&part);
            }
            4..8 => self.text_comparison(),
            _ => self.parenthesised(1),
        }
    }

    fn parenthesised(&mut self, depth: usize) {
        self.text.mark("(");
        self.expression(depth);
        self.text.mark(")");
    }

    /// One comparison or quantifier, safe beside `-and` and `-or`.
    fn term(&mut self) {
        let extended = usize::from(self.extended);
        let user = usize::from(self.kind == ObjectKind::User);
        match self.text.random().weighted(&[
            40,
            8,
            16 * user + 10 * extended,
            14,
            12,
            8 * extended,
            3 * extended * user,
            3,
            4 * extended * user,
            10 * extended,
            6 * (1 - user),
        ]) {
            0 => self.text_comparison(),
            1 => self.boolean_comparison(),
            2 => self.date_comparison(),
            3 => self.collection_comparison(),
            4 => self.quantified(false),
            5 => self.member_of(),
            6 => self.direct_reports(),
            7 => self.object_id(),
            8 => self.text_of("user.manager"),
            9 => self.declared(),
            _ => self.version(),
        }
    }

    fn property(&mut self, name: &str) {
        let prefix = self.kind.as_str();
        if name == EXTENSION {
            self.text.exact_name(prefix, name)
        } else {
            self.text.name(&format!("{prefix}.{name}"))
        }
    }

    fn text_comparison(&mut self) {
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

    fn text_of(&mut self, property: &str) {
        self.text.name(property);
        let value = self.text.random().pick(&self.universe.users).clone();
        let value = recased(&value, self.text.random());
        self.text.operator("eq");
        self.text.text(&value);
    }

    /// An operator and its operand, over a text.
    fn text_test(&mut self) {
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

    fn equality(&mut self) {
        let operator = *self.text.random().pick(&["eq", "eq", "ne"]);
        self.text.operator(operator);
        let value = self.universe.text(self.text.random());
        self.text.text(&value);
    }

    fn among(&mut self) {
        let operator = *self.text.random().pick(&["in", "in", "notIn"]);
        self.text.operator(operator);
        let empty = self.extended && self.text.random().chance(5);
        let count = if empty { 0 } else { self.text.random().between(1, 4) };
        self.list(count, |this| this.universe.text(this.text.random()));
    }

    fn list(&mut self, count: usize, mut value: impl FnMut(&mut Self) -> String) {
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
    fn part(&mut self) -> String {
        let value: Vec<char> = self.universe.text(self.text.random()).chars().collect();
        let random = self.text.random();
        let least = usize::from(random.chance(90));
        let length = random.between(least, value.len().min(3));
        let latest = value.len() - length;
        let middle = random.below(latest + 1);
        let start = *random.pick(&[0, middle, latest]);
        value[start..start + length].iter().collect()
    }

    fn pattern(&mut self) -> String {
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

    fn boolean_comparison(&mut self) {
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

    fn date_comparison(&mut self) {
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

    fn date_test(&mut self) {
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

    fn collection(&mut self) -> &'static str {
        let names: &[&str] = match self.kind {
            ObjectKind::User => &["otherMails", "proxyAddresses"],
            ObjectKind::Device => &["devicePhysicalIds", "systemLabels"],
        };
        names[self.text.random().below(names.len())]
    }

    /// A plain operator on a collection: `-any` in disguise.
    fn collection_comparison(&mut self) {
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

    fn quantified(&mut self, alone: bool) {
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

    fn element(&mut self, element: Element, depth: usize) {
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

    fn element_comparison(&mut self, element: Element) {
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

    fn member_of(&mut self) {
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

    fn group(&mut self) -> String {
        if self.text.random().chance(8) {
            return "no such group".to_owned();
        }
        let group = self.text.random().pick(&self.universe.groups).clone();
        recased(&group, self.text.random())
    }

    fn direct_reports(&mut self) {
        self.kind = ObjectKind::User;
        let words = if self.text.odd(30) { "DIRECT reports  FOR" } else { "Direct Reports for" };
        self.text.raw(words);
        let manager = self.text.random().pick(&self.universe.users).clone();
        let manager = recased(&manager, self.text.random());
        self.text.string(&manager);
    }

    fn object_id(&mut self) {
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

    /// An attribute that the tenant may have declared, or not.
    fn declared(&mut self) {
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

    fn integer_test(&mut self) {
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

    fn number(&mut self) -> String {
        self.text
            .random()
            .pick(&["-7", "0", "3", "5", "5", "9", "9223372036854775807", "-9223372036854775808"])
            .to_string()
    }

    fn version(&mut self) {
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

/// What the elements of a collection are.
#[derive(Clone, Copy)]
enum Element {
    Text,
    Plan,
    License,
}

#[cfg(test)]
mod tests {
    use super::*;
    use muster_rule::{AttributeType, DeclaredAttribute, Rule, Schema};

    #[test]
    fn every_spelling_of_a_valid_rule_is_accepted() {
        let declared = [
            (ObjectKind::User, "level", AttributeType::Integer),
            (ObjectKind::User, "badge", AttributeType::Boolean),
            (ObjectKind::User, "costCenter", AttributeType::String),
            (ObjectKind::User, "review", AttributeType::DateTime),
            (ObjectKind::User, "skills", AttributeType::StringCollection),
            (ObjectKind::Device, "slot", AttributeType::Integer),
        ];
        let declared = declared.map(|(object, name, value_type)| DeclaredAttribute {
            object,
            name: name.into(),
            value_type,
        });
        let schema = Schema::new(declared).unwrap();
        for seed in 0..200 {
            let mut random = Random::new(seed);
            let universe = Universe::new(&mut random);
            for dialect in [Dialect::Entra, Dialect::Extended].repeat(20) {
                let text = valid_rule(&universe, crate::engine::START, dialect, &mut random);
                if let Err(diagnostics) = Rule::parse(&text, dialect, &schema) {
                    panic!("seed {seed}, {dialect:?}: {text:?}: {diagnostics:#?}");
                }
            }
        }
    }
}

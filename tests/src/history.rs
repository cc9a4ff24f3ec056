//! Random histories: event lines of every kind, as text, in an order that makes things happen.

use crate::engine::START;
use crate::random::Random;
use crate::rules::rule;
use crate::universe::{Other, PLANS, STATES, TextAttribute, Universe, VERSIONS, instant, written_instant};
use muster_directory::{ObjectKind, RejectionCode};
use muster_rule::Dialect;
use serde_json::{Map, Value as Json, json};

/// One step of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// An event line.
    Line {
        /// JSON, or what should have been.
        text: String,
        /// Where the line itself is wrong, whatever the state: the code it must be refused with.
        wrong: Option<RejectionCode>,
    },
    /// The engine stops and goes on from what it stored.
    Restart,
}

/// A history of about so many lines; of more, where the universe is crowded.
#[must_use]
pub fn history(seed: u64, lines: usize) -> Vec<Step> {
    let mut random = Random::new(seed);
    let universe = Universe::new(&mut random);
    let mut author = Author { universe: &universe, random, clock: START, asked: Vec::new() };
    let mut steps = vec![author.schema()];
    // A directory begins with people and groups; changes follow.
    (0..20).for_each(|_| steps.push(author.object()));
    if universe.crowded {
        universe.groups.iter().for_each(|id| steps.push(author.new_group(id)));
    } else {
        (0..24).for_each(|_| steps.push(author.group()));
    }
    for _ in 45..lines {
        let step = author.step();
        steps.push(step);
        if author.random.chance(2) {
            steps.push(Step::Restart);
        }
    }
    steps
}

struct Author<'a> {
    universe: &'a Universe,
    random: Random,
    /// In milliseconds.
    clock: i64,
    /// Groups that were asked for, whatever the tenant: most patches are of these.
    asked: Vec<String>,
}

impl Author<'_> {
    fn step(&mut self) -> Step {
        match self.random.weighted(&[60, 8, 18, 1, 10, 3]) {
            0 => self.object(),
            1 => self.listing(),
            2 => self.group(),
            3 => self.schema(),
            4 => self.tick(),
            _ => self.wrong(),
        }
    }

    /// Finishes an event line: adds the tenant, and now and then the source's time.
    fn line(&mut self, mut event: Json) -> Step {
        if let Some(tenant) = *self.random.pick(&self.universe.tenants) {
            event["tenant"] = json!(tenant);
        } else if self.random.chance(10) {
            event["tenant"] = json!("default");
        }
        let has_time = matches!(event["kind"].as_str(), Some("user" | "device" | "member"));
        if has_time && self.random.chance(20) {
            event["time"] = json!("2026-11-22T09:59:59.5+01:00");
        }
        Step::Line { text: written(&event), wrong: None }
    }

    fn object(&mut self) -> Step {
        let user = self.random.chance(75);
        let ids = if user { &self.universe.users } else { &self.universe.devices };
        let id = self.random.pick(ids).clone();
        let kind = match (user, self.random.chance(1)) {
            (true, false) | (false, true) => ObjectKind::User,
            (false, false) | (true, true) => ObjectKind::Device,
        };
        let mut event = json!({"kind": kind.as_str(), "id": id});
        match self.random.weighted(&[25, 65, 8]) {
            0 => {
                event["op"] = json!("upsert");
                event["data"] = self.data(kind, 70, 60);
                if self.random.chance(5) {
                    let name = *self.random.pick(&["id", "objectId"]);
                    event["data"][name] = event["id"].clone();
                }
            }
            1 => {
                event["op"] = json!("patch");
                event["data"] = self.data(kind, 55, 20);
            }
            _ => event["op"] = json!("delete"),
        }
        self.line(event)
    }

    /// Values for attributes, with so many chances in a hundred for each string and each other one.
    fn data(&mut self, kind: ObjectKind, strings: usize, others: usize) -> Json {
        let mut data = Map::new();
        for attribute in self.universe.text_attributes(kind) {
            if self.random.chance(strings) {
                self.text(*attribute, &mut data);
            }
        }
        let names: &[&str] = match kind {
            ObjectKind::User => &[
                "accountEnabled",
                "dirSyncEnabled",
                "employeeHireDate",
                "createdDateTime",
                "employeeLeaveDateTime",
                "otherMails",
                "proxyAddresses",
                "assignedPlans",
                "assignedLicenses",
                "manager",
                "level",
                "badge",
                "costCenter",
                "review",
                "skills",
                "shoeSize",
            ],
            ObjectKind::Device => &[
                "accountEnabled",
                "isRooted",
                "isCompliant",
                "approximateLastSignInDateTime",
                "devicePhysicalIds",
                "systemLabels",
                "deviceOSVersion",
                "slot",
            ],
        };
        for name in names {
            if self.random.chance(others) {
                let value = self.other(name);
                let name = match *name {
                    "dirSyncEnabled" if self.random.chance(30) => "onPremisesSyncEnabled",
                    "devicePhysicalIds" if self.random.chance(30) => "physicalIds",
                    "deviceOSVersion" if self.random.chance(30) => "operatingSystemVersion",
                    name => name,
                };
                data.insert(self.in_any_case(name), value);
            }
        }
        Json::Object(data)
    }

    /// A value of a string attribute, under one of its names.
    fn text(&mut self, attribute: TextAttribute, data: &mut Map<String, Json>) {
        let value = match self.random.weighted(&[20, 3, 1]) {
            0 => Json::String(self.universe.text(&mut self.random)),
            1 => Json::Null,
            _ => json!(""),
        };
        match attribute.other {
            Other::Name(name) if self.random.chance(50) => {
                data.insert(self.in_any_case(name), value);
            }
            Other::FirstOf(name) if self.random.chance(50) => {
                let array = if value.is_string() { json!([value, "second"]) } else { json!(null) };
                data.insert(self.in_any_case(name), array);
            }
            Other::Inside(parent) if self.random.chance(50) => {
                // Two attributes may lie in one parent, which has one spelling.
                let entry = data.entry(parent).or_insert_with(|| json!({}));
                if self.random.chance(5) {
                    *entry = Json::Null;
                } else if let Json::Object(members) = entry {
                    members.insert(attribute.name.to_owned(), value);
                }
            }
            _ => {
                data.insert(self.in_any_case(attribute.name), value);
            }
        }
    }

    fn other(&mut self, name: &str) -> Json {
        if self.random.chance(15) {
            return Json::Null;
        }
        match name {
            "accountEnabled" | "dirSyncEnabled" | "isRooted" | "isCompliant" | "badge" => {
                json!(self.random.chance(50))
            }
            "employeeHireDate"
            | "createdDateTime"
            | "employeeLeaveDateTime"
            | "approximateLastSignInDateTime"
            | "review" => {
                let instant = instant(self.clock, &mut self.random);
                json!(written_instant(instant, &mut self.random))
            }
            "otherMails" | "proxyAddresses" | "devicePhysicalIds" | "systemLabels" | "skills" => self.texts(),
            "assignedPlans" => self.plans(),
            "assignedLicenses" => {
                let count = self.random.below(3);
                (0..count).map(|_| json!({"skuId": self.random.pick(PLANS), "disabledPlans": []})).collect()
            }
            "manager" => {
                let manager = self.random.pick(&self.universe.users).clone();
                if self.random.chance(50) { json!(manager) } else { json!({"id": manager}) }
            }
            "deviceOSVersion" => json!(self.random.pick(VERSIONS)),
            // Integers, and texts where the schema of the day says so.
            "level" | "slot" => match self.random.below(40) {
                0..39 => json!(self.random.pick(&[-7_i64, 0, 3, 5, 9, i64::MAX, i64::MIN])),
                _ => json!(self.random.pick(&["5", "-7", "three"])),
            },
            _ => Json::String(self.universe.text(&mut self.random)),
        }
    }

    fn texts(&mut self) -> Json {
        let count = self.random.weighted(&[1, 4, 3, 1]);
        let mut texts = Vec::new();
        for _ in 0..count {
            texts.push(match self.random.weighted(&[12, 1, 1]) {
                0 => Json::String(self.universe.text(&mut self.random)),
                1 => Json::Null,
                _ => json!(""),
            });
        }
        Json::Array(texts)
    }

    fn plans(&mut self) -> Json {
        let count = self.random.weighted(&[1, 4, 3, 1]);
        let mut plans = Vec::new();
        for _ in 0..count {
            let mut plan = Map::new();
            for (name, pool) in [("servicePlanId", PLANS), ("service", PLANS), ("capabilityStatus", STATES)] {
                match self.random.weighted(&[10, 2, 1, 1]) {
                    0 => drop(plan.insert(name.to_owned(), json!(self.random.pick(pool)))),
                    1 => {}
                    2 => drop(plan.insert(name.to_owned(), Json::Null)),
                    _ => drop(plan.insert(name.to_owned(), json!(""))),
                }
            }
            if self.random.chance(20) {
                plan.insert("assignedDateTime".to_owned(), json!("2026-01-01T00:00:00Z"));
            }
            plans.push(Json::Object(plan));
        }
        Json::Array(plans)
    }

    fn listing(&mut self) -> Step {
        let ids = if self.random.chance(80) { &self.universe.users } else { &self.universe.devices };
        let event = json!({
            "kind": "member",
            "op": if self.random.chance(70) { "add" } else { "remove" },
            "group": self.random.pick(&self.universe.groups),
            "id": self.random.pick(ids),
        });
        self.line(event)
    }

    /// A dynamic group that follows its rule.
    fn new_group(&mut self, id: &str) -> Step {
        let mut data = Map::new();
        self.rule(&mut data);
        self.asked.push(id.to_owned());
        self.line(json!({"kind": "group", "op": "upsert", "id": id, "data": data}))
    }

    fn group(&mut self) -> Step {
        let mut data = Map::new();
        let op = match self.random.weighted(&[45, 10, 14, 8, 12, 3, 3, 2, 4]) {
            0 => {
                self.rule(&mut data);
                self.state(&mut data, 12, 10);
                "upsert"
            }
            1 => {
                self.state(&mut data, 10, 10);
                "upsert"
            }
            2 => {
                self.rule(&mut data);
                self.state(&mut data, 5, 5);
                "patch"
            }
            3 => {
                self.state(&mut data, 100, 0);
                "patch"
            }
            4 => {
                self.state(&mut data, 0, 100);
                "patch"
            }
            5 => {
                data.insert("membershipRule".to_owned(), Json::Null);
                "patch"
            }
            6 => "patch",
            7 => {
                let dialects = [json!("entra"), json!("extended"), json!(null)];
                data.insert("dialect".to_owned(), self.random.pick(&dialects).clone());
                "patch"
            }
            _ => "delete",
        };
        let known = op != "upsert" && !self.asked.is_empty() && self.random.chance(90);
        let id = self.random.pick(if known { &self.asked } else { &self.universe.groups }).clone();
        if op == "delete" {
            self.asked.retain(|asked| *asked != id);
            return self.line(json!({"kind": "group", "op": op, "id": id}));
        }
        if self.random.chance(20) {
            data.insert("displayName".to_owned(), json!("A group"));
        }
        if self.random.chance(10) {
            data.insert("description".to_owned(), json!("kept as it came"));
        }
        if op == "upsert" && !self.asked.contains(&id) {
            self.asked.push(id.clone());
        }
        self.line(json!({"kind": "group", "op": op, "id": id, "data": data}))
    }

    fn rule(&mut self, data: &mut Map<String, Json>) {
        let dialect = if self.random.chance(60) { Dialect::Extended } else { Dialect::Entra };
        data.insert(
            "membershipRule".to_owned(),
            Json::String(rule(self.universe, self.clock, dialect, &mut self.random)),
        );
        if dialect == Dialect::Extended {
            data.insert("dialect".to_owned(), json!("extended"));
        } else if self.random.chance(50) {
            data.insert("dialect".to_owned(), json!("entra"));
        }
    }

    /// Sometimes paused, sometimes on in so many words.
    fn state(&mut self, data: &mut Map<String, Json>, paused: usize, on: usize) {
        let state = match self.random.below(100) {
            at if at < paused => json!("Paused"),
            at if at < paused + on => self.random.pick(&[json!("On"), json!("On"), json!(null)]).clone(),
            _ => return,
        };
        data.insert("membershipRuleProcessingState".to_owned(), state);
    }

    fn schema(&mut self) -> Step {
        if self.random.chance(10) {
            return self.line(json!({"kind": "schema", "op": "delete", "id": "default"}));
        }
        let mut attributes = Vec::new();
        for (object, name, types) in [
            ("user", "level", if self.random.chance(10) { &["string"] } else { &["integer"] }),
            ("user", "badge", &["bool"]),
            ("user", "CostCenter", &["string"]),
            ("user", "review", &["dateTime"]),
            ("user", "skills", if self.random.chance(10) { &["string"] } else { &["stringCollection"] }),
            ("device", "slot", &["integer"]),
        ] {
            if self.random.chance(80) {
                let name = self.in_any_case(name);
                attributes.push(json!({"object": object, "name": name, "type": self.random.pick(types)}));
            }
        }
        self.line(
            json!({"kind": "schema", "op": "upsert", "id": "default", "data": {"attributes": attributes}}),
        )
    }

    /// A step of the clock: mostly on, by hours or by one millisecond, now and then back.
    fn tick(&mut self) -> Step {
        let hours = *self.random.pick(&[0, 1, 6, 6, 6, 12, 24]) * 3_600_000;
        let exact = self.clock + hours - self.clock.rem_euclid(3_600_000);
        let to = exact + [-1, 0, 0, 1, 2][self.random.below(5)];
        if self.random.chance(15) {
            self.clock = self.clock.max(to);
            let back = to - 3_600_000;
            return Step::Line { text: clock_line(back), wrong: None };
        }
        self.clock = self.clock.max(to);
        Step::Line { text: clock_line(to), wrong: None }
    }

    /// A line that is wrong in itself.
    fn wrong(&mut self) -> Step {
        let (text, code) = *self.random.pick(wrong_lines());
        Step::Line { text: text.to_owned(), wrong: Some(code) }
    }

    fn in_any_case(&mut self, name: &str) -> String {
        if !self.random.chance(20) {
            return name.to_owned();
        }
        let any =
            |c: char| if self.random.chance(50) { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
        name.chars().map(any).collect()
    }
}

/// The event as JSON text, its members in the order in which people read them.
pub(crate) fn written(event: &Json) -> String {
    let member = |name: &&str| Some(format!("{}:{}", json!(name), event.get(name)?));
    let members: Vec<String> =
        ["kind", "op", "tenant", "group", "id", "time", "data"].iter().filter_map(member).collect();
    format!("{{{}}}", members.join(","))
}

fn clock_line(millis: i64) -> String {
    let time = muster_rule::Instant::from_millis(millis);
    json!({"kind": "clock", "time": time.to_string()}).to_string()
}

/// Lines that are wrong in themselves, with the code that each must be refused with.
#[must_use]
pub fn wrong_lines() -> &'static [(&'static str, RejectionCode)] {
    use RejectionCode::{
        ComputedAttribute, ConflictingValues, InvalidEvent, InvalidId, InvalidJson, InvalidSchema,
        InvalidTime, InvalidValue, UnknownKind, UnknownOp,
    };
    &[
        (r#"{"kind":"user","op":"upsert","id":"u1","data":{"department":"Sales""#, InvalidJson),
        (r#"["kind","user"]"#, InvalidEvent),
        (r#"{"op":"upsert","id":"u1","data":{}}"#, InvalidEvent),
        (r#"{"kind":"robot","op":"upsert","id":"u1","data":{}}"#, UnknownKind),
        (r#"{"kind":"user","op":"merge","id":"u1","data":{}}"#, UnknownOp),
        (r#"{"kind":"member","op":"upsert","group":"g1","id":"u1"}"#, UnknownOp),
        (r#"{"kind":"user","op":"patch","id":"","data":{}}"#, InvalidId),
        (r#"{"kind":"user","op":"patch","id":"u1\u0007","data":{}}"#, InvalidId),
        (r#"{"kind":"group","op":"upsert","id":"a/b","data":{}}"#, InvalidId),
        (r#"{"kind":"user","op":"patch","id":7,"data":{}}"#, InvalidEvent),
        (r#"{"kind":"user","op":"patch","id":"u1","data":{"department":5}}"#, InvalidValue),
        (r#"{"kind":"user","op":"patch","id":"u1","data":{"accountEnabled":"true"}}"#, InvalidValue),
        (r#"{"kind":"user","op":"patch","id":"u1","data":{"otherMails":"a"}}"#, InvalidValue),
        (r#"{"kind":"user","op":"patch","id":"u1","data":{"otherMails":[1]}}"#, InvalidValue),
        (r#"{"kind":"user","op":"patch","id":"u1","data":{"employeeHireDate":"soon"}}"#, InvalidValue),
        (r#"{"kind":"user","op":"patch","id":"u1","data":{"memberOf":["g1"]}}"#, ComputedAttribute),
        (r#"{"kind":"user","op":"patch","id":"u1","data":{"city":"a","CITY":"b"}}"#, ConflictingValues),
        (
            r#"{"kind":"user","op":"patch","id":"u1","data":{"mobile":"1","mobilePhone":"2"}}"#,
            ConflictingValues,
        ),
        (r#"{"kind":"clock","time":"noon"}"#, InvalidTime),
        (
            r#"{"kind":"schema","op":"upsert","id":"default","data":{"attributes":[{"object":"user","name":"city","type":"string"}]}}"#,
            InvalidSchema,
        ),
    ]
}

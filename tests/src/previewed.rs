//! What the mirror index says, against plain evaluation of every stored object; and what a preview says, against
//! what saving the rule then really does.

use crate::differential::{Mismatch, Tally};
use crate::guard::guarded;
use crate::history::Step;
use crate::random::Random;
use crate::rules::valid_rule;
use crate::sliced::SlicedEngine;
use crate::universe::Universe;
use muster_directory::{Attributes, GroupId, MembershipChange, ObjectId, ObjectKind, Tenant};
use muster_engine::storage::{MembershipImage, RecordImage, Storage};
use muster_engine::{Against, Comparison, Draft, FoundPage, Inquiry, ValuesPage, ValuesQuestion};
use muster_rule::{Dialect, Memberships, Row, Rule, Text, Value, property};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Drives an engine through the history of `seed`, asking it all the while.
///
/// # Errors
/// The first answer that is not what plain evaluation says, or the first preview that saving contradicts.
pub fn compare_previews(seed: u64, steps: &[Step]) -> Result<Tally, Mismatch> {
    let universe = Universe::new(&mut Random::new(seed));
    let mut engine = SlicedEngine::new(seed);
    let mut tally = Tally::default();
    let mut open = None;
    for (step, what) in steps.iter().enumerate() {
        let result = guarded(|| {
            match what {
                Step::Restart => {
                    engine.restart();
                    open = None;
                }
                Step::Line { text, .. } => {
                    engine.decide_slices(seed, text);
                    tally.lines += 1;
                    tally.deltas += save(&mut engine, text)?;
                    engine.drain_some();
                }
            }
            proceed(&mut engine, &universe, &mut open)?;
            if engine.random.chance(30) {
                tally.flipping += usize::from(ask(&mut engine, &universe)?);
            }
            Ok(())
        });
        let result = result.unwrap_or_else(|panic| Err(format!("panicked: {panic}")));
        result.map_err(|reason| Mismatch { step, reason })?;
    }
    Ok(tally)
}

/// A question that is answered in parts, while lines come.
struct Open {
    inquiry: Inquiry,
    tenant: Tenant,
    rule: Arc<Rule>,
    now: muster_rule::Instant,
}

/// Goes on with a question, or begins one. Its answer is that of the moment at which it is whole.
fn proceed(engine: &mut SlicedEngine, universe: &Universe, open: &mut Option<Open>) -> Result<(), String> {
    let Some(Open { inquiry, tenant, rule, now }) = open else {
        let tenant = some_tenant(engine, universe);
        let now = engine.partition.clock();
        let text = valid_rule(universe, now.as_millis(), Dialect::Extended, &mut engine.random);
        let schema = Arc::clone(engine.catalog.tenant(&tenant).schema());
        if let Ok(rule) = Rule::parse(&text, Dialect::Extended, &schema) {
            let rule = Arc::new(rule);
            let draft = Draft { tenant: &tenant, group: None, rule: &rule, now: Some(now) };
            let inquiry = Inquiry::new(draft, Arc::clone(&rule), Against::Stored);
            *open = Some(Open { inquiry, tenant, rule, now });
        }
        return Ok(());
    };
    let all = |comparison: Comparison<'_>| -> BTreeSet<ObjectId> {
        comparison.changes().map(|(id, _)| id.clone()).collect()
    };
    let Some(found) = engine.partition.proceed(&engine.catalog, inquiry, 2).map(all) else { return Ok(()) };
    let draft = Draft { tenant, group: None, rule, now: Some(*now) };
    let expected = all(engine.partition.compare(&engine.catalog, draft));
    let text = rule.text().to_owned();
    *open = None;
    if found == expected {
        Ok(())
    } else {
        Err(format!("in parts {found:?} instead of {expected:?} for {text:?}"))
    }
}

fn some_tenant(engine: &mut SlicedEngine, universe: &Universe) -> Tenant {
    match *engine.random.pick(&universe.tenants) {
        Some(tenant) => Tenant::new(tenant).unwrap(),
        None => Tenant::default(),
    }
}

/// Feeds a line. Where it gives a group a rule to follow, its preview is what it then does to the group; returns
/// how many deltas that were.
fn save(engine: &mut SlicedEngine, line: &str) -> Result<usize, String> {
    let Some((tenant, group, text, dialect)) = rule_of(line) else {
        let _ = engine.feed(line);
        return Ok(0);
    };
    engine.rest();
    let schema = std::sync::Arc::clone(engine.catalog.tenant(&tenant).schema());
    let rule = Rule::parse(&text, dialect, &schema).ok();
    let expected: Option<BTreeSet<(ObjectId, bool)>> = rule.as_ref().map(|rule| {
        let draft = Draft { tenant: &tenant, group: Some(&group), rule, now: None };
        let comparison = engine.partition.compare(&engine.catalog, draft);
        let preview = comparison.preview(3);
        let changes: Vec<_> = comparison.changes().collect();
        let count = |wanted| changes.iter().filter(|(_, change)| *change == wanted).count() as u64;
        assert_eq!(preview.added, count(MembershipChange::Added));
        assert_eq!(preview.removed, count(MembershipChange::Removed));
        for (sample, result) in [(&preview.added_sample, true), (&preview.removed_sample, false)] {
            assert!(sample.len() <= 3);
            for sampled in sample {
                let change = if result { MembershipChange::Added } else { MembershipChange::Removed };
                assert!(changes.contains(&(&sampled.id, change)));
            }
        }
        changes.into_iter().map(|(id, change)| (id.clone(), change == MembershipChange::Added)).collect()
    });
    engine.last_deltas.clear();
    if engine.feed(line).is_err() {
        return Ok(0);
    }
    engine.rest();
    let followed =
        engine.catalog.tenant(&tenant).group(&group).is_some_and(|it| it.followed_rule().is_some());
    let deltas = engine.last_deltas.iter().filter(|delta| delta.tenant == tenant && delta.group == group);
    let deltas: Vec<_> =
        deltas.map(|delta| (delta.member.clone(), delta.change == MembershipChange::Added)).collect();
    let found: BTreeSet<_> = deltas.iter().cloned().collect();
    if found.len() != deltas.len() {
        return Err(format!("an object is told twice of one edit: {deltas:?}"));
    }
    match expected {
        Some(expected) if followed && expected != found => {
            Err(format!("the preview of {text:?} said {expected:?}, saving did {found:?}"))
        }
        _ => Ok(found.len()),
    }
}

/// The rule that a group line has, and whose.
fn rule_of(line: &str) -> Option<(Tenant, GroupId, String, Dialect)> {
    let line: serde_json::Value = serde_json::from_str(line).ok()?;
    if line["kind"] != "group" {
        return None;
    }
    let tenant = match line["tenant"].as_str() {
        Some(tenant) => Tenant::new(tenant).ok()?,
        None => Tenant::default(),
    };
    let group = GroupId::new(line["id"].as_str()?).ok()?;
    let text = line["data"]["membershipRule"].as_str()?.to_owned();
    let extended = line["data"]["dialect"] == "extended";
    Some((tenant, group, text, if extended { Dialect::Extended } else { Dialect::Entra }))
}

/// Asks for what a random rule selects, and for the values of a random attribute; returns whether somebody
/// was selected and somebody was not.
fn ask(engine: &mut SlicedEngine, universe: &Universe) -> Result<bool, String> {
    let tenant = some_tenant(engine, universe);
    let stored = Stored::of(engine, &tenant);
    let dialect = *engine.random.pick(&[Dialect::Entra, Dialect::Extended]);
    let now = engine.partition.clock();
    let text = valid_rule(universe, now.as_millis(), dialect, &mut engine.random);
    let schema = std::sync::Arc::clone(engine.catalog.tenant(&tenant).schema());
    let Ok(rule) = Rule::parse(&text, dialect, &schema) else { return Ok(false) };
    let expected: Vec<ObjectId> = stored
        .objects
        .iter()
        .filter(|(id, (kind, attributes))| {
            let groups = Groups { stored: &stored, of: stored.memberships.get(*id) };
            *kind == rule.kind() && rule.matches(attributes, &groups, now)
        })
        .map(|(id, _)| id.clone())
        .collect();

    let draft = Draft { tenant: &tenant, group: None, rule: &rule, now: None };
    let limit = engine.random.between(1, 6);
    let (mut found, mut pages) = (Vec::<ObjectId>::new(), 0);
    loop {
        let after = found.last().map(|id| id.as_str().to_owned());
        let FoundPage { count, ids } = engine.partition.find(&engine.catalog, draft, after.as_deref(), limit);
        if count != expected.len() as u64 {
            return Err(format!("{count} instead of {} objects for {text:?}", expected.len()));
        }
        if ids.is_empty() {
            break;
        }
        found.extend(ids);
        pages += 1;
        assert!(pages <= expected.len(), "pages without end");
    }
    if found != expected {
        return Err(format!("{found:?} instead of {expected:?} for {text:?}"));
    }
    let name = universe.user_texts[engine.random.below(universe.user_texts.len())].name;
    values(engine, &tenant, &stored, name, limit)?;
    values(engine, &tenant, &stored, "otherMails", limit)?;
    Ok(!expected.is_empty() && expected.len() < stored.objects.len())
}

/// Compares the pages of values of an attribute of users with a count.
fn values(
    engine: &SlicedEngine,
    tenant: &Tenant,
    stored: &Stored,
    name: &str,
    limit: usize,
) -> Result<(), String> {
    let schema = engine.catalog.tenant(tenant).schema();
    let attribute = property::find(ObjectKind::User, name, schema).expect(name).attribute;
    let mut expected: BTreeMap<String, u64> = BTreeMap::new();
    for (kind, attributes) in stored.objects.values() {
        let texts: BTreeSet<&str> = match attributes.value(&attribute) {
            Some(Value::Text(text)) => [text.folded()].into(),
            Some(Value::Texts(texts)) => texts.iter().map(Text::folded).collect(),
            _ => continue,
        };
        if *kind == ObjectKind::User {
            texts.into_iter().for_each(|text| *expected.entry(text.to_owned()).or_default() += 1);
        }
    }
    let mut found: BTreeMap<String, u64> = BTreeMap::new();
    let mut after: Option<String> = None;
    loop {
        let question = ValuesQuestion {
            tenant,
            kind: ObjectKind::User,
            attribute: &attribute,
            prefix: "",
            after: after.as_deref(),
            limit,
        };
        let page: ValuesPage = engine.partition.values(&question);
        let values: Vec<_> = page.values().collect();
        let Some(last) = values.last() else { break };
        after = Some(last.value.to_string());
        for value in values {
            let folded = Text::new(&value.value).folded().to_owned();
            if found.insert(folded, value.count).is_some() {
                return Err(format!("`{}` of {name} is on two pages", value.value));
            }
        }
    }
    if found == expected { Ok(()) } else { Err(format!("{name}: {found:?} instead of {expected:?}")) }
}

/// What the records say of one tenant.
struct Stored {
    objects: BTreeMap<ObjectId, (ObjectKind, Attributes)>,
    memberships: BTreeMap<ObjectId, MembershipImage>,
    /// The numbers of the groups that are defined, by folded id.
    groups: BTreeMap<String, u32>,
}

impl Stored {
    fn of(engine: &SlicedEngine, tenant: &Tenant) -> Stored {
        let mut records: Vec<RecordImage> = Vec::new();
        if engine.storage.head(0).unwrap().is_some() {
            engine.storage.load(0, &mut records).unwrap();
        }
        let mut stored =
            Stored { objects: BTreeMap::new(), memberships: BTreeMap::new(), groups: BTreeMap::new() };
        for record in records {
            match record {
                RecordImage::Object(of, id, Some(object)) if of == *tenant => {
                    stored.objects.insert(id, (object.kind, object.attributes));
                }
                RecordImage::Membership(of, id, Some(image)) if of == *tenant => {
                    stored.memberships.insert(id, image);
                }
                RecordImage::Group(of, id, Some(image))
                    if of == *tenant && engine.catalog.tenant(tenant).group(&id).is_some() =>
                {
                    stored.groups.insert(id.folded().to_string(), image.local);
                }
                _ => {}
            }
        }
        stored
    }
}

struct Groups<'a> {
    stored: &'a Stored,
    of: Option<&'a MembershipImage>,
}

impl Memberships for Groups<'_> {
    fn contains(&self, folded_group_id: &str) -> bool {
        let local = self.stored.groups.get(folded_group_id);
        local.zip(self.of).is_some_and(|(local, image)| image.groups.contains(local))
    }
}

//! Rows against plain attributes, over random histories.

use super::*;
use muster_rule::Row as _;
use std::collections::BTreeMap;

fn value(random: &mut u64) -> Value {
    let mut next = |below: u64| {
        *random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*random >> 33) % below
    };
    match next(4) {
        0 => Value::Text(Text::new(["Sales", "sales", "SALES", "Größe", "GRÖSSE"][next(5) as usize])),
        1 => Value::Text(Text::new(&format!("value {}", next(1000)))),
        2 => Value::Texts(vec![Text::new("a"), Text::new(&format!("b{}", next(3)))]),
        _ => Value::Integer(next(5) as i64),
    }
}

#[test]
fn rows_are_the_attributes_and_holders_the_rows_after_any_history() {
    let mut random = 7_u64;
    let mut table = Table::default();
    let mut model: BTreeMap<u32, Attributes> = BTreeMap::new();
    let attributes: Vec<Attribute> = (0..6).map(|n| Attribute::Named(format!("a{n}").into())).collect();
    let id = |object: u32| ObjectId::new(&format!("o{object}")).unwrap();
    let kind = ObjectKind::User;
    for step in 0..20_000_u32 {
        let mut draw = |below: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((random >> 33) % below) as u32
        };
        let object = draw(50);
        let old = table.take(object);
        if draw(10) == 0 {
            table.replace(object, old.as_ref(), None);
            model.remove(&object);
            continue;
        }
        let known = attributes.iter().filter(|_| draw(3) == 0).cloned().collect::<Vec<_>>();
        let clears = draw(4) == 0;
        let (replaces, refused) = (draw(3) == 0, draw(8) == 0);
        let known: Vec<_> = known.into_iter().map(|a| (a, (!clears).then(|| value(&mut random)))).collect();
        let unknown = (step % 5 == 0).then(|| ("x".into(), Some(Box::from("[1]")))).into_iter().collect();
        let patch = AttributePatch { known, unknown };
        let edit = if replaces { Edit::Replace(patch.clone()) } else { Edit::Patch(patch.clone()) };
        let draft = table.draft(kind, &id(object), old.as_ref(), edit);
        if refused {
            table.discard(&draft);
            table.give_back(object, old);
            continue;
        }
        let mut expected = match model.get(&object) {
            Some(before) if !replaces => before.clone(),
            _ => Attributes::default(),
        };
        expected.apply(patch);
        expected.set(property::object_id(kind), Some(Value::Text(Text::new(id(object).as_str()))));
        assert_eq!(draft.size(), expected.size(), "step {step}");
        assert_eq!(old.as_ref() == Some(&draft), model.get(&object) == Some(&expected), "step {step}");
        table.replace(object, old.as_ref(), Some(draft));
        model.insert(object, expected);
    }
    for (&object, expected) in &model {
        let row = table.row(object).unwrap();
        assert_eq!(table.attributes(row), *expected);
        let view = table.view(row);
        for attribute in &attributes {
            assert_eq!(view.value(attribute), expected.value(attribute));
        }
    }
    for attribute in &attributes {
        let mut holders: Vec<(Value, Vec<u32>)> = Vec::new();
        table.each_value(kind, attribute, |distinct| {
            holders.push((distinct.value().unwrap(), distinct.objects().iter().collect()));
        });
        let mut expected: Vec<(Value, Vec<u32>)> = Vec::new();
        for (&object, attributes) in &model {
            if let Some(value) = attributes.value(attribute) {
                match expected.iter_mut().find(|(other, _)| other == value) {
                    Some((_, objects)) => objects.push(object),
                    None => expected.push((value.clone(), vec![object])),
                }
            }
        }
        let sorted = |mut list: Vec<(Value, Vec<u32>)>| {
            list.sort_by_key(|(value, _)| format!("{value:?}"));
            list
        };
        assert_eq!(sorted(holders), sorted(expected));
        let mut sales = RoaringBitmap::new();
        table.each_spelling(kind, attribute, "sales", |objects| objects.add_to(&mut sales));
        let expected = model.iter().filter(|(_, attributes)| {
            matches!(attributes.value(attribute), Some(Value::Text(text)) if text.folded() == "sales")
        });
        assert_eq!(sales, expected.map(|(&object, _)| object).collect());
    }
    let numbers: RoaringBitmap = model.keys().copied().collect();
    assert_eq!(*table.existing(kind), numbers);
}

#[test]
fn what_is_true_of_values_is_forgotten_when_it_becomes_much() {
    let mut table = Table::default();
    let name = Attribute::Named("a".into());
    let known = vec![(name.clone(), Some(Value::Integer(1)))];
    let id = ObjectId::new("o").unwrap();
    let patch = AttributePatch { known, unknown: Vec::new() };
    let row = table.draft(ObjectKind::User, &id, None, Edit::Replace(patch));
    let column = table.users.by_attribute[&name];
    let value = row.value(column);
    let column = table.users.column_mut(column).unwrap();
    let mut forgotten = 0;
    // Many rule edits: each makes a set of its own of each value.
    for version in 1..3_000_000 {
        let before = column.truth(value);
        column.make_room_for_truths();
        if column.truth(value) != before {
            assert_eq!(column.truth(value), truths::UNKNOWN_TRUTH);
            forgotten += 1;
        }
        column.remember(value, version, &truths::Truth::default());
    }
    assert!(forgotten > 1, "{forgotten}");
}

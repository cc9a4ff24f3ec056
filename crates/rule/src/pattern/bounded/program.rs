//! From [`Node`]s to the program of the bounded engine.
//!
//! Counted repeats are written out, so that the machine needs no counters; the size of a program is bounded
//! while it grows, so that nested counts cost neither time nor memory.

use crate::pattern::set::Set;
use crate::pattern::syntax::{Assertion, Condition, Direction, Node, Polarity, Preference};
use std::collections::BTreeMap;

/// The steps of a program, at most; each takes 16 bytes.
const MAX_STEPS: usize = 32_768;

/// What the machine runs.
pub(in crate::pattern) struct Program {
    steps: Box<[Step]>,
    sets: Box<[IndexedSet]>,
    pub(super) registers: usize,
    /// Whether a match can begin at the start of the text only.
    pub(super) only_at_start: bool,
}

/// The number of a register.
pub(super) type Register = u32;

/// One step. `u32`s are positions in the program.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// Found.
    Match,
    /// Takes this code point.
    Take(char, Direction),
    /// Takes one code point of the set with this number.
    TakeOf(u32, Direction),
    /// Goes on where it holds.
    Assert(Assertion),
    Jump(u32),
    /// Goes on; there, when that leads nowhere.
    Fork {
        otherwise: u32,
    },
    /// Goes on there; here, when that leads nowhere.
    ForkTo {
        first: u32,
    },
    /// Writes the place into the register.
    Mark(Register),
    /// Goes back to the place in the register.
    Return(Register),
    /// Leaves a repeat whose turn took nothing.
    LeaveIfStill {
        since: Register,
        exit: u32,
    },
    /// The group (this register and the next) has matched from the place in `since` to here.
    Capture {
        since: Register,
        group: Register,
    },
    /// Takes what the group has matched.
    Refer {
        group: Register,
        direction: Direction,
    },
    IfMatched {
        group: Register,
        otherwise: u32,
    },
    /// Remembers the height of the stack; then as [`Step::Fork`], where there is an `otherwise`.
    Open {
        height: Register,
        otherwise: Option<u32>,
    },
    /// Forgets the choices made since.
    Commit {
        height: Register,
    },
    /// Undoes everything since, and fails.
    Refute {
        height: Register,
    },
}

/// The program would be too large.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::pattern) struct TooLarge;

/// The program that finds `node`.
pub(in crate::pattern) fn compile(node: &Node) -> Result<Program, TooLarge> {
    let mut compiler = Compiler::default();
    compiler.number_groups(node);
    compiler.emit(node, Direction::Ahead)?;
    compiler.push(Step::Match)?;
    Ok(Program {
        steps: compiler.steps.into_boxed_slice(),
        sets: compiler.sets.into_boxed_slice(),
        registers: compiler.registers as usize,
        only_at_start: begins_at_text_start(node),
    })
}

impl Program {
    pub(super) fn step(&self, at: u32) -> Option<&Step> {
        self.steps.get(at as usize)
    }

    pub(super) fn set_contains(&self, set: u32, c: char) -> bool {
        self.sets.get(set as usize).is_some_and(|set| match u32::from(c) {
            ascii @ 0..128 => set.ascii >> ascii & 1 == 1,
            _ => set.set.contains(c),
        })
    }
}

/// A set with its ASCII members as bits.
struct IndexedSet {
    ascii: u128,
    set: Set,
}

#[derive(Default)]
struct Compiler {
    steps: Vec<Step>,
    sets: Vec<IndexedSet>,
    /// The first of two registers for each group.
    groups: BTreeMap<u32, Register>,
    /// Registers in use where the program has got to: parts that stand beside each other share theirs.
    used: Register,
    /// Registers needed in all.
    registers: Register,
}

impl Compiler {
    fn number_groups(&mut self, node: &Node) {
        match node {
            Node::Group(number, node) => {
                if !self.groups.contains_key(number) {
                    let register = self.take_registers(2);
                    self.groups.insert(*number, register);
                }
                self.number_groups(node);
            }
            Node::Sequence(nodes) | Node::Choice(nodes) => {
                nodes.iter().for_each(|node| self.number_groups(node))
            }
            Node::Repeat { node, .. } | Node::Atomic(node) | Node::Look { node, .. } => {
                self.number_groups(node)
            }
            Node::Conditional { condition, yes, no } => {
                if let Condition::Matches(node) = condition {
                    self.number_groups(node);
                }
                self.number_groups(yes);
                self.number_groups(no);
            }
            Node::Empty | Node::Literal(_) | Node::Set(_) | Node::Assertion(_) | Node::Reference(_) => {}
        }
    }

    fn emit(&mut self, node: &Node, direction: Direction) -> Result<(), TooLarge> {
        match node {
            Node::Empty => Ok(()),
            Node::Literal(c) => self.push(Step::Take(*c, direction)),
            Node::Set(set) => {
                let set = self.set(set);
                self.push(Step::TakeOf(set, direction))
            }
            Node::Assertion(assertion) => self.push(Step::Assert(*assertion)),
            Node::Sequence(nodes) => match direction {
                Direction::Ahead => nodes.iter().try_for_each(|node| self.emit(node, direction)),
                Direction::Behind => nodes.iter().rev().try_for_each(|node| self.emit(node, direction)),
            },
            Node::Choice(nodes) => self.choice(nodes, direction),
            Node::Repeat { node, min, max, preference } => {
                self.repeat(node, *min, *max, *preference, direction)
            }
            Node::Group(number, node) => {
                let since = self.take_registers(1);
                self.push(Step::Mark(since))?;
                self.emit(node, direction)?;
                self.used = since;
                match self.groups.get(number).copied() {
                    Some(group) => self.push(Step::Capture { since, group }),
                    None => Ok(()),
                }
            }
            Node::Reference(number) => {
                // A group that stands nowhere (the whole match, 0) has matched nothing.
                let group = self.groups.get(number).copied().unwrap_or(Register::MAX - 1);
                self.push(Step::Refer { group, direction })
            }
            Node::Atomic(node) => {
                let height = self.take_registers(1);
                self.push(Step::Open { height, otherwise: None })?;
                self.emit(node, direction)?;
                self.used = height;
                self.push(Step::Commit { height })
            }
            Node::Look { direction, polarity: Polarity::Positive, node } => {
                self.look(node, *direction, None).map(drop)
            }
            Node::Look { direction, polarity: Polarity::Negative, node } => {
                let height = self.take_registers(1);
                let open = self.reserve()?;
                self.emit(node, *direction)?;
                self.used = height;
                self.push(Step::Refute { height })?;
                self.fill(open, Step::Open { height, otherwise: Some(self.here()) });
                Ok(())
            }
            Node::Conditional { condition, yes, no } => self.conditional(condition, yes, no, direction),
        }
    }

    fn choice(&mut self, nodes: &[Node], direction: Direction) -> Result<(), TooLarge> {
        let Some((last, others)) = nodes.split_last() else { return Ok(()) };
        let mut ends = Vec::with_capacity(others.len());
        for node in others {
            let fork = self.reserve()?;
            self.emit(node, direction)?;
            ends.push(self.reserve()?);
            self.fill(fork, Step::Fork { otherwise: self.here() });
        }
        self.emit(last, direction)?;
        for end in ends {
            self.fill(end, Step::Jump(self.here()));
        }
        Ok(())
    }

    fn repeat(
        &mut self,
        node: &Node,
        min: u32,
        max: Option<u32>,
        preference: Preference,
        direction: Direction,
    ) -> Result<(), TooLarge> {
        for _ in 0..min {
            let before = self.here();
            self.emit(node, direction)?;
            if self.here() == before {
                return Ok(());
            }
        }
        let Some(max) = max else {
            let fork = self.reserve()?;
            let since = self.take_registers(1);
            if may_take_nothing(node) {
                self.push(Step::Mark(since))?;
            }
            self.emit(node, direction)?;
            self.used = since;
            let still = if may_take_nothing(node) { Some(self.reserve()?) } else { None };
            self.push(Step::Jump(fork))?;
            let exit = self.here();
            if let Some(still) = still {
                self.fill(still, Step::LeaveIfStill { since, exit });
            }
            self.fill_fork(fork, exit, preference);
            return Ok(());
        };
        let mut forks = Vec::new();
        for _ in min..max {
            forks.push(self.reserve()?);
            self.emit(node, direction)?;
        }
        let exit = self.here();
        for fork in forks {
            self.fill_fork(fork, exit, preference);
        }
        Ok(())
    }

    /// At `fork`: on to what follows it or to `exit`, as preferred.
    fn fill_fork(&mut self, fork: u32, exit: u32, preference: Preference) {
        let step = match preference {
            Preference::More => Step::Fork { otherwise: exit },
            Preference::Fewer => Step::ForkTo { first: exit },
        };
        self.fill(fork, step);
    }

    /// `node` must match here, and takes nothing. Returns where the `otherwise` of its opening is to be filled in.
    fn look(
        &mut self,
        node: &Node,
        direction: Direction,
        otherwise: Option<u32>,
    ) -> Result<(u32, Register), TooLarge> {
        let place = self.take_registers(2);
        let height = place + 1;
        self.push(Step::Mark(place))?;
        let open = self.here();
        self.push(Step::Open { height, otherwise })?;
        self.emit(node, direction)?;
        self.used = place;
        self.push(Step::Commit { height })?;
        self.push(Step::Return(place))?;
        Ok((open, height))
    }

    fn conditional(
        &mut self,
        condition: &Condition,
        yes: &Node,
        no: &Node,
        direction: Direction,
    ) -> Result<(), TooLarge> {
        let open = match condition {
            Condition::Matched(number) => {
                let at = self.reserve()?;
                Opening::IfMatched {
                    at,
                    group: self.groups.get(number).copied().unwrap_or(Register::MAX - 1),
                }
            }
            Condition::Matches(node) => {
                let (at, height) = self.look(node, direction, None)?;
                Opening::Look { at, height }
            }
        };
        self.emit(yes, direction)?;
        let end = self.reserve()?;
        let otherwise = self.here();
        match open {
            Opening::IfMatched { at, group } => self.fill(at, Step::IfMatched { group, otherwise }),
            Opening::Look { at, height } => self.fill(at, Step::Open { height, otherwise: Some(otherwise) }),
        }
        self.emit(no, direction)?;
        self.fill(end, Step::Jump(self.here()));
        Ok(())
    }

    fn set(&mut self, set: &Set) -> u32 {
        let known = self.sets.iter().position(|known| known.set == *set);
        let at = known.unwrap_or_else(|| {
            let ascii = (0..128_u8).filter(|&c| set.contains(char::from(c))).fold(0, |bits, c| bits | 1 << c);
            self.sets.push(IndexedSet { ascii, set: set.clone() });
            self.sets.len() - 1
        });
        u32::try_from(at).unwrap_or(u32::MAX)
    }

    fn take_registers(&mut self, count: u32) -> Register {
        let first = self.used;
        self.used += count;
        self.registers = self.registers.max(self.used);
        first
    }

    fn here(&self) -> u32 {
        u32::try_from(self.steps.len()).unwrap_or(u32::MAX)
    }

    fn push(&mut self, step: Step) -> Result<(), TooLarge> {
        if self.steps.len() >= MAX_STEPS {
            return Err(TooLarge);
        }
        self.steps.push(step);
        Ok(())
    }

    /// A step that is filled in later.
    fn reserve(&mut self) -> Result<u32, TooLarge> {
        let at = self.here();
        self.push(Step::Jump(at + 1))?;
        Ok(at)
    }

    fn fill(&mut self, at: u32, step: Step) {
        if let Some(reserved) = self.steps.get_mut(at as usize) {
            *reserved = step;
        }
    }
}

/// How a condition begins; filled in when it is known where its other branch stands.
enum Opening {
    IfMatched { at: u32, group: Register },
    Look { at: u32, height: Register },
}

/// Whether it can match without taking any text.
fn may_take_nothing(node: &Node) -> bool {
    match node {
        Node::Literal(_) | Node::Set(_) => false,
        Node::Sequence(nodes) => nodes.iter().all(may_take_nothing),
        Node::Choice(nodes) => nodes.iter().any(may_take_nothing),
        Node::Repeat { node, min, .. } => *min == 0 || may_take_nothing(node),
        Node::Group(_, node) | Node::Atomic(node) => may_take_nothing(node),
        Node::Conditional { yes, no, .. } => may_take_nothing(yes) || may_take_nothing(no),
        Node::Empty | Node::Assertion(_) | Node::Look { .. } | Node::Reference(_) => true,
    }
}

fn begins_at_text_start(node: &Node) -> bool {
    match node {
        Node::Assertion(Assertion::TextStart) => true,
        Node::Sequence(nodes) => nodes.first().is_some_and(begins_at_text_start),
        Node::Choice(nodes) => nodes.iter().all(begins_at_text_start),
        Node::Group(_, node) | Node::Atomic(node) => begins_at_text_start(node),
        _ => false,
    }
}

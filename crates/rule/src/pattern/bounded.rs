//! The engine for what no automaton can do: look-around, back-references, atomic groups,
//! conditions. A backtracking machine with a program, a stack and a number of steps that it may take.
//!
//! The bound is on steps, not on backtracks: whatever the pattern and the value, a search ends after
//! [`STEP_LIMIT`] of them, and its stack has never more entries than steps were taken. Its reading of the
//! text is that of .NET: look-behind of any length reads backwards, a group keeps its last text until it
//! matches again, a reference to a group that has not matched fails, a repeat stops at an empty turn.
//!
//! It can run every pattern, which the tests use: where both engines can, they must agree.

mod program;

use super::StepLimitReached;
use super::syntax::{Assertion, Direction};
pub(super) use program::{Program, compile};
use program::{Register, Step};

/// Steps that one search may take: about a millisecond.
const STEP_LIMIT: u64 = 100_000;

impl Program {
    /// Whether it matches anywhere in `text`, which is folded.
    pub(super) fn is_match(&self, text: &str) -> Result<bool, StepLimitReached> {
        let mut search = Search {
            program: self,
            text,
            registers: vec![UNSET; self.registers],
            stack: Vec::new(),
            steps: 0,
        };
        for (start, _) in text.char_indices() {
            if search.matches_at(start)? {
                return Ok(true);
            }
            if self.only_at_start {
                return Ok(false);
            }
        }
        search.matches_at(text.len())
    }
}

/// A register that holds nothing.
const UNSET: usize = usize::MAX;

struct Search<'s> {
    program: &'s Program,
    text: &'s str,
    registers: Vec<usize>,
    stack: Vec<Frame>,
    steps: u64,
}

/// What is done when the way taken leads nowhere, the last first.
#[derive(Clone, Copy)]
enum Frame {
    /// Go on there.
    Choice { step: u32, place: usize },
    /// Give a register back what it held.
    Restore { register: Register, held: usize },
}

impl Search<'_> {
    fn matches_at(&mut self, start: usize) -> Result<bool, StepLimitReached> {
        let mut at = 0_u32;
        let mut place = start;
        loop {
            self.count(1)?;
            let Some(step) = self.program.step(at) else { return Ok(false) };
            at += 1;
            let holds = match *step {
                Step::Match => {
                    self.unwind(0);
                    return Ok(true);
                }
                Step::Take(c, direction) => self.take(&mut place, direction, |found| found == c),
                Step::TakeOf(set, direction) => {
                    let program = self.program;
                    self.take(&mut place, direction, |found| program.set_contains(set, found))
                }
                Step::Assert(assertion) => self.asserts(assertion, place),
                Step::Jump(to) => {
                    at = to;
                    true
                }
                Step::Fork { otherwise } => {
                    self.stack.push(Frame::Choice { step: otherwise, place });
                    true
                }
                Step::ForkTo { first } => {
                    self.stack.push(Frame::Choice { step: at, place });
                    at = first;
                    true
                }
                Step::Mark(register) => {
                    self.set(register, place);
                    true
                }
                Step::Return(register) => {
                    place = self.get(register);
                    true
                }
                Step::LeaveIfStill { since, exit } => {
                    if self.get(since) == place {
                        at = exit;
                    }
                    true
                }
                Step::Capture { since, group } => {
                    let since = self.get(since);
                    self.set(group, since.min(place));
                    self.set(group + 1, since.max(place));
                    true
                }
                Step::Refer { group, direction } => self.refer(group, direction, &mut place)?,
                Step::IfMatched { group, otherwise } => {
                    if self.get(group) == UNSET {
                        at = otherwise;
                    }
                    true
                }
                Step::Open { height, otherwise } => {
                    self.set(height, 0);
                    self.put(height, self.stack.len());
                    if let Some(otherwise) = otherwise {
                        self.stack.push(Frame::Choice { step: otherwise, place });
                    }
                    true
                }
                Step::Commit { height } => {
                    self.commit(height)?;
                    true
                }
                Step::Refute { height } => {
                    let height = self.get(height);
                    self.unwind(height);
                    false
                }
            };
            if !holds {
                match self.backtrack() {
                    Some((step, back)) => (at, place) = (step, back),
                    None => return Ok(false),
                }
            }
        }
    }

    /// Takes the next code point, where it is a right one.
    fn take(&self, place: &mut usize, direction: Direction, right: impl Fn(char) -> bool) -> bool {
        let (before, after) = self.text.split_at(*place);
        let found = match direction {
            Direction::Ahead => after.chars().next(),
            Direction::Behind => before.chars().next_back(),
        };
        match found.filter(|&found| right(found)) {
            Some(found) => {
                match direction {
                    Direction::Ahead => *place += found.len_utf8(),
                    Direction::Behind => *place -= found.len_utf8(),
                }
                true
            }
            None => false,
        }
    }

    fn asserts(&self, assertion: Assertion, place: usize) -> bool {
        let (before, after) = self.text.split_at(place);
        let at_boundary = || {
            let is_word = |c: Option<char>| c.is_some_and(super::set::is_word_character);
            is_word(before.chars().next_back()) != is_word(after.chars().next())
        };
        match assertion {
            Assertion::TextStart => before.is_empty(),
            Assertion::TextEnd => after.is_empty(),
            Assertion::TextEndOrFinalLineFeed => after.is_empty() || after == "\n",
            Assertion::LineStart => before.is_empty() || before.ends_with('\n'),
            Assertion::LineEnd => after.is_empty() || after.starts_with('\n'),
            Assertion::WordBoundary => at_boundary(),
            Assertion::NotWordBoundary => !at_boundary(),
        }
    }

    /// Takes the text that a group matched once more.
    fn refer(
        &mut self,
        group: Register,
        direction: Direction,
        place: &mut usize,
    ) -> Result<bool, StepLimitReached> {
        let (start, end) = (self.get(group), self.get(group + 1));
        let Some(wanted) = self.text.get(start..end) else { return Ok(false) };
        self.count(wanted.len() as u64)?;
        let (before, after) = self.text.split_at(*place);
        match direction {
            Direction::Ahead if after.starts_with(wanted) => *place += wanted.len(),
            Direction::Behind if before.ends_with(wanted) => *place -= wanted.len(),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Forgets the choices made since the stack had the height that the register holds; what registers
    /// held before stays known.
    fn commit(&mut self, height: Register) -> Result<(), StepLimitReached> {
        let height = self.get(height);
        let mut kept = height;
        for at in height..self.stack.len() {
            if let Some(frame @ Frame::Restore { .. }) = self.stack.get(at).copied() {
                if let Some(free) = self.stack.get_mut(kept) {
                    *free = frame;
                }
                kept += 1;
            }
        }
        self.count(self.stack.len().saturating_sub(height) as u64)?;
        self.stack.truncate(kept);
        Ok(())
    }

    /// The choice made last, everything since undone.
    fn backtrack(&mut self) -> Option<(u32, usize)> {
        loop {
            match self.stack.pop()? {
                Frame::Choice { step, place } => return Some((step, place)),
                Frame::Restore { register, held } => self.put(register, held),
            }
        }
    }

    /// Undoes everything since the stack had this height, choices included.
    fn unwind(&mut self, height: usize) {
        while self.stack.len() > height {
            if let Some(Frame::Restore { register, held }) = self.stack.pop() {
                self.put(register, held);
            }
        }
    }

    /// Writes a register so that it can be undone.
    fn set(&mut self, register: Register, value: usize) {
        self.stack.push(Frame::Restore { register, held: self.get(register) });
        self.put(register, value);
    }

    fn get(&self, register: Register) -> usize {
        self.registers.get(register as usize).copied().unwrap_or(UNSET)
    }

    fn put(&mut self, register: Register, value: usize) {
        if let Some(held) = self.registers.get_mut(register as usize) {
            *held = value;
        }
    }

    fn count(&mut self, steps: u64) -> Result<(), StepLimitReached> {
        self.steps += steps;
        if self.steps > STEP_LIMIT { Err(StepLimitReached) } else { Ok(()) }
    }
}

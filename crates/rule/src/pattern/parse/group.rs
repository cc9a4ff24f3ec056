//! What parentheses hold: groups, look-around, conditions and flags.

use super::numbering::Name;
use super::{Flags, MAX_NESTING, Parser};
use crate::pattern::error::PatternError;
use crate::pattern::syntax::{Condition, Direction, Node, Polarity};

impl Parser<'_> {
    /// What follows a `(` that stands at `open`, its `)` included. `None`: flags for what comes after.
    pub(super) fn group(&mut self, open: usize) -> Result<Option<Node>, PatternError> {
        if !self.eat('?') {
            let number = if self.flags.explicit_capture { None } else { self.groups.unnamed() };
            return self.capture(open, number).map(Some);
        }
        let node = match self.next() {
            Some(':') => self.body(open)?,
            Some('>') => Node::Atomic(Box::new(self.body(open)?)),
            Some('=') => self.look(open, Direction::Ahead, Polarity::Positive)?,
            Some('!') => self.look(open, Direction::Ahead, Polarity::Negative)?,
            Some('<') if self.eat('=') => self.look(open, Direction::Behind, Polarity::Positive)?,
            Some('<') if self.eat('!') => self.look(open, Direction::Behind, Polarity::Negative)?,
            Some('<') => self.named(open, '>')?,
            Some('\'') => self.named(open, '\'')?,
            Some('(') => self.conditional(open)?,
            next => {
                self.at -= next.map_or(0, char::len_utf8);
                return self.flags(open);
            }
        };
        Ok(Some(node))
    }

    /// The inside of a group and its closing parenthesis. Flags set inside end with it.
    fn body(&mut self, open: usize) -> Result<Node, PatternError> {
        let node = self.nested(open, Self::choice)?;
        if self.eat(')') { Ok(node) } else { Err(self.unclosed(open)) }
    }

    /// What `read` reads, one level deeper. Flags set there end there.
    pub(super) fn nested<T>(
        &mut self,
        open: usize,
        read: impl FnOnce(&mut Self) -> Result<T, PatternError>,
    ) -> Result<T, PatternError> {
        if self.nesting == MAX_NESTING {
            let message = format!("groups and classes are nested more than {MAX_NESTING} deep");
            return Err(PatternError::at(open..open + 1, message));
        }
        let flags = self.flags;
        self.nesting += 1;
        let node = read(self)?;
        self.nesting -= 1;
        self.flags = flags;
        Ok(node)
    }

    fn unclosed(&self, open: usize) -> PatternError {
        PatternError::at(open..open + 1, "this parenthesis is never closed")
            .help(r"write `\(` for the character")
    }

    fn capture(&mut self, open: usize, number: Option<u32>) -> Result<Node, PatternError> {
        let node = self.body(open)?;
        Ok(match number {
            Some(number) => Node::Group(number, Box::new(node)),
            None => node,
        })
    }

    fn look(&mut self, open: usize, direction: Direction, polarity: Polarity) -> Result<Node, PatternError> {
        Ok(Node::Look { direction, polarity, node: Box::new(self.body(open)?) })
    }

    /// `(?<name>…)` and `(?'name'…)`, from the name on.
    fn named(&mut self, open: usize, close: char) -> Result<Node, PatternError> {
        let start = self.at;
        let name = self.name()?;
        if self.peek() == Some('-') {
            let end = self.rest().find(close).map_or(self.text.len(), |end| self.at + end);
            return Err(PatternError::at(open..end, "balancing groups cannot be searched for within bounds")
                .help("they count nested brackets; no attribute needs that, a plain group will do"));
        }
        if name.is_none() || !self.eat(close) {
            let end = self.at + self.peek().map_or(0, char::len_utf8);
            return Err(PatternError::at(
                start..end.max(start),
                "a group's name is letters, digits and `_`, or a number",
            )
            .help(format!("write `(?{}name{close}…)`", if close == '>' { '<' } else { close })));
        }
        match name {
            Some(Name::Number(0)) => Err(PatternError::at(
                start..start + 1,
                "a group cannot have the number 0: that is the whole match",
            )),
            Some(name) => {
                let number = self.groups.named(name);
                self.capture(open, number)
            }
            None => Err(self.unclosed(open)),
        }
    }

    /// `(?(condition)yes|no)`, from the condition on.
    fn conditional(&mut self, open: usize) -> Result<Node, PatternError> {
        let start = self.at;
        let condition = match self.name()? {
            Some(name) if self.eat(')') => self.groups.condition(&name, start..self.at - 1)?,
            Some(Name::Number(number)) => {
                return Err(PatternError::at(start..self.at, format!("`(?({number}` is not closed by `)`")));
            }
            _ => None,
        };
        let condition = match condition {
            Some(number) => Condition::Matched(number),
            None => {
                self.at = start;
                Condition::Matches(Box::new(self.condition(start - 1)?))
            }
        };
        let (yes, no) = self.nested(open, |parser| {
            let yes = parser.sequence()?;
            Ok((yes, if parser.eat('|') { parser.sequence()? } else { Node::Empty }))
        })?;
        match self.peek() {
            Some('|') => {
                Err(PatternError::at(self.at..self.at + 1, "a condition chooses between two, not more")
                    .help("put parentheses round the alternatives: `(?(1)(?:a|b)|c)`"))
            }
            Some(_) => {
                self.at += 1;
                Ok(Node::Conditional { condition, yes: Box::new(yes), no: Box::new(no) })
            }
            None => Err(self.unclosed(open)),
        }
    }

    /// The condition of a [`conditional`](Self::conditional) that is a pattern; its parenthesis at `open` is
    /// no capturing group.
    fn condition(&mut self, open: usize) -> Result<Node, PatternError> {
        let rest = self.rest();
        if rest.starts_with("?#") {
            return Err(PatternError::at(open..open + 3, "a condition cannot be a comment"));
        }
        if rest.starts_with("?'")
            || rest.starts_with("?<") && !rest.starts_with("?<=") && !rest.starts_with("?<!")
        {
            return Err(PatternError::at(open..open + 3, "a condition cannot be a named group"));
        }
        if !rest.starts_with('?') {
            return self.body(open);
        }
        match self.group(open)? {
            Some(node) => Ok(node),
            None => Err(PatternError::at(open..self.at, "a condition cannot be flags")),
        }
    }

    /// `(?imnsx-imnsx)` and `(?imnsx-imnsx:…)`, from the flags on.
    fn flags(&mut self, open: usize) -> Result<Option<Node>, PatternError> {
        let before = self.flags;
        let mut on = true;
        loop {
            let at = self.at;
            match self.next().map(|c| c.to_ascii_lowercase()) {
                Some('-') => on = false,
                Some('+') => on = true,
                Some('i') if on => {}
                Some('i') => {
                    return Err(PatternError::at(at..at + 1, "a pattern cannot be made to heed case")
                        .help("every comparison ignores case; take `-i` out"));
                }
                Some('m') => self.flags.multiline = on,
                Some('n') => self.flags.explicit_capture = on,
                Some('s') => self.flags.dot_takes_line_feed = on,
                Some('x') => self.flags.free_spacing = on,
                Some(')') if at > open + 2 => return Ok(None),
                Some(':') if at > open + 2 => {
                    let inside = self.flags;
                    self.flags = before;
                    return self.flagged(open, inside).map(Some);
                }
                _ => return Err(self.unknown_group(open)),
            }
        }
    }

    fn flagged(&mut self, open: usize, inside: Flags) -> Result<Node, PatternError> {
        let outside = std::mem::replace(&mut self.flags, inside);
        let node = self.body(open);
        self.flags = outside;
        node
    }

    fn unknown_group(&self, open: usize) -> PatternError {
        let inside = self.text.get(open + 2..).unwrap_or_default();
        let help = match inside.as_bytes() {
            [b'P', b'<', ..] => "a named group is written `(?<name>…)`",
            [b'P', b'=', ..] => r"a reference to a named group is written `\k<name>`",
            [b'|', ..] => "give the groups names instead; the same name may be given twice",
            [b'R' | b'&' | b'P' | b'0'..=b'9', ..] => "a pattern cannot call itself or a group",
            [b'#', ..] => "a comment ends at its first `)`, which is missing",
            _ => {
                r"after `(?` comes one of `:`, `=`, `!`, `>`, `<=`, `<!`, `<name>`, `#` or flags; write `\(` for the \
                   character"
            }
        };
        let end = self
            .text
            .get(open..)
            .map_or(open, |group| open + group.char_indices().nth(3).map_or(group.len(), |(end, _)| end));
        PatternError::at(open..end, "this kind of group is unknown").help(help)
    }
}

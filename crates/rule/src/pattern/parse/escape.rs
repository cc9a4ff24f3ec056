//! What a backslash begins, outside and inside of character classes.

use super::Parser;
use super::numbering::Name;
use crate::fold;
use crate::pattern::block;
use crate::pattern::error::PatternError;
use crate::pattern::set::{Set, is_word_character};
use crate::pattern::syntax::{Assertion, Node};

impl Parser<'_> {
    /// What follows the backslash at `start`, outside of a class.
    pub(super) fn escape(&mut self, start: usize) -> Result<Node, PatternError> {
        let Some(c) = self.peek() else {
            return Err(PatternError::at(self.since(start), "the pattern ends with a backslash")
                .help(r"write `\\` for the character"));
        };
        let assertion = match c {
            'A' | 'G' => Some(Assertion::TextStart),
            'Z' => Some(Assertion::TextEndOrFinalLineFeed),
            'z' => Some(Assertion::TextEnd),
            'b' => Some(Assertion::WordBoundary),
            'B' => Some(Assertion::NotWordBoundary),
            _ => None,
        };
        if let Some(assertion) = assertion {
            self.at += 1;
            return Ok(Node::Assertion(assertion));
        }
        if let Some(set) = self.shorthand(start)? {
            return Ok(Node::set(set));
        }
        if let Some(reference) = self.reference(start)? {
            return Ok(reference);
        }
        self.character(start).map(|c| Node::Literal(fold::fold_char(c)))
    }

    /// `\w`, `\d`, `\s`, `\p{…}` and their negations.
    pub(super) fn shorthand(&mut self, start: usize) -> Result<Option<Set>, PatternError> {
        let back = self.at;
        let set = match self.next() {
            Some('d') => Set::digit(),
            Some('D') => Set::digit().negated(),
            Some('s') => Set::space(),
            Some('S') => Set::space().negated(),
            Some('w') => Set::word(),
            Some('W') => Set::word().negated(),
            Some('p') => self.property(start)?,
            Some('P') => self.property(start)?.negated(),
            _ => {
                self.at = back;
                return Ok(None);
            }
        };
        Ok(Some(set))
    }

    /// What follows `\p`.
    fn property(&mut self, start: usize) -> Result<Set, PatternError> {
        let name = self.rest().strip_prefix('{').and_then(|rest| rest.split_once('}')).map(|(name, _)| name);
        let Some(name) = name else {
            return Err(PatternError::at(self.since(start), "`\\p` needs a name in braces")
                .help(r"write `\p{L}` for a letter, `\p{Lu}`, `\p{Nd}`, `\p{IsGreek}`"));
        };
        self.at += name.len() + 2;
        Set::named(name).ok_or_else(|| {
            let error = PatternError::at(
                self.since(start),
                format!("`{name}` is no general category and no named block of .NET"),
            );
            match block::suggest(name) {
                Some(block) => error.help(format!(r"write `\p{{{block}}}`")),
                None => error.help(r"for example `\p{L}` (letters), `\p{N}` (numbers), `\p{IsCyrillic}`"),
            }
        })
    }

    /// `\1`, `\k<name>`, `\k'name'` and the old `\<name>`; `None` where it is none of these.
    fn reference(&mut self, start: usize) -> Result<Option<Node>, PatternError> {
        let back = self.at;
        let required = self.eat('k');
        let close = match self.peek() {
            Some('<') => '>',
            Some('\'') => '\'',
            Some('1'..='9') if !required => {
                let number = self.decimal()?;
                let group = self.groups.by_digits(number, start..self.at)?;
                if group.is_none() {
                    self.at = back;
                }
                return Ok(group.map(Node::Reference));
            }
            _ if required => return Err(self.malformed_reference(start)),
            _ => return Ok(None),
        };
        self.at += 1;
        let name = match self.peek() {
            Some(c) if is_word_character(c) => self.name()?,
            _ => None,
        };
        match name {
            Some(name) if self.eat(close) => {
                let span = self.since(start);
                self.groups.by_name(name, span).map(|group| Some(Node::Reference(group)))
            }
            _ if required => Err(self.malformed_reference(start)),
            Some(Name::Number(_) | Name::Word(_)) | None => {
                self.at = back;
                Ok(None)
            }
        }
    }

    fn malformed_reference(&self, start: usize) -> PatternError {
        PatternError::at(self.since(start), r"`\k` needs the name of a group").help(r"write `\k<name>`")
    }

    /// An escape that stands for one character: a code, a control character, or itself.
    pub(super) fn character(&mut self, start: usize) -> Result<char, PatternError> {
        let Some(c) = self.next() else {
            return Err(PatternError::at(self.since(start), "the pattern ends with a backslash"));
        };
        match c {
            '0'..='7' => {
                self.at -= 1;
                Ok(self.octal())
            }
            'a' => Ok('\u{7}'),
            'b' => Ok('\u{8}'),
            'e' => Ok('\u{1B}'),
            'f' => Ok('\u{C}'),
            'n' => Ok('\n'),
            'r' => Ok('\r'),
            't' => Ok('\t'),
            'v' => Ok('\u{B}'),
            'x' => {
                let code = self.hex(start, 2)?;
                self.code_point(start, code)
            }
            'u' => self.utf16(start),
            'c' => self.control(start),
            c if is_word_character(c) => Err(self.unknown_escape(start, c)),
            c => Ok(c),
        }
    }

    fn unknown_escape(&self, start: usize, c: char) -> PatternError {
        let help = match c {
            'Q' | 'E' => {
                "there is no quoting; put a backslash before each character that means something".to_owned()
            }
            'h' => r"write `[\t\p{Zs}]` for white space on a line".to_owned(),
            'R' => r"write `(?:\r\n|[\n-\r])` for a line break".to_owned(),
            'K' => r"write `(?<=…)` round what comes before".to_owned(),
            'X' | 'N' => "write `.` for any character".to_owned(),
            _ => format!("write `{c}` for the character"),
        };
        PatternError::at(self.since(start), format!(r"`\{c}` means nothing in a pattern")).help(help)
    }

    /// Up to three octal digits, of which the low eight bits count.
    fn octal(&mut self) -> char {
        let digits = self.rest().bytes().take(3).take_while(|byte| (b'0'..=b'7').contains(byte));
        let (count, code) =
            digits.fold((0, 0_u32), |(count, code), digit| (count + 1, code * 8 + u32::from(digit - b'0')));
        self.at += count;
        char::from(u8::try_from(code & 0xFF).unwrap_or_default())
    }

    fn hex(&mut self, start: usize, digits: usize) -> Result<u32, PatternError> {
        let code = self
            .rest()
            .get(..digits)
            .filter(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .and_then(|code| u32::from_str_radix(code, 16).ok());
        let Some(code) = code else {
            let letter = if digits == 2 { 'x' } else { 'u' };
            return Err(PatternError::at(
                self.since(start),
                format!(r"`\{letter}` needs exactly {digits} hexadecimal digits"),
            )
            .help(r"write `\xE9` or `\u00E9`; beyond U+FFFF the character itself"));
        };
        self.at += digits;
        Ok(code)
    }

    /// `\u` and four digits; two of them where the first is half of a surrogate pair.
    fn utf16(&mut self, start: usize) -> Result<char, PatternError> {
        let unit = self.hex(start, 4)?;
        if !(0xD800..0xDC00).contains(&unit) || !self.rest().starts_with(r"\u") {
            return self.code_point(start, unit);
        }
        self.at += 2;
        let low = self.hex(start, 4)?;
        if !(0xDC00..0xE000).contains(&low) {
            return self.code_point(start, unit);
        }
        self.code_point(start, 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00))
    }

    fn code_point(&self, start: usize, code: u32) -> Result<char, PatternError> {
        char::from_u32(code).ok_or_else(|| {
            PatternError::at(self.since(start), "half of a surrogate pair stands in no text")
                .help("write the character itself, or both halves one after the other")
        })
    }

    fn control(&mut self, start: usize) -> Result<char, PatternError> {
        match self.next().map(|c| c.to_ascii_uppercase()) {
            Some(c @ '@'..='_') => Ok(char::from(u8::try_from(u32::from(c) - 0x40).unwrap_or_default())),
            _ => Err(PatternError::at(self.since(start), r"`\c` needs a letter after it")
                .help(r"`\cA` is the control character U+0001; write `c` for the letter")),
        }
    }
}

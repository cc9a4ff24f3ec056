//! A backtracking matcher for a small part of the pattern language: literals, `.`, classes, groups,
//! `|`, `^`, `$` and the quantifiers `*`, `+`, `?`; a backslash makes punctuation literal. Patterns
//! beyond that are not understood, and it says so.

use crate::beyond;
use crate::fold::fold;

enum Piece {
    Literal(char),
    AnyButNewline,
    Class { negated: bool, ranges: Vec<(char, char)> },
    Start,
    End,
    Group(Vec<Vec<Piece>>),
    Repeat { least: usize, most: usize, piece: Box<Piece> },
}

/// Whether `pattern` is found in `text`, without regard to case (L24).
pub(crate) fn found(pattern: &str, text: &str) -> bool {
    let mut parser = Parser { rest: pattern.chars().collect(), pattern };
    parser.rest.reverse();
    let alternatives = parser.alternatives();
    if !parser.rest.is_empty() {
        beyond(&format!("the pattern `{pattern}`"));
    }
    let text: Vec<char> = text.chars().collect();
    (0..=text.len()).any(|start| any(&alternatives, &text, start, &mut |_| true))
}

fn any(alternatives: &[Vec<Piece>], text: &[char], at: usize, then: &mut dyn FnMut(usize) -> bool) -> bool {
    alternatives.iter().any(|pieces| sequence(pieces, text, at, then))
}

fn sequence(pieces: &[Piece], text: &[char], at: usize, then: &mut dyn FnMut(usize) -> bool) -> bool {
    match pieces.split_first() {
        None => then(at),
        Some((first, rest)) => piece(first, text, at, &mut |at| sequence(rest, text, at, then)),
    }
}

fn piece(this: &Piece, text: &[char], at: usize, then: &mut dyn FnMut(usize) -> bool) -> bool {
    let here = text.get(at).copied();
    match this {
        Piece::Literal(literal) => here.is_some_and(|c| fold(c) == fold(*literal)) && then(at + 1),
        Piece::AnyButNewline => here.is_some_and(|c| c != '\n') && then(at + 1),
        Piece::Class { negated, ranges } => {
            here.is_some_and(|c| in_class(ranges, c) != *negated) && then(at + 1)
        }
        Piece::Start => at == 0 && then(at),
        Piece::End => (here.is_none() || (here == Some('\n') && at + 1 == text.len())) && then(at),
        Piece::Group(alternatives) => any(alternatives, text, at, then),
        Piece::Repeat { least, most, piece } => repeat(piece, *least, *most, text, at, then),
    }
}

fn repeat(
    this: &Piece,
    least: usize,
    most: usize,
    text: &[char],
    at: usize,
    then: &mut dyn FnMut(usize) -> bool,
) -> bool {
    let once_more = most > 0
        && piece(this, text, at, &mut |next| {
            // A turn that consumes nothing gains nothing, and would go on for ever.
            let idle = next == at && least == 0;
            !idle && repeat(this, least.saturating_sub(1), most - 1, text, next, then)
        });
    once_more || (least == 0 && then(at))
}

/// Whether some code point of the class differs from `c` in case at most.
fn in_class(ranges: &[(char, char)], c: char) -> bool {
    ranges.iter().any(|&(low, high)| (low..=high).any(|member| fold(member) == fold(c)))
}

struct Parser<'a> {
    /// Still to be read, the next one last.
    rest: Vec<char>,
    pattern: &'a str,
}

impl Parser<'_> {
    fn alternatives(&mut self) -> Vec<Vec<Piece>> {
        let mut alternatives = vec![self.sequence()];
        while self.take('|') {
            alternatives.push(self.sequence());
        }
        alternatives
    }

    fn sequence(&mut self) -> Vec<Piece> {
        let mut pieces = Vec::new();
        while let Some(next) = self.rest.last().copied() {
            if next == '|' || next == ')' {
                break;
            }
            self.rest.pop();
            let piece = self.piece(next);
            pieces.push(self.repeated(piece));
        }
        pieces
    }

    fn piece(&mut self, first: char) -> Piece {
        match first {
            '.' => Piece::AnyButNewline,
            '^' => Piece::Start,
            '$' => Piece::End,
            '(' => {
                let alternatives = self.alternatives();
                if !self.take(')') {
                    self.refuse();
                }
                Piece::Group(alternatives)
            }
            '[' => self.class(),
            '\\' => match self.rest.pop() {
                Some(escaped) if escaped.is_ascii_punctuation() => Piece::Literal(escaped),
                _ => self.refuse(),
            },
            ')' | ']' | '{' | '}' | '*' | '+' | '?' => self.refuse(),
            literal => Piece::Literal(literal),
        }
    }

    fn class(&mut self) -> Piece {
        let negated = self.take('^');
        let mut ranges = Vec::new();
        loop {
            match self.rest.pop() {
                Some(']') if !ranges.is_empty() => return Piece::Class { negated, ranges },
                None | Some('[' | ']' | '\\' | '-' | '&' | '~') => self.refuse(),
                Some(low) if self.take('-') => match self.rest.pop() {
                    Some(high) if high.is_alphanumeric() => ranges.push((low, high)),
                    _ => self.refuse(),
                },
                Some(only) => ranges.push((only, only)),
            }
        }
    }

    fn repeated(&mut self, piece: Piece) -> Piece {
        let (least, most) = match self.rest.last() {
            Some('*') => (0, usize::MAX),
            Some('+') => (1, usize::MAX),
            Some('?') => (0, 1),
            Some('{') => self.refuse(),
            _ => return piece,
        };
        self.rest.pop();
        // Lazy or greedy makes no difference to whether there is a match.
        self.take('?');
        Piece::Repeat { least, most, piece: Box::new(piece) }
    }

    fn take(&mut self, wanted: char) -> bool {
        let there = self.rest.last() == Some(&wanted);
        if there {
            self.rest.pop();
        }
        there
    }

    fn refuse(&self) -> ! {
        beyond(&format!("the pattern `{}`", self.pattern))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_searched_without_case() {
        for (pattern, text) in [
            ("les$", "SALES\n"),
            ("^\u{17f}a", "Sales"),
            ("[j-l]", "\u{212a}"),
            ("^(a|bc)*d?$", "abcBCa"),
            ("(a*)*b", "aaab"),
            ("(|a)+c", "c"),
            ("x|", "y"),
            ("a.c", "aßc"),
            ("12\\.", "12.5"),
            ("[^a]", "ba"),
        ] {
            assert!(found(pattern, text), "{pattern} in {text:?}");
        }
        for (pattern, text) in
            [("a.c", "a\nc"), ("^b", "ab"), ("[^k]", "K"), ("12\\.", "125"), ("ss", "ß"), ("a$", "a\n\n")]
        {
            assert!(!found(pattern, text), "{pattern} in {text:?}");
        }
    }
}

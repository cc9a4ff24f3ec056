//! Rule text in all the spellings that the language allows: a rule is made of tokens, and each is
//! written and spaced as the choices fall (L1 to L11).

use crate::random::Random;
use crate::universe::written_instant;

/// A rule's text while it grows.
pub struct RuleText<'a> {
    text: String,
    random: &'a mut Random,
    /// Write everything the plain way.
    plain: bool,
}

impl<'a> RuleText<'a> {
    /// An empty text. A third of them are plain throughout.
    pub fn new(random: &'a mut Random) -> RuleText<'a> {
        let plain = random.chance(33);
        RuleText { text: String::new(), random, plain }
    }

    /// The choices that are left.
    pub fn random(&mut self) -> &mut Random {
        self.random
    }

    /// The text.
    pub fn finish(self) -> String {
        self.text
    }

    /// A property or element name: `user.department`.
    pub fn name(&mut self, name: &str) {
        let name = self.in_any_case(name);
        self.token(&name);
    }

    /// A name that must stay as it is, since causes repeat it.
    pub fn exact_name(&mut self, prefix: &str, name: &str) {
        let prefix = self.in_any_case(prefix);
        self.token(&format!("{prefix}.{name}"));
    }

    /// An operator word, given without its hyphen.
    pub fn operator(&mut self, word: &str) {
        let word = self.in_any_case(word);
        let hyphen = match self.odd(20) {
            true => *self.random.pick(&["", "\u{2013}", "\u{2014}", "\u{2015}"]),
            false => "-",
        };
        self.token(&format!("{hyphen}{word}"));
    }

    /// `(`, `)`, `[`, `]` or `,`.
    pub fn mark(&mut self, mark: &str) {
        self.token(mark);
    }

    /// Any words as they are.
    pub fn raw(&mut self, words: &str) {
        self.token(words);
    }

    /// A string, quoted in one way or another.
    pub fn string(&mut self, value: &str) {
        let bare = !value.is_empty() && !value.contains(['"', '\'', '`']);
        let quoted = if bare && self.odd(5) {
            format!("`\"{value}`\"")
        } else if self.odd(35) {
            format!("'{}'", value.replace('\'', "''"))
        } else {
            format!("\"{}\"", value.replace('`', "``").replace('"', "`\"").replace('\'', "''"))
        };
        self.token(&quoted);
    }

    /// A string operand, as a bare number where it is one.
    pub fn text(&mut self, value: &str) {
        let digits = value.strip_prefix('-').unwrap_or(value);
        let number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        if number && self.odd(50) { self.token(value) } else { self.string(value) }
    }

    /// null.
    pub fn null(&mut self) {
        let word = *self.random.pick(&["null", "$null"]);
        let word = self.in_any_case(word);
        self.token(&word);
    }

    /// A boolean.
    pub fn boolean(&mut self, truth: bool) {
        let word = self.in_any_case(if truth { "true" } else { "false" });
        match self.random.weighted(&[6, 2, 1]) {
            0 => self.token(&word),
            1 => self.token(&format!("${word}")),
            _ => self.token(&format!("\"{word}\"")),
        }
    }

    /// A fixed instant.
    pub fn instant(&mut self, millis: i64) {
        let text = written_instant(millis, self.random);
        if self.random.chance(50) {
            self.token(&format!("\"{text}\""));
        } else {
            self.token(&text);
        }
    }

    /// The clock, shifted.
    pub fn now(&mut self, shift_hours: i64) {
        let parentheses = if self.odd(30) { 1 } else { 0 };
        (0..parentheses).for_each(|_| self.mark("("));
        self.name("system.now");
        if shift_hours != 0 {
            self.operator(if shift_hours < 0 { "minus" } else { "plus" });
            let (days, hours) = (shift_hours.abs() / 24, shift_hours.abs() % 24);
            let duration = match (days, hours) {
                (days, 0) if days % 7 == 0 && self.odd(50) => format!("P{}W", days / 7),
                (days, 0) => format!("P{days}D"),
                (0, hours) if self.odd(30) => format!("PT{}M", hours * 60),
                (0, hours) => format!("PT{hours}H"),
                (days, hours) => format!("P{days}DT{hours}H"),
            };
            let duration = self.in_any_case(&duration);
            self.token(&duration);
        }
        (0..parentheses).for_each(|_| self.mark(")"));
    }

    /// True so many times in a hundred, never in a plain text.
    pub fn odd(&mut self, percent: usize) -> bool {
        !self.plain && self.random.chance(percent)
    }

    fn in_any_case(&mut self, word: &str) -> String {
        if !self.odd(25) {
            return word.to_owned();
        }
        let any =
            |c: char| if self.random.chance(50) { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
        word.chars().map(any).collect()
    }

    fn token(&mut self, token: &str) {
        // Where two words or numbers would grow together, or a date would swallow what follows.
        let wordlike = |c: char| c.is_alphanumeric() || c == '_' || c == '$' || c == '.';
        let ends_date = self.text.ends_with(|c: char| c.is_ascii_digit() || c.eq_ignore_ascii_case(&'z'));
        let needed = self.text.ends_with(wordlike) && token.starts_with(wordlike)
            || ends_date && token.starts_with(['-', '\u{2013}', '\u{2014}', '\u{2015}']);
        let space = match (needed, self.odd(30)) {
            (true, false) => " ",
            (true, true) => self.random.pick(&["  ", "\t", "\n", "\u{a0}", " \r\n "]),
            (false, true) => "",
            (false, false) => " ",
        };
        if !self.text.is_empty() {
            self.text.push_str(space);
        }
        self.text.push_str(token);
    }
}

//! Whether a JSON text is well-formed, found in one quick pass that makes nothing of it. The way of texts
//! that are as they should be; what is wrong with one that is not, [`super::json`] finds out.

/// As many bytes as are looked at together.
const WORD: usize = size_of::<u64>();
/// 1 in each byte of a word …
const ONES: u64 = u64::from_ne_bytes([0x01; WORD]);
/// … and its highest bit.
const HIGHS: u64 = u64::from_ne_bytes([0x80; WORD]);

/// As many levels of nesting as are kept in mind.
const LEVELS: usize = 128;

/// Whether a text is surely a JSON object that nests no deeper than `limit`, and than [`LEVELS`].
pub(super) fn is_object(text: &str, limit: usize) -> bool {
    let mut scan = Scan { rest: text.as_bytes() };
    scan.skip_space();
    scan.rest.first() == Some(&b'{') && scan.document(limit, &mut Anything).is_some()
}

/// How many entries a text has that is surely an array of objects, each with one `type`, a string, and that nests no
/// deeper than [`LEVELS`].
pub(super) fn nodes_in(text: &str) -> Option<usize> {
    let mut scan = Scan { rest: text.as_bytes() };
    scan.skip_space();
    let mut nodes = Nodes::default();
    (scan.rest.first() == Some(&b'[')).then(|| scan.document(LEVELS, &mut nodes))??;
    Some(nodes.count)
}

/// What of a document is looked at, besides its form; `false` where it is not as it should be. `depth` counts the arrays
/// and objects around it.
trait Look {
    /// The name of a member, as it is written between its quotes.
    fn name(&mut self, _depth: usize, _name: &[u8]) {}
    /// A value that begins so.
    fn value(&mut self, _depth: usize, _first: u8) -> bool {
        true
    }
    /// The end of an array or object.
    fn end(&mut self, _depth: usize) -> bool {
        true
    }
}

struct Anything;

impl Look for Anything {}

/// The nodes of a flow array.
#[derive(Default)]
struct Nodes {
    count: usize,
    /// How many types the one has that is being looked at.
    types: usize,
    is_type: bool,
}

impl Look for Nodes {
    fn name(&mut self, depth: usize, name: &[u8]) {
        self.is_type = depth == 2 && name == b"type";
        if depth == 2 && name.contains(&b'\\') {
            // It may be written in another way, and there be two of them.
            self.types += 2;
        }
    }

    fn value(&mut self, depth: usize, first: u8) -> bool {
        if depth == 1 {
            self.count += 1;
            self.types = 0;
            return first == b'{';
        }
        if std::mem::take(&mut self.is_type) {
            self.types += 1;
            return first == b'"';
        }
        true
    }

    fn end(&mut self, depth: usize) -> bool {
        depth != 1 || self.types == 1
    }
}

/// How many bytes at the beginning are neither the end of a string, nor an escape in one, nor a
/// character that may not be in one as it is.
pub(super) fn plain_length(bytes: &[u8]) -> usize {
    let mut rest = bytes;
    while let Some((word, after)) = rest.split_first_chunk::<WORD>() {
        let word = u64::from_le_bytes(*word);
        // A byte that is less than `n` borrows from its highest bit. So may the one above such a byte: the
        // lowest is right, and no other counts.
        let less_than = |word: u64, n: u8| word.wrapping_sub(ONES * u64::from(n)) & !word;
        let is = |byte: u8| less_than(word ^ (ONES * u64::from(byte)), 1);
        let special = (is(b'"') | is(b'\\') | less_than(word, b' ')) & HIGHS;
        if special != 0 {
            let lowest = special.trailing_zeros() / u8::BITS;
            return bytes.len() - rest.len() + usize::try_from(lowest).unwrap_or(0);
        }
        rest = after;
    }
    let last = rest.iter().take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..b' ')).count();
    bytes.len() - rest.len() + last
}

/// What has not been looked at. What is not as it should be gives `None`.
struct Scan<'t> {
    rest: &'t [u8],
}

impl<'t> Scan<'t> {
    /// A value, and nothing behind it.
    fn document(&mut self, limit: usize, look: &mut impl Look) -> Option<()> {
        // Of the objects and arrays that this is in, whether each is an object; the innermost is the
        // lowest bit.
        let (mut objects, mut depth) = (0_u128, 0);
        let limit = limit.min(LEVELS);
        loop {
            self.skip_space();
            let first = self.next()?;
            if !look.value(depth, first) {
                return None;
            }
            match first {
                b'"' => self.string()?,
                first @ (b'{' | b'[') => {
                    if depth >= limit {
                        return None;
                    }
                    depth += 1;
                    objects = objects << 1 | u128::from(first == b'{');
                    self.skip_space();
                    match (first, self.rest.first()?) {
                        // It is empty; its end follows.
                        (_, b'}' | b']') => (),
                        (b'{', _) => {
                            look.name(depth, self.name()?);
                            continue;
                        }
                        _ => continue,
                    }
                }
                b't' => self.literal(b"rue")?,
                b'f' => self.literal(b"alse")?,
                b'n' => self.literal(b"ull")?,
                first => self.number(first)?,
            }
            loop {
                self.skip_space();
                if depth == 0 {
                    return self.rest.is_empty().then_some(());
                }
                match (self.next()?, objects & 1 == 1) {
                    (b',', true) => {
                        self.skip_space();
                        look.name(depth, self.name()?);
                        break;
                    }
                    (b',', false) => break,
                    (b'}', true) | (b']', false) => {
                        depth -= 1;
                        objects >>= 1;
                        if !look.end(depth) {
                            return None;
                        }
                    }
                    _ => return None,
                }
            }
        }
    }

    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn skip_space(&mut self) {
        while let Some((b' ' | b'\n' | b'\t' | b'\r', rest)) = self.rest.split_first() {
            self.rest = rest;
        }
    }

    fn literal(&mut self, text: &[u8]) -> Option<()> {
        self.rest = self.rest.strip_prefix(text)?;
        Some(())
    }

    /// The name of a member, as it is written between its quotes; takes its colon, too.
    fn name(&mut self) -> Option<&'t [u8]> {
        self.literal(b"\"")?;
        let name = self.rest;
        self.string()?;
        let name = name.get(..name.len() - self.rest.len() - 1)?;
        self.skip_space();
        self.literal(b":")?;
        Some(name)
    }

    /// The rest of a string whose first quote was read.
    fn string(&mut self) -> Option<()> {
        loop {
            self.rest = self.rest.get(plain_length(self.rest)..)?;
            match self.next()? {
                b'"' => return Some(()),
                b'\\' => match self.next()? {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => (),
                    b'u' => {
                        let (digits, rest) = self.rest.split_first_chunk::<4>()?;
                        if !digits.iter().all(u8::is_ascii_hexdigit) {
                            return None;
                        }
                        self.rest = rest;
                    }
                    _ => return None,
                },
                _ => return None,
            }
        }
    }

    /// The rest of a number whose first character was read.
    fn number(&mut self, first: u8) -> Option<()> {
        match if first == b'-' { self.next()? } else { first } {
            b'0' => (),
            b'1'..=b'9' => self.skip_digits(),
            _ => return None,
        }
        if let Some(rest) = self.rest.strip_prefix(b".") {
            self.rest = rest;
            self.digits()?;
        }
        if let Some((b'e' | b'E', rest)) = self.rest.split_first() {
            self.rest = match rest.split_first() {
                Some((b'+' | b'-', rest)) => rest,
                _ => rest,
            };
            self.digits()?;
        }
        Some(())
    }

    /// One digit at least.
    fn digits(&mut self) -> Option<()> {
        self.next().filter(u8::is_ascii_digit)?;
        self.skip_digits();
        Some(())
    }

    fn skip_digits(&mut self) {
        while let Some((b'0'..=b'9', rest)) = self.rest.split_first() {
            self.rest = rest;
        }
    }
}

#[cfg(test)]
mod tests;

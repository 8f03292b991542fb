//! Results of rows as bytes, so that a run that was interrupted is taken up again where it ended.

use equipoise_counterfactuals::{Counterfactual, Found, Goal, Proof, Quality, Shortage};
use equipoise_kernels::split_mix;

use super::search::Row;

/// Changes whenever the bytes or what they mean do.
const FORMAT: u64 = 1;

/// Takes in everything that results depend on.
pub(super) struct Key(u64, u64);

impl Key {
    pub(super) fn new() -> Self {
        Self(FORMAT, split_mix(FORMAT)).text(env!("CARGO_PKG_VERSION"))
    }

    fn word(self, word: u64) -> Self {
        Self(split_mix(self.0 ^ word), split_mix(self.1.rotate_left(17) ^ word))
    }

    pub(super) fn numbers(self, numbers: &[f64]) -> Self {
        let all = numbers.iter().fold(self, |key, x| key.word(x.to_bits()));
        all.word(numbers.len() as u64)
    }

    pub(super) fn text(self, text: &str) -> Self {
        text.bytes().fold(self, |key, byte| key.word(u64::from(byte))).word(text.len() as u64)
    }

    pub(super) fn hex(&self) -> String {
        format!("{:016x}{:016x}", self.0, self.1)
    }
}

/// Rows as bytes.
pub(super) fn encoded(rows: &[Row]) -> Vec<u8> {
    let mut out = Out::default();
    out.word(rows.len() as u64);
    for row in rows {
        out.word(u64::from(row.number));
        out.found(&row.found);
        match &row.quality {
            None => out.word(0),
            Some(q) => {
                out.word(1);
                let all = [q.validity, q.sparsity, q.robustness];
                all.iter().for_each(|x| out.number(*x));
                let some = [q.proximity_numbers, q.proximity_names, q.diversity, q.plausibility, q.fifth, q.isolated];
                some.iter().for_each(|x| out.maybe(*x));
            }
        }
    }
    out.0
}

/// The rows of a part again; none where the bytes are not of exactly these rows.
pub(super) fn decoded(bytes: &[u8], part: &[(&[f64], (u32, u32))]) -> Option<Vec<Row>> {
    let mut bytes = In(bytes);
    if bytes.word()? != part.len() as u64 {
        return None;
    }
    let mut rows = Vec::with_capacity(part.len());
    for (values, (number, place)) in part {
        if bytes.word()? != u64::from(*number) {
            return None;
        }
        let found = bytes.found(values.len())?;
        let quality = match bytes.word()? {
            0 => None,
            1 => Some(Quality {
                validity: bytes.number()?,
                sparsity: bytes.number()?,
                robustness: bytes.number()?,
                proximity_numbers: bytes.maybe()?,
                proximity_names: bytes.maybe()?,
                diversity: bytes.maybe()?,
                plausibility: bytes.maybe()?,
                fifth: bytes.maybe()?,
                isolated: bytes.maybe()?,
            }),
            _ => return None,
        };
        rows.push(Row { number: *number, place: *place, values: values.to_vec(), found, quality });
    }
    bytes.0.is_empty().then_some(rows)
}

#[derive(Default)]
struct Out(Vec<u8>);

impl Out {
    fn word(&mut self, word: u64) {
        self.0.extend(word.to_le_bytes());
    }

    fn number(&mut self, x: f64) {
        self.word(x.to_bits());
    }

    fn maybe(&mut self, x: Option<f64>) {
        self.word(u64::from(x.is_some()));
        self.number(x.unwrap_or_default());
    }

    fn numbers(&mut self, all: &[f64]) {
        self.word(all.len() as u64);
        all.iter().for_each(|x| self.number(*x));
    }

    fn found(&mut self, found: &Found) {
        self.numbers(&found.present);
        let (tag, one, other) = match found.goal {
            Goal::AtLeast(k, x) => (0, k as u64, x),
            Goal::AtMost(k, x) => (1, k as u64, x),
            Goal::Below(k, x) => (2, k as u64, x),
            Goal::Within(low, high) => (3, low.to_bits(), high),
            Goal::Largest(k) => (4, k as u64, 0.0),
            Goal::NotLargest(k) => (5, k as u64, 0.0),
        };
        self.word(tag);
        self.word(one);
        self.number(other);
        self.word(found.counterfactuals.len() as u64);
        for one in &found.counterfactuals {
            self.numbers(&one.row);
            self.numbers(&one.answer);
            self.number(one.cost);
            self.word(one.changed.len() as u64);
            one.changed.iter().for_each(|v| self.word(*v as u64));
            let (tag, bound) = match one.proof {
                None => (0, 0.0),
                Some(Proof::Optimal) => (1, 0.0),
                Some(Proof::AtLeast(bound)) => (2, bound),
                Some(Proof::Unreachable) => (3, 0.0),
            };
            self.word(tag);
            self.number(bound);
        }
        let (tag, bound, why) = match &found.shortage {
            None => (0, 0.0, ""),
            Some(Shortage::AlreadyGranted) => (1, 0.0, ""),
            Some(Shortage::Unreachable) => (2, 0.0, ""),
            Some(Shortage::NothingMayChange(why)) => (3, 0.0, why.as_str()),
            Some(Shortage::NotFound) => (4, 0.0, ""),
            Some(Shortage::GaveUp(bound)) => (5, *bound, ""),
        };
        self.word(tag);
        self.number(bound);
        self.word(why.len() as u64);
        self.0.extend(why.as_bytes());
        self.word(found.calls);
    }
}

struct In<'a>(&'a [u8]);

impl In<'_> {
    fn word(&mut self) -> Option<u64> {
        let (word, rest) = self.0.split_first_chunk::<8>()?;
        self.0 = rest;
        Some(u64::from_le_bytes(*word))
    }

    fn number(&mut self) -> Option<f64> {
        self.word().map(f64::from_bits)
    }

    fn maybe(&mut self) -> Option<Option<f64>> {
        let is_some = self.word()? == 1;
        let x = self.number()?;
        Some(is_some.then_some(x))
    }

    /// A length of things that take at least a word each (or a byte, for text).
    fn length(&mut self, bytes_each: usize) -> Option<usize> {
        let n = usize::try_from(self.word()?).ok()?;
        (n.checked_mul(bytes_each)? <= self.0.len()).then_some(n)
    }

    fn numbers(&mut self) -> Option<Vec<f64>> {
        let n = self.length(8)?;
        (0..n).map(|_| self.number()).collect()
    }

    fn found(&mut self, n_columns: usize) -> Option<Found> {
        let present = self.numbers()?;
        let (tag, one, other) = (self.word()?, self.word()?, self.number()?);
        let k = || usize::try_from(one).ok();
        let goal = match tag {
            0 => Goal::AtLeast(k()?, other),
            1 => Goal::AtMost(k()?, other),
            2 => Goal::Below(k()?, other),
            3 => Goal::Within(f64::from_bits(one), other),
            4 => Goal::Largest(k()?),
            5 => Goal::NotLargest(k()?),
            _ => return None,
        };
        let n = self.length(8)?;
        let mut counterfactuals = Vec::with_capacity(n);
        for _ in 0..n {
            let row = self.numbers().filter(|row| row.len() == n_columns)?;
            let (answer, cost) = (self.numbers()?, self.number()?);
            let n_changed = self.length(8)?;
            let changed: Option<Vec<usize>> =
                (0..n_changed).map(|_| self.word().and_then(|v| usize::try_from(v).ok())).collect();
            let (tag, bound) = (self.word()?, self.number()?);
            let proof = match tag {
                0 => None,
                1 => Some(Proof::Optimal),
                2 => Some(Proof::AtLeast(bound)),
                3 => Some(Proof::Unreachable),
                _ => return None,
            };
            counterfactuals.push(Counterfactual { row, answer, cost, changed: changed?, proof });
        }
        let (tag, bound) = (self.word()?, self.number()?);
        let n = self.length(1)?;
        let (why, rest) = self.0.split_at_checked(n)?;
        let why = std::str::from_utf8(why).ok()?.to_owned();
        self.0 = rest;
        let shortage = match tag {
            0 => None,
            1 => Some(Shortage::AlreadyGranted),
            2 => Some(Shortage::Unreachable),
            3 => Some(Shortage::NothingMayChange(why)),
            4 => Some(Shortage::NotFound),
            5 => Some(Shortage::GaveUp(bound)),
            _ => return None,
        };
        Some(Found { present, goal, counterfactuals, shortage, calls: self.word()? })
    }
}

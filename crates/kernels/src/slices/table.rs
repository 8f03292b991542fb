//! Rows side by side with compact codes, and tables of sums over pairs of columns.

use super::cells::Kind;

/// Some rows with their losses and the columns that slices may still be refined by.
pub(super) struct Block<K: Kind> {
    pub(super) columns: Vec<BlockColumn>,
    pub(super) rows: Vec<K::Row>,
}

/// A column of a block. The last code stands for everything that is in no slice.
pub(super) struct BlockColumn {
    /// Place of the column in the search.
    pub(super) place: usize,
    pub(super) codes: Vec<u8>,
    /// The level of each code but the last.
    pub(super) levels: Vec<u8>,
}

impl BlockColumn {
    /// Number of codes, the last included.
    pub(super) fn width(&self) -> usize {
        self.levels.len() + 1
    }
}

/// Rows that are keyed at once: their keys stay in the nearest cache while all partners are counted.
const CHUNK: usize = 8_192;

impl<K: Kind> Block<K> {
    /// Sums by code of one column.
    pub(super) fn singles(&self, column: usize) -> Vec<K::Cell> {
        self.columns.get(column).map_or_else(Vec::new, |column| K::singles(&self.rows, column))
    }

    /// Sums by pair of codes of the column `first` with each later column.
    pub(super) fn pairs(&self, first: usize) -> Vec<Vec<K::Cell>> {
        match self.columns.split_at_checked(first) {
            Some((_, [head, partners @ ..])) => K::tables(&self.rows, head, partners),
            _ => Vec::new(),
        }
    }

    /// Sums by pair of codes of a column with others: cell `code·width + partner's code`.
    #[allow(clippy::indexing_slicing, reason = "the hottest loop: codes are below the widths the tables were made for")]
    pub(super) fn tables(rows: &[K::Row], head: &BlockColumn, partners: &[BlockColumn]) -> Vec<Vec<K::Cell>> {
        let mut tables: Vec<Vec<K::Cell>> =
            partners.iter().map(|p| vec![K::Cell::default(); head.width() * p.width()]).collect();
        for start in (0..rows.len()).step_by(CHUNK) {
            let end = (start + CHUNK).min(rows.len());
            let (codes, rows) = (&head.codes[start..end], &rows[start..end]);
            for (partner, table) in partners.iter().zip(&mut tables) {
                let width = partner.width();
                let others = &partner.codes[start..end];
                for ((code, other), row) in codes.iter().zip(others).zip(rows) {
                    K::add(&mut table[usize::from(*code) * width + usize::from(*other)], *row);
                }
            }
        }
        tables
    }

    /// The rows with a code of a column, with some later columns whose codes are given new numbers: `keep` lists each
    /// column with the code of every old code.
    #[allow(clippy::indexing_slicing, reason = "a hot loop: codes index a table of 256")]
    pub(super) fn refined(&self, column: usize, code: u8, keep: &[(usize, Vec<u8>)]) -> Self {
        let places = places_of(&self.columns[column].codes, code);
        let rows = places.iter().map(|p| self.rows[*p as usize]).collect();
        let columns = keep
            .iter()
            .map(|(column, levels)| {
                let old = &self.columns[*column];
                // Old codes without a level of their own become the last code.
                let last = u8::try_from(levels.len()).unwrap_or(u8::MAX);
                let mut new_code = [last; 256];
                for (new, old) in (0..=u8::MAX).zip(levels) {
                    new_code[usize::from(*old)] = new;
                }
                BlockColumn {
                    place: old.place,
                    codes: places.iter().map(|p| new_code[usize::from(old.codes[*p as usize])]).collect(),
                    levels: levels.iter().map(|c| old.levels[usize::from(*c)]).collect(),
                }
            })
            .collect();
        Self { columns, rows }
    }
}

/// Where a code occurs. Every place is written and the next one overwrites it unless it counts: no branch to guess.
#[allow(clippy::indexing_slicing, reason = "a hot loop: no more places than rows are written")]
fn places_of(codes: &[u8], code: u8) -> Vec<u32> {
    let mut places = vec![0_u32; codes.len() + 1];
    let mut n = 0;
    for (row, c) in (0_u32..).zip(codes) {
        places[n] = row;
        n += usize::from(*c == code);
    }
    places.truncate(n);
    places
}

/// Counted errors by code of one column, in four tables in turn: neighbouring rows with one code need not wait for each
/// other.
#[allow(clippy::indexing_slicing, reason = "a hot loop: keys stay below the size of a table")]
pub(super) fn counted_singles(rows: &[u8], column: &BlockColumn) -> Vec<u64> {
    let mut cells = vec![0_u64; column.width()];
    // Tables of 32 bits hold what a chunk can count.
    for (rows, codes) in rows.chunks(1 << 30).zip(column.codes.chunks(1 << 30)) {
        let mut counts = [[0_u32; 512]; 4];
        let key = |code: u8, error: u8| 2 * usize::from(code) + usize::from(error & 1);
        let (rows, last_rows) = rows.as_chunks::<4>();
        let (codes, last_codes) = codes.as_chunks::<4>();
        for (row, code) in rows.iter().zip(codes) {
            for (table, (code, error)) in counts.iter_mut().zip(code.iter().zip(row)) {
                table[key(*code, *error)] += 1;
            }
        }
        for (code, error) in last_codes.iter().zip(last_rows) {
            counts[0][key(*code, *error)] += 1;
        }
        let sum = |key: usize| counts.iter().map(|table| u64::from(table[key])).sum::<u64>();
        for (code, cell) in cells.iter_mut().enumerate() {
            let wrong = sum(2 * code + 1);
            *cell += (sum(2 * code) + wrong) << 32 | wrong;
        }
    }
    cells
}

/// Counted errors: rows of a cell in the upper half of a word and errors in the lower half. A row's code and error are one
/// key, made once for all partners, so that a visit is one step up of one small number.
pub(super) fn counted_pairs(rows: &[u8], head: &BlockColumn, partners: &[BlockColumn]) -> Vec<Vec<u64>> {
    let stride = 2 * head.width();
    let mut tables: Vec<Vec<u64>> = partners.iter().map(|p| vec![0; head.width() * p.width()]).collect();
    let mut keys: Vec<u16> = Vec::with_capacity(CHUNK.min(rows.len()));
    for (start, rows) in (0..).step_by(CHUNK).zip(rows.chunks(CHUNK)) {
        let of_head = head.codes.get(start..start + rows.len()).unwrap_or_default();
        keys.clear();
        keys.extend(of_head.iter().zip(rows).map(|(code, error)| u16::from(*code) * 2 + u16::from(*error)));
        for (partner, table) in partners.iter().zip(&mut tables) {
            let others = partner.codes.get(start..start + rows.len()).unwrap_or_default();
            let counts = Counts { keys: &keys, others, stride, width: partner.width() };
            match stride * partner.width() {
                n if n <= 64 => counts.add_to::<64>(table),
                n if n <= 256 => counts.add_to::<256>(table),
                n if n <= 1_024 => counts.add_to::<1_024>(table),
                _ => counts.add_to_large(table),
            }
        }
    }
    tables
}

/// Keys of some rows beside the codes of a partner.
struct Counts<'a> {
    keys: &'a [u16],
    others: &'a [u8],
    stride: usize,
    width: usize,
}

impl Counts<'_> {
    /// Counts in two tables in turn, so that equal keys in neighbouring rows need not wait for each other. `N` is a power of
    /// two of at least `stride·width`.
    #[allow(clippy::indexing_slicing, reason = "places are masked to the table's size, which is known when compiled")]
    fn add_to<const N: usize>(&self, table: &mut [u64]) {
        let (mut even, mut odd) = ([0_u32; N], [0_u32; N]);
        let place = |key: u16, other: u8| (usize::from(other) * self.stride + usize::from(key)) & (N - 1);
        let (keys, last_key) = self.keys.as_chunks::<2>();
        let (others, last_other) = self.others.as_chunks::<2>();
        for ([k, l], [o, p]) in keys.iter().zip(others) {
            even[place(*k, *o)] += 1;
            odd[place(*l, *p)] += 1;
        }
        for (k, o) in last_key.iter().zip(last_other) {
            even[place(*k, *o)] += 1;
        }
        self.unfold(|i| even[i & (N - 1)] + odd[i & (N - 1)], table);
    }

    fn add_to_large(&self, table: &mut [u64]) {
        let mut counts = vec![0_u32; self.stride * self.width];
        for (key, other) in self.keys.iter().zip(self.others) {
            if let Some(count) = counts.get_mut(usize::from(*other) * self.stride + usize::from(*key)) {
                *count += 1;
            }
        }
        self.unfold(|i| counts.get(i).copied().unwrap_or(0), table);
    }

    /// Adds counts by key to a table by code.
    fn unfold(&self, count: impl Fn(usize) -> u32, table: &mut [u64]) {
        for (code, line) in table.chunks_exact_mut(self.width).enumerate() {
            for (other, cell) in line.iter_mut().enumerate() {
                let place = other * self.stride + 2 * code;
                let (right, wrong) = (u64::from(count(place)), u64::from(count(place + 1)));
                *cell += (right + wrong) << 32 | wrong;
            }
        }
    }
}

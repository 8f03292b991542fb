//! A cooperative game: what each coalition of players achieves.

/// A set of players. Players are numbered from 0.
///
/// ```
/// use equipoise_shapley::Coalition;
///
/// let some = Coalition::of(70, [0, 65]);
/// assert!(some.has(65) && !some.has(1));
/// assert_eq!(some.n_members(), 2);
/// assert_eq!(some.complement(70).n_members(), 68);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Coalition {
    words: Box<[u64]>,
}

/// What coalitions achieve. Values have one number per output.
pub trait Game {
    /// Why a value cannot be had.
    type Error;

    /// Number of players.
    fn n_players(&self) -> usize;

    /// Number of outputs.
    fn n_outputs(&self) -> usize;

    /// Values of coalitions, shape `(n_coalitions, n_outputs)`. Asked for as many at once as possible.
    ///
    /// # Errors
    /// When the game cannot be played.
    fn values(&self, coalitions: &[Coalition]) -> Result<Vec<f64>, Self::Error>;
}

impl Coalition {
    /// Nobody out of `n_players`.
    #[must_use]
    pub fn nobody(n_players: usize) -> Self {
        Self { words: vec![0; n_players.div_ceil(64).max(1)].into() }
    }

    /// All of `n_players`.
    #[must_use]
    pub fn everybody(n_players: usize) -> Self {
        Self::nobody(n_players).complement(n_players)
    }

    /// Some of `n_players`; a number beyond them is left out.
    #[must_use]
    pub fn of(n_players: usize, members: impl IntoIterator<Item = usize>) -> Self {
        let mut all = Self::nobody(n_players);
        members.into_iter().filter(|m| *m < n_players).for_each(|m| all.insert(m));
        all
    }

    /// The set whose members are the ones of a number's bits; for up to 64 players.
    #[must_use]
    pub fn from_bits(n_players: usize, bits: u64) -> Self {
        let mut all = Self::nobody(n_players);
        if let Some(first) = all.words.first_mut() {
            *first = if n_players < 64 { bits & ((1 << n_players) - 1) } else { bits };
        }
        all
    }

    /// Lets a player in.
    pub fn insert(&mut self, player: usize) {
        if let Some(word) = self.words.get_mut(player / 64) {
            *word |= 1 << (player % 64);
        }
    }

    /// True for a member.
    #[must_use]
    pub fn has(&self, player: usize) -> bool {
        self.words.get(player / 64).is_some_and(|word| word >> (player % 64) & 1 == 1)
    }

    /// Number of members.
    #[must_use]
    pub fn n_members(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Everybody else.
    #[must_use]
    pub fn complement(&self, n_players: usize) -> Self {
        let mut left = n_players;
        let words = self.words.iter().map(|word| {
            let here = left.min(64);
            left -= here;
            let all = if here == 64 { u64::MAX } else { (1 << here) - 1 };
            !word & all
        });
        Self { words: words.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complements_split_the_players() {
        for n in [1, 5, 63, 64, 65, 130] {
            let some = Coalition::of(n, (0..n).filter(|i| i % 3 == 0));
            let others = some.complement(n);
            assert!((0..n).all(|i| some.has(i) != others.has(i)), "{n}");
            assert_eq!(some.n_members() + others.n_members(), n);
            assert_eq!(Coalition::everybody(n).n_members(), n);
        }
    }
}

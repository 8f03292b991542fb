//! From the features that trees split on to those who share the prediction.

use std::collections::BTreeMap;

use equipoise_models::{TreeEnsemble, trees::FeatureKind};

use crate::{Players, ShapleyError};

/// Who plays, and to which columns the shares go.
#[derive(Clone, Debug)]
pub(crate) struct Roster {
    /// By feature: its player.
    pub(crate) player_of: Vec<usize>,
    /// By player: the columns that share what it gets.
    pub(crate) columns_of: Vec<Vec<usize>>,
    /// Names of the columns.
    pub(crate) names: Vec<String>,
}

impl Roster {
    pub(crate) fn over(ensemble: &TreeEnsemble, players: Players<'_>) -> Result<Self, ShapleyError> {
        let features = ensemble.features();
        let n_inputs = features.iter().filter(|f| !f.is_derived()).count();
        let names = |n: usize| features.iter().take(n).map(|f| f.name.clone()).collect::<Vec<_>>();
        let (names, groups) = match players {
            Players::Features => (names(features.len()), (0..features.len()).collect()),
            Players::Columns => (names(n_inputs), (0..n_inputs).collect()),
            Players::Groups { of, .. } if of.len() != n_inputs => {
                return Err(ShapleyError::Shape { what: "groups", found: of.len(), expected: n_inputs });
            }
            Players::Groups { of, names } => {
                if let Some((feature, group)) = of.iter().enumerate().find(|(_, group)| **group >= names.len()) {
                    return Err(ShapleyError::Group { feature, group: *group, count: names.len() });
                }
                (names.to_vec(), of.to_vec())
            }
        };
        // The columns themselves come first, then each set of columns that some feature is computed from.
        let mut columns_of: Vec<Vec<usize>> = (0..names.len()).map(|column| vec![column]).collect();
        let mut known: BTreeMap<Vec<usize>, usize> = columns_of.iter().cloned().zip(0..).collect();
        let player_of = features.iter().enumerate().map(|(index, feature)| {
            let own = [index];
            let sources = match &feature.kind {
                FeatureKind::Derived(derive) if players != Players::Features => derive.sources(),
                _ => &own,
            };
            let mut sources: Vec<usize> = sources.iter().filter_map(|source| groups.get(*source).copied()).collect();
            sources.sort_unstable();
            sources.dedup();
            *known.entry(sources).or_insert_with_key(|sources| {
                columns_of.push(sources.clone());
                columns_of.len() - 1
            })
        });
        let player_of = player_of.collect();
        Ok(Self { player_of, columns_of, names })
    }

    pub(crate) fn n_players(&self) -> usize {
        self.columns_of.len()
    }

    /// Group of each player, from those of the columns: a player of several columns belongs to their group when they have one
    /// in common, and is a group of its own when not.
    pub(crate) fn groups(&self, of_columns: &[usize]) -> Result<Vec<u32>, ShapleyError> {
        if of_columns.len() != self.n_columns() {
            return Err(ShapleyError::Shape { what: "groups", found: of_columns.len(), expected: self.n_columns() });
        }
        // Numbered anew, so that those of single players follow.
        let mut known: Vec<usize> = of_columns.to_vec();
        known.sort_unstable();
        known.dedup();
        let of = |column: &usize| of_columns.get(*column).and_then(|group| known.binary_search(group).ok());
        let one = |(player, columns): (usize, &Vec<usize>)| {
            let mut groups = columns.iter().map(of);
            let first = groups.next().flatten();
            let group = first.filter(|_| groups.all(|group| group == first));
            group.unwrap_or(known.len() + player) as u32
        };
        Ok(self.columns_of.iter().enumerate().map(one).collect())
    }

    pub(crate) fn n_columns(&self) -> usize {
        self.names.len()
    }

    /// A player's columns, each with its share.
    pub(crate) fn shares(&self, player: usize) -> impl Iterator<Item = (usize, f64)> {
        let columns = self.columns_of.get(player).map_or(&[][..], Vec::as_slice);
        let share = 1.0 / columns.len().max(1) as f64;
        columns.iter().map(move |column| (*column, share))
    }
}

//! Trees, made ready once and then asked about any number of rows.

use equipoise_models::{TreeEnsemble, trees::Link};
use rayon::prelude::*;

use crate::{
    Attributions, Interaction, Interactions, LinkedAttributions, Method, Options, Precision, ShapleyError,
    background::{Compared, background_of, blocks_of, covers_over, rows_in},
    block::{Block, ROWS, Ranks, ranks_of},
    engine::{Engine, Ready, Room, Way, flush, pay_off},
    forest::Forest,
    interactions::{PairScratch, Pairs},
    linked::{LinkedRoom, MOST_PLAYERS, Spread},
    machine::{Machine, TableRoom},
    patterns::Trail,
    players::Roster,
    reference::{Betas, Doubles, Singles, Walk},
    sweep::{Real, Scratch},
    tables::tables_of,
};

/// Exact Shapley values of a tree ensemble's margins.
///
/// ```text
/// margin_k(x) = base_k + Σ_columns values[row, column, k]
/// ```
///
/// It is made once from the trees and a definition of absence ([`Method`]), keeps what it needs of both, and then explains
/// encoded rows ([`TreeEnsemble::encode`]). The same rows give the same bytes whatever the number of threads.
#[derive(Clone, Debug)]
pub struct TreeExplainer {
    roster: Roster,
    forest: Forest,
    link: Link,
    base: Vec<f64>,
    engine: Engine,
    background: Option<Compared>,
    machine: Machine,
    memory_budget: usize,
}

/// Most blocks that go through a tree together, and the bytes that their sums may take.
const MOST_TOGETHER: usize = 8;
const SUMS_BYTES: usize = 1 << 18;

impl TreeExplainer {
    /// Makes an ensemble ready.
    ///
    /// # Errors
    /// When leaves hold linear models, training weights are missing, the background is empty or of another width, or
    /// the trees need more than the memory budget.
    pub fn new(ensemble: &TreeEnsemble, options: &Options<'_>) -> Result<Self, ShapleyError> {
        let roster = Roster::over(ensemble, options.players)?;
        let counted = match options.method {
            Method::PathDependentOver(background) => Some(covers_over(ensemble, &roster, background)?),
            Method::PathDependent | Method::Interventional(_) => None,
        };
        let needs_covers = !matches!(options.method, Method::Interventional(_));
        let forest = Forest::over(ensemble, &roster, counted.as_deref(), needs_covers)?;
        let machine = Machine::found();
        let (engine, background, base) = match options.method {
            Method::Interventional(background) => {
                let (ranks, weights) = background_of(&forest, background)?;
                let base = forest.mean_margins(&ranks, &weights);
                let blocks = blocks_of(&forest, &ranks, &weights);
                let budget = options.memory_budget;
                let engine = match options.precision {
                    Precision::Fast => tables_of(&forest, &blocks, budget).map(|t| Engine::Fast(Ready::of_tables(t))),
                    Precision::Exact => tables_of(&forest, &blocks, budget).map(|t| Engine::Exact(Ready::of_tables(t))),
                };
                let compared = Compared { ranks, weights, betas: Betas::new() };
                (engine.unwrap_or(Engine::Compared), Some(compared), base)
            }
            Method::PathDependent | Method::PathDependentOver(_) => {
                let (budget, n_players) = (options.memory_budget, roster.n_players());
                let engine = match options.precision {
                    Precision::Fast => {
                        let by_tables = pay_off(&forest, machine, options);
                        Engine::Fast(Ready::over(&forest, n_players, &by_tables, budget)?)
                    }
                    Precision::Exact => Engine::Exact(Ready::over(&forest, n_players, &[], budget)?),
                };
                (engine, None, forest.expected())
            }
        };
        let (link, memory_budget) = (ensemble.link(), options.memory_budget);
        Ok(Self { roster, forest, link, base, engine, background, machine, memory_budget })
    }

    /// Names of those that attributions go to: the data's columns, or all features of the trees.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.roster.names
    }

    /// Number of columns or features that attributions go to.
    #[must_use]
    pub fn n_features(&self) -> usize {
        self.roster.n_columns()
    }

    /// Number of margins.
    #[must_use]
    pub fn n_outputs(&self) -> usize {
        self.forest.n_outputs
    }

    /// What each margin is when nothing is known of a row.
    #[must_use]
    pub fn base(&self) -> &[f64] {
        &self.base
    }

    /// Margins of encoded rows, summed in 64 bits: what attributions plus base add up to.
    ///
    /// # Errors
    /// When the values are not whole rows.
    pub fn margins(&self, rows: &[f64]) -> Result<Vec<f64>, ShapleyError> {
        self.n_rows(rows)?;
        let n_outputs = self.forest.n_outputs;
        let chunks = rows.par_chunks(self.forest.n_features.max(1) * ROWS);
        let margins: Vec<Vec<f64>> = chunks
            .map(|rows| {
                let ranks = ranks_of(&self.forest, rows);
                let mut out = Vec::with_capacity(ROWS * n_outputs);
                for row in ranks.chunks_exact(self.forest.lanes.len().max(1)) {
                    out.extend(self.forest.margins(Ranks(row)));
                }
                out
            })
            .collect();
        Ok(margins.concat())
    }

    /// Attributions of encoded rows, row by row of as many values as the ensemble has features.
    ///
    /// # Errors
    /// When the values are not whole rows.
    pub fn explain(&self, rows: &[f64]) -> Result<Attributions, ShapleyError> {
        let n_rows = self.n_rows(rows)?;
        let (n_features, n_outputs) = (self.n_features(), self.n_outputs());
        let mut values = vec![0.0; n_rows * n_features * n_outputs];
        let n_together = ROWS * self.blocks_together(n_rows);
        let out = values.par_chunks_mut((n_features * n_outputs * n_together).max(1));
        let chunks = rows.par_chunks((self.forest.n_features * n_together).max(1));
        let work = out.zip(chunks);
        match &self.engine {
            Engine::Fast(ready) => {
                work.for_each_init(|| self.room(ready), |room, (out, rows)| self.worked_out(ready, room, rows, out));
            }
            Engine::Exact(ready) => {
                work.for_each_init(|| self.room(ready), |room, (out, rows)| self.worked_out(ready, room, rows, out));
            }
            Engine::Compared => {
                if let Some(compared) = &self.background {
                    work.for_each(|(out, rows)| self.compared(compared, rows, out));
                }
            }
        }
        Ok(Attributions { n_rows, n_features, n_outputs, values, base: self.base.clone() })
    }

    /// Attributions of what the model answers: of probabilities where its link makes some. Interventional only.
    ///
    /// ```text
    /// answer_k(x) = base_k + Σ_columns values[row, column, k]
    /// ```
    ///
    /// Exact for the background: for each of its rows, all coalitions of the columns in which the two differ are asked.
    /// Its cost grows with rows × background rows.
    ///
    /// # Errors
    /// When there is no background, the values are not whole rows, or a row and a background row differ in more than 16
    /// columns that matter.
    pub fn explain_answers(&self, rows: &[f64]) -> Result<LinkedAttributions, ShapleyError> {
        let n_rows = self.n_rows(rows)?;
        let Some(compared) = &self.background else {
            return Err(ShapleyError::NeedsBackground { what: "an explanation of the model's answer" });
        };
        let (n_features, n_outputs) = (self.n_features(), self.forest.n_outputs);
        let n_lanes = self.forest.lanes.len().max(1);
        let ranks = ranks_of(&self.forest, rows);
        let explained = ranks.par_chunks_exact(n_lanes).enumerate().map_init(
            || LinkedRoom::new(self.roster.n_players()),
            |room, (row, ranks)| {
                let mut spread = Spread::new(n_features * n_outputs);
                for (background, (other, weight)) in compared.rows(n_lanes).enumerate() {
                    let pair = (Ranks(ranks), other);
                    let values = room.compare(&self.forest, &self.roster, self.link, pair, &compared.betas);
                    let too_many = |found| ShapleyError::TooManyColumns { row, background, found, limit: MOST_PLAYERS };
                    spread.push(&values.map_err(too_many)?, weight);
                }
                Ok(spread)
            },
        );
        let explained: Result<Vec<Spread>, ShapleyError> = explained.collect();
        let explained = explained?;
        let mut base = vec![0.0; n_outputs];
        for (other, weight) in compared.rows(n_lanes) {
            let mut answer = self.forest.margins(other);
            self.link.apply(&mut answer, n_outputs);
            base.iter_mut().zip(answer).for_each(|(sum, answer)| *sum += weight * answer);
        }
        let standard_errors: Option<Vec<Vec<f64>>> = explained.iter().map(Spread::standard_errors).collect();
        let values = explained.into_iter().flat_map(|spread| spread.mean).collect();
        Ok(LinkedAttributions {
            attributions: Attributions { n_rows, n_features, n_outputs, values, base },
            standard_errors: standard_errors.map(|rows| rows.concat()),
        })
    }

    /// Interaction values of encoded rows.
    ///
    /// # Errors
    /// When the values are not whole rows, or the answer is larger than the memory budget.
    pub fn interactions(&self, rows: &[f64], index: Interaction) -> Result<Interactions, ShapleyError> {
        let n_rows = self.n_rows(rows)?;
        let (n_features, n_outputs) = (self.n_features(), self.n_outputs());
        let per_row = n_features * n_features * n_outputs;
        let needed = n_rows.saturating_mul(per_row).saturating_mul(size_of::<f64>());
        if needed > self.memory_budget {
            return Err(ShapleyError::Memory { what: "the interaction values", needed, budget: self.memory_budget });
        }
        let mut values = vec![0.0; n_rows * per_row];
        let out = values.par_chunks_mut((per_row * ROWS).max(1));
        let work = out.zip(rows.par_chunks((self.forest.n_features * ROWS).max(1)));
        let pairs = || -> Vec<Pairs> {
            self.forest.trees.par_iter().map(|shape| Pairs::over(shape, self.roster.n_players())).collect()
        };
        match (&self.engine, &self.background) {
            (_, Some(compared)) => {
                work.for_each(|(out, rows)| self.compared_pairs(compared, index, rows, out));
            }
            (Engine::Exact(_), None) => {
                let pairs = pairs();
                work.for_each_init(
                    || self.pair_room::<f64>(),
                    |room, (out, rows)| self.swept_pairs(&pairs, room, index, rows, out),
                );
            }
            (Engine::Fast(_) | Engine::Compared, None) => {
                let pairs = pairs();
                work.for_each_init(
                    || self.pair_room::<f32>(),
                    |room, (out, rows)| self.swept_pairs(&pairs, room, index, rows, out),
                );
            }
        }
        Ok(Interactions { n_rows, n_features, n_outputs, values, base: self.base.clone() })
    }

    fn n_rows(&self, rows: &[f64]) -> Result<usize, ShapleyError> {
        rows_in(rows, self.forest.n_features)
    }

    /// Blocks that a thread takes through a tree together, while the tree's tables are in its cache. Their number changes no
    /// value.
    fn blocks_together(&self, n_rows: usize) -> usize {
        let per_thread = n_rows / (ROWS * rayon::current_num_threads());
        let sums = self.roster.n_players() * self.forest.n_outputs * size_of::<[f64; ROWS]>();
        per_thread.min(SUMS_BYTES / sums.max(1)).clamp(1, MOST_TOGETHER)
    }

    fn room<T: Real>(&self, ready: &Ready<T>) -> Room<T> {
        Room {
            blocks: Vec::new(),
            scratch: Scratch::new(ready.depth, ready.n_nodes),
            tables: TableRoom { betas: Betas::new(), trail: Trail::new(ready.depth) },
            shares: vec![[T::default(); ROWS]; self.roster.n_players()],
        }
    }

    /// All trees over some blocks of rows.
    fn worked_out<T: Real>(&self, ready: &Ready<T>, room: &mut Room<T>, rows: &[f64], out: &mut [f64]) {
        let (n_outputs, n_features) = (self.forest.n_outputs, self.forest.n_features.max(1));
        let Room { blocks, scratch, tables: table_room, shares } = room;
        let n_blocks = (rows.len() / n_features).div_ceil(ROWS);
        let n_sums = self.roster.n_players() * n_outputs;
        blocks.resize_with(n_blocks, || (Block::new(&self.forest), vec![[0.0; ROWS]; n_sums]));
        for ((block, sums), rows) in blocks.iter_mut().zip(rows.chunks(n_features * ROWS)) {
            block.fill(&self.forest, rows);
            sums.fill([0.0; ROWS]);
        }
        for (way, shape) in ready.trees.iter().zip(&self.forest.trees) {
            let trees = (&self.forest, shape);
            for (block, sums) in blocks.iter_mut() {
                for k in 0..shape.width(n_outputs) {
                    let players = match way {
                        Way::Sweep(sweep) => {
                            self.machine.sweep(sweep, trees, block, k, scratch, shares);
                            &sweep.players
                        }
                        Way::Tables(tables) => {
                            self.machine.tables(tables, trees, block, k, table_room, shares);
                            &tables.players
                        }
                    };
                    flush(players, shares, sums, shape.output.unwrap_or(k), n_outputs);
                }
            }
        }
        let outs = out.chunks_mut((self.n_features() * n_outputs * ROWS).max(1));
        for ((_, sums), out) in blocks.iter().zip(outs) {
            self.hand_out(sums, out);
        }
    }

    /// From sums by player and output to a block of answers by row, column and output.
    fn hand_out(&self, sums: &[[f64; ROWS]], out: &mut [f64]) {
        let n_outputs = self.forest.n_outputs;
        for (player, sums) in sums.chunks_exact(n_outputs).enumerate() {
            for (column, share) in self.roster.shares(player) {
                for (output, sums) in sums.iter().enumerate() {
                    let cells = out.iter_mut().skip(column * n_outputs + output);
                    let cells = cells.step_by(self.n_features() * n_outputs);
                    cells.zip(sums).for_each(|(cell, sum)| *cell += share * sum);
                }
            }
        }
    }

    /// Compares each row with each background row.
    fn compared(&self, compared: &Compared, rows: &[f64], out: &mut [f64]) {
        let (n_outputs, n_lanes) = (self.forest.n_outputs, self.forest.lanes.len().max(1));
        let ranks = ranks_of(&self.forest, rows);
        let mut walk = Walk::new(self.roster.n_players());
        let mut sums = vec![0.0; self.roster.n_players() * n_outputs];
        for (row, out) in ranks.chunks_exact(n_lanes).zip(out.chunks_exact_mut(self.n_features() * n_outputs)) {
            sums.fill(0.0);
            for shape in &self.forest.trees {
                for (background, weight) in compared.rows(n_lanes) {
                    let mut singles = Singles { shape, n_outputs, weight, betas: &compared.betas, sums: &mut sums };
                    walk.over(&self.forest, shape, Ranks(row), background, &mut singles);
                }
            }
            for (player, sums) in sums.chunks_exact(n_outputs).enumerate() {
                for (column, share) in self.roster.shares(player) {
                    let cells = out.iter_mut().skip(column * n_outputs);
                    cells.zip(sums).for_each(|(cell, sum)| *cell += share * sum);
                }
            }
        }
    }

    fn compared_pairs(&self, compared: &Compared, index: Interaction, rows: &[f64], out: &mut [f64]) {
        let (n_players, n_outputs, n_columns) = (self.roster.n_players(), self.forest.n_outputs, self.n_features());
        let n_lanes = self.forest.lanes.len().max(1);
        let ranks = ranks_of(&self.forest, rows);
        let mut walk = Walk::new(n_players);
        let mut sums = vec![0.0; n_players * n_players * n_outputs];
        let outs = out.chunks_exact_mut((n_columns * n_columns * n_outputs).max(1));
        for (row, out) in ranks.chunks_exact(n_lanes).zip(outs) {
            sums.fill(0.0);
            for shape in &self.forest.trees {
                for (background, weight) in compared.rows(n_lanes) {
                    let betas = &compared.betas;
                    let mut doubles = Doubles { shape, n_players, n_outputs, weight, index, betas, sums: &mut sums };
                    walk.over(&self.forest, shape, Ranks(row), background, &mut doubles);
                }
            }
            for output in 0..n_outputs {
                let cell =
                    |i: usize, j: usize| sums.get((i * n_players + j) * n_outputs + output).copied().unwrap_or(0.0);
                self.spread(&cell, index, output, out);
            }
        }
    }

    fn pair_room<T: Real>(&self) -> (Block, PairScratch<T>) {
        let depth = self.forest.trees.iter().map(|shape| shape.depth).max().unwrap_or(0);
        (Block::new(&self.forest), PairScratch::new(self.roster.n_players(), depth))
    }

    fn swept_pairs<T: Real>(
        &self,
        pairs: &[Pairs],
        (block, scratch): &mut (Block, PairScratch<T>),
        index: Interaction,
        rows: &[f64],
        out: &mut [f64],
    ) {
        let (n_players, n_outputs, n_columns) = (self.roster.n_players(), self.forest.n_outputs, self.n_features());
        block.fill(&self.forest, rows);
        for output in 0..n_outputs {
            scratch.clear();
            for (pairs, shape) in pairs.iter().zip(&self.forest.trees) {
                let place = match shape.output {
                    Some(o) if o != output => continue,
                    Some(_) => 0,
                    None => output,
                };
                self.machine.pairs(pairs, (&self.forest, shape), block, (place, index), scratch);
            }
            let outs = out.chunks_exact_mut((n_columns * n_columns * n_outputs).max(1));
            for (row, out) in outs.enumerate() {
                let cell = |i: usize, j: usize| {
                    scratch.sums.get(i * n_players + j).and_then(|values| values.get(row)).copied().unwrap_or(0.0)
                };
                self.spread(&cell, index, output, out);
            }
        }
    }

    /// From single values on the diagonal and whole interactions above it, by player, to the matrix of one row by
    /// column.
    fn spread(&self, cell: &dyn Fn(usize, usize) -> f64, index: Interaction, output: usize, out: &mut [f64]) {
        let (n_players, n_columns, n_outputs) = (self.roster.n_players(), self.n_features(), self.n_outputs());
        let mut add = |i: usize, j: usize, value: f64| {
            for (a, share) in self.roster.shares(i) {
                for (b, other) in self.roster.shares(j) {
                    if let Some(slot) = out.get_mut((a * n_columns + b) * n_outputs + output) {
                        *slot += share * other * value;
                    }
                }
            }
        };
        for i in 0..n_players {
            let mut own = cell(i, i);
            for j in (0..n_players).filter(|j| *j != i) {
                let half = cell(i.min(j), i.max(j)) / 2.0;
                add(i, j, half);
                if index == Interaction::Shapley {
                    own -= half;
                }
            }
            add(i, i, own);
        }
    }
}

#[cfg(test)]
impl TreeExplainer {
    /// With other instructions.
    pub(crate) fn on(self, machine: Machine) -> Self {
        Self { machine, ..self }
    }

    /// Path-dependent, each tree by tables or by a sweep.
    pub(crate) fn by_tables(self, precision: Precision, by_tables: bool) -> Self {
        let (choice, n) = (vec![by_tables; self.forest.trees.len()], self.roster.n_players());
        let engine = match precision {
            Precision::Fast => Engine::Fast(Ready::over(&self.forest, n, &choice, self.memory_budget).unwrap()),
            Precision::Exact => Engine::Exact(Ready::over(&self.forest, n, &choice, self.memory_budget).unwrap()),
        };
        Self { engine, ..self }
    }

    /// Interventional, each row with each background row.
    pub(crate) fn by_comparing(self) -> Self {
        Self { engine: Engine::Compared, ..self }
    }
}

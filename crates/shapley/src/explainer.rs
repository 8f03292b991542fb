//! Trees, made ready once and then asked about any number of rows.

use equipoise_kernels::Draws;
use equipoise_models::{TreeEnsemble, trees::Link};
use rayon::prelude::*;

use crate::{
    Attributions, Interaction, Interactions, LinkedAttributions, Method, Options, Precision, ShapleyError,
    background::{Compared, background_of, covers_over, narrow_of, rows_in},
    block::{Block, ROWS, Ranks, ranks_of},
    engine::{Choice, Engine, Ready, Room, Way, by_bytes, flush, pay_off},
    forest::{Forest, Shape},
    interactions::{PairScratch, Pairs},
    linked::{LinkedRoom, MOST_PLAYERS, Spread},
    machine::{Machine, TableRoom},
    patterns::Trail,
    planes::{Cut, Desk, Give, Planes, Source, Sums, Wanted, making},
    players::Roster,
    reference::{Betas, Doubles, Grouped, Singles, Walk},
    sweep::{Real, Scratch},
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
    precision: Precision,
    /// By player, for Owen values.
    groups: Option<Vec<u32>>,
    seed: u64,
    /// Columns whose coalitions are all asked of the answer.
    most_asked: usize,
    memory_budget: usize,
}

/// Walks over all background rows together where orders are drawn, and orders of each background row at least.
const WALKS: usize = 4_096;
const LEAST_ORDERS: usize = 8;

/// Most blocks that go through a tree together, and the bytes that their sums may take.
const MOST_TOGETHER: usize = 32;
const SUMS_BYTES: usize = 1 << 18;

/// Sums of the interactions of one block, beyond which they are worked out one output after the other.
const MOST_PAIR_BYTES: usize = 1 << 22;

impl TreeExplainer {
    /// Makes an ensemble ready.
    ///
    /// # Errors
    /// When leaves hold linear models, training weights are missing, the background is empty or of another width, or
    /// the trees need more than the memory budget.
    pub fn new(ensemble: &TreeEnsemble, options: &Options<'_>) -> Result<Self, ShapleyError> {
        Self::made_on(Machine::found(), ensemble, options)
    }

    /// With these instructions.
    fn made_on(machine: Machine, ensemble: &TreeEnsemble, options: &Options<'_>) -> Result<Self, ShapleyError> {
        let roster = Roster::over(ensemble, options.players)?;
        let counted = match options.method {
            Method::PathDependentOver(background) => Some(covers_over(ensemble, &roster, background)?),
            Method::PathDependent | Method::Interventional(_) => None,
        };
        let needs_covers = !matches!(options.method, Method::Interventional(_));
        let forest = Forest::over(ensemble, &roster, counted.as_deref(), needs_covers)?;
        let (budget, precision) = (options.memory_budget, options.precision);
        let groups = if options.groups.is_empty() { None } else { Some(roster.groups(options.groups)?) };
        let give = groups.as_deref().map_or(Give::Values, Give::Owen);
        let wanted = Wanted { give, precision, n_players: roster.n_players() };
        let (engine, background, base) = match options.method {
            Method::Interventional(background) => {
                let (ranks, weights) = background_of(&forest, background)?;
                let rows = (ranks.as_slice(), weights.as_slice());
                let (engine, base) = match precision {
                    Precision::Fast => Ready::interventional(&forest, wanted, rows, machine, budget)
                        .map(|ready: Ready<f32>| (ready.expected(&forest, rows), Engine::Fast(ready))),
                    Precision::Exact => Ready::interventional(&forest, wanted, rows, machine, budget)
                        .map(|ready: Ready<f64>| (ready.expected(&forest, rows), Engine::Exact(ready))),
                }
                .map_or_else(
                    || {
                        let mut base = forest.mean_of(forest.trees.iter(), &ranks, &weights);
                        base.iter_mut().zip(&forest.base).for_each(|(sum, base)| *sum += base);
                        (Engine::Compared, base)
                    },
                    |(base, engine)| (engine, base),
                );
                let compared = Compared { ranks, weights, betas: Betas::new() };
                (engine, Some(compared), base)
            }
            Method::PathDependent | Method::PathDependentOver(_) => {
                let choices = pay_off(&forest, machine, options, wanted)?;
                let engine = match precision {
                    Precision::Fast => Engine::Fast(Ready::over(&forest, wanted, &choices, machine, budget)?),
                    Precision::Exact => Engine::Exact(Ready::over(&forest, wanted, &choices, machine, budget)?),
                };
                (engine, None, forest.expected())
            }
        };
        Ok(Self {
            roster,
            forest,
            link: ensemble.link(),
            base,
            engine,
            background,
            machine,
            precision,
            groups,
            seed: options.seed,
            most_asked: MOST_PLAYERS,
            memory_budget: budget,
        })
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
    /// Exact for the background: for each of its rows, all coalitions of the columns in which the two differ are asked. Where
    /// more than 16 columns that matter differ, orders of them are drawn instead, by the seed and the row's own values, and
    /// [`LinkedAttributions::sampling_errors`] says how far that may be off: some thousand walks over all background rows
    /// together, most often half a percent. Its cost grows with rows × background rows.
    ///
    /// # Errors
    /// When there is no background, the values are not whole rows, or columns are in groups.
    pub fn explain_answers(&self, rows: &[f64]) -> Result<LinkedAttributions, ShapleyError> {
        let n_rows = self.n_rows(rows)?;
        let Some(compared) = &self.background else {
            return Err(ShapleyError::NeedsBackground { what: "an explanation of the model's answer" });
        };
        let (n_features, n_outputs) = (self.n_features(), self.forest.n_outputs);
        let n_lanes = self.forest.lanes.len().max(1);
        let ranks = ranks_of(&self.forest, rows);
        if self.groups.is_some() {
            return Err(ShapleyError::Grouped { what: "an explanation of the model's answer" });
        }
        let n_orders = WALKS.div_ceil(2 * compared.weights.len().max(1)).max(LEAST_ORDERS);
        let explained = ranks.par_chunks_exact(n_lanes).map_init(
            || LinkedRoom::new(self.roster.n_players(), self.most_asked),
            |room, ranks| {
                let mut spread = Spread::new(n_features * n_outputs);
                let mut drawn = vec![0.0; n_features * n_outputs];
                let mut draws = Draws::new(self.seed, "shapley.answers", same_for_same(ranks));
                for (other, weight) in compared.rows(n_lanes) {
                    let pair = (Ranks(ranks), other);
                    let orders = (n_orders, &mut draws);
                    let found = room.compare(&self.forest, &self.roster, self.link, pair, &compared.betas, orders);
                    spread.push(&found.values, weight);
                    let variances = found.variances.unwrap_or_default();
                    drawn.iter_mut().zip(variances).for_each(|(sum, variance)| *sum += weight * weight * variance);
                }
                (spread, drawn)
            },
        );
        let (explained, drawn): (Vec<Spread>, Vec<Vec<f64>>) = explained.unzip();
        let drawn: Vec<f64> = drawn.concat().into_iter().map(f64::sqrt).collect();
        let sampling_errors = drawn.iter().any(|error| *error > 0.0).then_some(drawn);
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
            sampling_errors,
            standard_errors: standard_errors.map(|rows| rows.concat()),
        })
    }

    /// Interaction values of encoded rows.
    ///
    /// # Errors
    /// When the values are not whole rows, columns are in groups, or the answer is larger than the memory budget.
    pub fn interactions(&self, rows: &[f64], index: Interaction) -> Result<Interactions, ShapleyError> {
        let n_rows = self.n_rows(rows)?;
        if self.groups.is_some() {
            return Err(ShapleyError::Grouped { what: "interaction values" });
        }
        let (n_features, n_outputs) = (self.n_features(), self.n_outputs());
        let per_row = n_features * n_features * n_outputs;
        let needed = n_rows.saturating_mul(per_row).saturating_mul(size_of::<f64>());
        if needed > self.memory_budget {
            return Err(ShapleyError::Memory { what: "the interaction values", needed, budget: self.memory_budget });
        }
        let mut values = vec![0.0; n_rows * per_row];
        let (planes, left) = self.pair_planes(index, n_rows);
        if let Some(planes) = planes {
            let n_together = ROWS * self.pair_blocks_together(n_rows);
            let out = values.par_chunks_mut((per_row * n_together).max(1));
            let work = out.zip(rows.par_chunks((self.forest.n_features * n_together).max(1)));
            let room = || (Vec::new(), Desk::default());
            work.for_each_init(room, |room, (out, rows)| self.looked_up_pairs(&planes, room, index, rows, out));
        }
        if left.iter().all(|is_left| !is_left) {
            return Ok(Interactions { n_rows, n_features, n_outputs, values, base: self.base.clone() });
        }
        let out = values.par_chunks_mut((per_row * ROWS).max(1));
        let work = out.zip(rows.par_chunks((self.forest.n_features * ROWS).max(1)));
        let pairs = || -> Vec<Option<Pairs>> {
            let n_players = self.roster.n_players();
            let trees = self.forest.trees.par_iter().zip(&left);
            trees.map(|(shape, is_left)| is_left.then(|| Pairs::over(shape, n_players))).collect()
        };
        match (self.precision, &self.background) {
            (_, Some(compared)) => {
                work.for_each(|(out, rows)| self.compared_pairs(compared, &left, index, rows, out));
            }
            (Precision::Exact, None) => {
                let pairs = pairs();
                work.for_each_init(
                    || self.pair_room::<f64>(),
                    |room, (out, rows)| self.swept_pairs(&pairs, room, index, rows, out),
                );
            }
            (Precision::Fast, None) => {
                let pairs = pairs();
                work.for_each_init(
                    || self.pair_room::<f32>(),
                    |room, (out, rows)| self.swept_pairs(&pairs, room, index, rows, out),
                );
            }
        }
        Ok(Interactions { n_rows, n_features, n_outputs, values, base: self.base.clone() })
    }

    /// Tables of interactions where they pay for so many rows, and the trees that are left.
    fn pair_planes(&self, index: Interaction, n_rows: usize) -> (Option<Planes>, Vec<bool>) {
        let (n_players, n_outputs) = (self.roster.n_players(), self.forest.n_outputs);
        let wanted = Wanted { give: Give::Pairs(index), precision: self.precision, n_players };
        let all = vec![true; self.forest.trees.len()];
        if n_players * n_players * n_outputs * size_of::<[f64; ROWS]>() > MOST_PAIR_BYTES {
            return (None, all);
        }
        let n_background = self.background.as_ref().map_or(0, |compared| compared.weights.len());
        let choices = by_bytes(&self.forest, self.machine, wanted, self.memory_budget / 2);
        let pays = |shape: &Shape, cut: &Cut| {
            let width = shape.width(n_outputs);
            // Pairs on the ways to all leaves, by quadrature for each row, or compared with each background row.
            let each: usize = cut.stops().flat_map(|stop| &stop.leaves).map(|leaf| leaf.terms.len().pow(2)).sum();
            let once = making(cut, width, wanted.give) + (n_background * cut.stops().count()) as f64;
            let each = (each * width * n_background.max(shape.n_on_path.div_ceil(2))) as f64 / 16.0;
            once < each * n_rows as f64
        };
        let mut chosen: Vec<Option<(&Shape, &Cut)>> = Vec::with_capacity(choices.len());
        for (shape, choice) in self.forest.trees.iter().zip(&choices) {
            chosen.push(match choice {
                Choice::Bytes(cut) if pays(shape, cut) => Some((shape, cut)),
                _ => None,
            });
        }
        let left = chosen.iter().map(Option::is_none).collect();
        let some: Vec<(&Shape, &Cut)> = chosen.into_iter().flatten().collect();
        if some.is_empty() {
            return (None, all);
        }
        let blocks = match &self.background {
            Some(compared) => narrow_of(&self.forest, &compared.ranks, &compared.weights),
            None => Vec::new(),
        };
        let source = match &self.background {
            Some(_) => Source::Rows(&blocks, self.machine),
            None => Source::Shares,
        };
        (Some(Planes::over(&self.forest, &some, source, wanted, self.machine)), left)
    }

    fn pair_blocks_together(&self, n_rows: usize) -> usize {
        let per_thread = n_rows / (ROWS * rayon::current_num_threads());
        let n_cells = self.roster.n_players().pow(2) * self.forest.n_outputs;
        per_thread.min(MOST_PAIR_BYTES / (n_cells * size_of::<[f64; ROWS]>()).max(1)).clamp(1, MOST_TOGETHER)
    }

    /// Interactions of some blocks of rows out of tables.
    fn looked_up_pairs(
        &self,
        planes: &Planes,
        (blocks, desk): &mut (Vec<Sums>, Desk),
        index: Interaction,
        rows: &[f64],
        out: &mut [f64],
    ) {
        let (n_players, n_outputs, n_columns) = (self.roster.n_players(), self.forest.n_outputs, self.n_features());
        let n_features = self.forest.n_features.max(1);
        let n_cells = n_players * n_players * n_outputs;
        blocks.resize_with((rows.len() / n_features).div_ceil(ROWS), || Sums::new(&self.forest, n_cells));
        for (block, rows) in blocks.iter_mut().zip(rows.chunks(n_features * ROWS)) {
            block.rows.fill(&self.forest, rows);
            block.cells.fill([0.0; ROWS]);
        }
        self.machine.planes(planes, &self.forest, blocks, desk);
        let outs = out.chunks_mut((n_columns * n_columns * n_outputs * ROWS).max(1));
        for (block, out) in blocks.iter().zip(outs) {
            for (row, out) in out.chunks_exact_mut((n_columns * n_columns * n_outputs).max(1)).enumerate() {
                for output in 0..n_outputs {
                    let cell = |i: usize, j: usize| {
                        let values = block.cells.get((i * n_players + j) * n_outputs + output);
                        values.and_then(|values| values.get(row)).copied().unwrap_or(0.0)
                    };
                    self.spread(&cell, index, output, out);
                }
            }
        }
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
            sums: Vec::new(),
            desk: Desk::default(),
            scratch: Scratch::new(ready.depth, ready.n_nodes),
            tables: TableRoom { betas: Betas::new(), trail: Trail::new(ready.depth) },
            shares: vec![[T::default(); ROWS]; self.roster.n_players()],
        }
    }

    /// All trees over some blocks of rows.
    fn worked_out<T: Real>(&self, ready: &Ready<T>, room: &mut Room<T>, rows: &[f64], out: &mut [f64]) {
        let (n_outputs, n_features) = (self.forest.n_outputs, self.forest.n_features.max(1));
        let n_blocks = (rows.len() / n_features).div_ceil(ROWS);
        let n_sums = self.roster.n_players() * n_outputs;
        let Room { blocks, sums, desk, scratch, tables: table_room, shares } = room;
        sums.resize_with(n_blocks, || Sums::new(&self.forest, n_sums));
        sums.iter_mut().for_each(|sums| sums.cells.fill([0.0; ROWS]));
        let by_block = || rows.chunks(n_features * ROWS);
        if let Some(planes) = &ready.planes {
            sums.iter_mut().zip(by_block()).for_each(|(sums, rows)| sums.rows.fill(&self.forest, rows));
            self.machine.planes(planes, &self.forest, sums, desk);
        }
        if ready.trees.iter().any(|way| !matches!(way, Way::Bytes)) {
            blocks.resize_with(n_blocks, || Block::new(&self.forest));
            blocks.iter_mut().zip(by_block()).for_each(|(block, rows)| block.fill(&self.forest, rows));
        }
        for (way, shape) in ready.trees.iter().zip(&self.forest.trees) {
            let trees = (&self.forest, shape);
            for (block, sums) in blocks.iter().zip(sums.iter_mut()) {
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
                        Way::Bytes => continue,
                    };
                    flush(players, shares, &mut sums.cells, shape.output.unwrap_or(k), n_outputs);
                }
            }
        }
        let outs = out.chunks_mut((self.n_features() * n_outputs * ROWS).max(1));
        for (sums, out) in sums.iter().zip(outs) {
            self.hand_out(&sums.cells, out);
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
                    match &self.groups {
                        Some(groups) => {
                            let mut grouped = Grouped { singles, groups };
                            walk.over(&self.forest, shape, Ranks(row), background, &mut grouped);
                        }
                        None => walk.over(&self.forest, shape, Ranks(row), background, &mut singles),
                    }
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

    fn compared_pairs(&self, compared: &Compared, left: &[bool], index: Interaction, rows: &[f64], out: &mut [f64]) {
        let (n_players, n_outputs, n_columns) = (self.roster.n_players(), self.forest.n_outputs, self.n_features());
        let n_lanes = self.forest.lanes.len().max(1);
        let ranks = ranks_of(&self.forest, rows);
        let mut walk = Walk::new(n_players);
        let mut sums = vec![0.0; n_players * n_players * n_outputs];
        let outs = out.chunks_exact_mut((n_columns * n_columns * n_outputs).max(1));
        for (row, out) in ranks.chunks_exact(n_lanes).zip(outs) {
            sums.fill(0.0);
            let trees = self.forest.trees.iter().zip(left).filter(|(_, is_left)| **is_left);
            for (shape, _) in trees {
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
        pairs: &[Option<Pairs>],
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
                let Some(pairs) = pairs else { continue };
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

/// A number for a row by its ranks, so that its draws do not depend on the rows beside it (FNV-1a, Fowler, Noll and Vo).
fn same_for_same(ranks: &[i32]) -> u64 {
    let bytes = ranks.iter().flat_map(|rank| rank.to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
impl TreeExplainer {
    /// Made for one machine and run on another.
    pub(crate) fn on(self, machine: Machine) -> Self {
        Self { machine, ..self }
    }

    /// All coalitions of up to so many columns are asked of the answer.
    pub(crate) fn drawing_beyond(self, most_asked: usize) -> Self {
        Self { most_asked, ..self }
    }

    /// Made for and run on a machine.
    pub(crate) fn all_on(machine: Machine, ensemble: &TreeEnsemble, options: &Options<'_>) -> Self {
        Self::made_on(machine, ensemble, options).unwrap()
    }

    /// Path-dependent, each tree by the tables of 32 or 64 bits or by a sweep.
    pub(crate) fn by_tables(self, precision: Precision, by_tables: bool) -> Self {
        let choice = if by_tables { Choice::Tables } else { Choice::Sweep };
        let choices = vec![choice; self.forest.trees.len()];
        let wanted = Wanted { give: Give::Values, precision, n_players: self.roster.n_players() };
        let engine = match precision {
            Precision::Fast => {
                Engine::Fast(Ready::over(&self.forest, wanted, &choices, self.machine, self.memory_budget).unwrap())
            }
            Precision::Exact => {
                Engine::Exact(Ready::over(&self.forest, wanted, &choices, self.machine, self.memory_budget).unwrap())
            }
        };
        Self { engine, ..self }
    }

    /// Path-dependent, all trees by tables of bytes.
    pub(crate) fn by_bytes(self, precision: Precision) -> Self {
        let wanted = Wanted { give: Give::Values, precision, n_players: self.roster.n_players() };
        let choices = crate::engine::cut_all(&self.forest, wanted, usize::MAX);
        assert!(choices.iter().all(|choice| matches!(choice, Choice::Bytes(_))));
        let engine =
            Engine::Fast(Ready::over(&self.forest, wanted, &choices, self.machine, self.memory_budget).unwrap());
        Self { engine, ..self }
    }

    /// Interventional, each row with each background row.
    pub(crate) fn by_comparing(self) -> Self {
        Self { engine: Engine::Compared, ..self }
    }
}

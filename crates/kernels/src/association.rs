//! How much two columns of codes tell of each other.

use rayon::prelude::*;

use crate::{Draws, Ends, Multinomial, hypergeometric};

/// What a table of counts says about two columns of codes.
#[derive(Clone, Debug, PartialEq)]
pub struct MutualInformation {
    /// `Σ p·ln(p/(p_r·p_c))` in nats.
    pub plug_in: f64,
    /// The plug-in value less its bias `(R − 1)(C − 1)/2n` (Miller 1955; Panzeri & Treves 1996,
    /// doi:10.1088/0954-898X_7_1_006), with `R` rows and `C` columns that occur; not below 0.
    pub corrected: f64,
    /// Interval of the corrected value.
    pub ends: Option<Ends>,
    /// Share of permutations whose plug-in value is at least as large, `(1 + hits)/(1 + permutations)`.
    pub p_value: Option<f64>,
}

/// How intervals and p-values are made.
#[derive(Clone, Copy, Debug)]
pub struct AssociationOptions<'a> {
    /// Permutations for the p-value.
    pub permutations: u32,
    /// Replicates for the interval.
    pub replicates: u32,
    /// Coverage of the interval.
    pub level: f64,
    /// Seed of the run.
    pub seed: u64,
    /// Name of the stream of draws.
    pub stream: &'a str,
}

/// Mutual information of a table of `counts` with `n_columns` columns, row by row; `shares` are the weighted shares where
/// rows are weighted, and `n_effective` Kish's number of rows behind them. None for a table without rows.
///
/// The interval is the bootstrap's: multinomial draws over the cells, moved to the corrected value, because every draw
/// has the bias once more. The p-value permutes one column against the other, which is a draw of a table with the same
/// margins: exact for any sparseness, at a cost that does not depend on the number of rows. It counts rows, whatever
/// their weights.
#[must_use]
pub fn mutual_information(
    counts: &[u64],
    n_columns: usize,
    weighted: Option<(&[f64], f64)>,
    options: &AssociationOptions<'_>,
) -> Option<MutualInformation> {
    let n: u64 = counts.iter().sum();
    if n == 0 || n_columns == 0 {
        return None;
    }
    #[allow(clippy::cast_precision_loss, reason = "row counts stay far below 2^53")]
    let as_numbers = |counts: &[u64]| counts.iter().map(|c| *c as f64).collect::<Vec<f64>>();
    let own = as_numbers(counts);
    #[allow(clippy::cast_precision_loss, reason = "row counts stay far below 2^53")]
    let (cells, n_effective) = weighted.unwrap_or((&own, n as f64));
    let plug_in = information(cells, n_columns);
    let bias = bias(cells, n_columns, n_effective);
    let corrected = (plug_in - bias).max(0.0);
    let counted = information(&own, n_columns);
    let p_value = (options.permutations > 0).then(|| permuted(counts, n_columns, counted, options));
    // Effective rows rather than rows: weights make the sample smaller.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of rows")]
    let size = n_effective.round().max(1.0) as u64;
    let ends = bootstrap(cells, n_columns, size, options).map(|(values, mean)| {
        let tail = 0.5 * (1.0 - options.level);
        let at = |share: f64| (quantile(&values, share) - mean + corrected).max(0.0);
        Ends { low: at(tail).min(corrected), high: at(1.0 - tail).max(corrected) }
    });
    Some(MutualInformation { plug_in, corrected, ends, p_value })
}

/// `Σ p·ln(p/(p_r·p_c))` of a table of weights that are not negative.
fn information(cells: &[f64], n_columns: usize) -> f64 {
    let total: f64 = cells.iter().sum();
    if total <= 0.0 {
        return 0.0;
    }
    let x_ln_x = |x: &f64| if *x > 0.0 { x * libm::log(*x) } else { 0.0 };
    let mut columns = vec![0.0; n_columns];
    let (mut inner, mut of_rows) = (0.0, 0.0);
    for row in cells.chunks_exact(n_columns) {
        inner += row.iter().map(x_ln_x).sum::<f64>();
        of_rows += x_ln_x(&row.iter().sum());
        columns.iter_mut().zip(row).for_each(|(sum, cell)| *sum += cell);
    }
    let of_columns: f64 = columns.iter().map(x_ln_x).sum();
    ((inner - of_rows - of_columns + x_ln_x(&total)) / total).max(0.0)
}

/// `(R − 1)(C − 1)/2n` with the rows and columns that occur.
#[allow(clippy::cast_precision_loss, reason = "numbers of codes")]
fn bias(cells: &[f64], n_columns: usize, n: f64) -> f64 {
    let rows = cells.chunks_exact(n_columns).filter(|row| row.iter().any(|c| *c > 0.0)).count();
    let columns = (0..n_columns).filter(|j| cells.iter().skip(*j).step_by(n_columns).any(|c| *c > 0.0)).count();
    (rows.saturating_sub(1) * columns.saturating_sub(1)) as f64 / (2.0 * n.max(1.0))
}

fn permuted(counts: &[u64], n_columns: usize, observed: f64, options: &AssociationOptions<'_>) -> f64 {
    let rows: Vec<u64> = counts.chunks_exact(n_columns).map(|row| row.iter().sum()).collect();
    let columns: Vec<u64> = (0..n_columns).map(|j| counts.iter().skip(j).step_by(n_columns).sum()).collect();
    let one = |index: u32| {
        let mut draws = Draws::new(options.seed, options.stream, u64::from(index));
        let table = with_margins(&rows, &columns, &mut draws);
        // Equal tables must not differ by rounding.
        u32::from(information(&table, n_columns) >= observed * (1.0 - 1e-12))
    };
    let hits: u32 = (0..options.permutations).into_par_iter().map(one).sum();
    (1.0 + f64::from(hits)) / (1.0 + f64::from(options.permutations))
}

/// A table with these margins, as a random pairing of the two columns gives it (Patefield 1981, doi:10.2307/2346669):
/// row by row, cell by cell, each cell hypergeometric given what is left.
#[allow(clippy::cast_precision_loss, reason = "row counts stay far below 2^53")]
fn with_margins(rows: &[u64], columns: &[u64], draws: &mut Draws) -> Vec<f64> {
    let mut left = columns.to_vec();
    let mut table = Vec::with_capacity(rows.len() * columns.len());
    for row in rows {
        let mut wanted = *row;
        let mut pool: u64 = left.iter().sum();
        for slot in &mut left {
            let x = hypergeometric(draws, *slot, pool - *slot, wanted);
            pool -= *slot;
            *slot -= x;
            wanted -= x;
            table.push(x as f64);
        }
    }
    table
}

/// Plug-in values of replicates in ascending order, and their mean.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "shares of 2^40"
)]
fn bootstrap(cells: &[f64], n_columns: usize, n: u64, options: &AssociationOptions<'_>) -> Option<(Vec<f64>, f64)> {
    if options.replicates == 0 {
        return None;
    }
    let total: f64 = cells.iter().sum();
    let shares: Vec<u64> = cells.iter().map(|c| (c / total * (1_u64 << 40) as f64).round() as u64).collect();
    let multinomial = Multinomial::of_size(n, &shares);
    let one = |index: u32| {
        let mut draws = Draws::new(options.seed, options.stream, (1 << 40) + u64::from(index));
        let mut counts = vec![0_u64; cells.len()];
        multinomial.draw(&mut draws, &mut counts);
        information(&counts.iter().map(|c| *c as f64).collect::<Vec<_>>(), n_columns)
    };
    let mut values: Vec<f64> = (0..options.replicates).into_par_iter().map(one).collect();
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    values.sort_unstable_by(f64::total_cmp);
    Some((values, mean))
}

/// Quantile of sorted values, linear between neighbours.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a place in a list"
)]
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * sorted.len().saturating_sub(1) as f64;
    let at = |i: usize| sorted.get(i).copied().unwrap_or(0.0);
    let below = place.floor() as usize;
    at(below) + (at((below + 1).min(sorted.len().saturating_sub(1))) - at(below)) * (place - place.floor())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPTIONS: AssociationOptions<'_> =
        AssociationOptions { permutations: 999, replicates: 500, level: 0.95, seed: 7, stream: "test" };

    /// 30, 10 / 20, 40 of 100: Σ p ln(p/(p_r p_c)) with margins .4, .6 and ½, ½.
    #[test]
    fn four_cells_by_hand() {
        let mi = mutual_information(&[30, 10, 20, 40], 2, None, &OPTIONS).unwrap();
        let by_hand = 0.3 * (0.3 / 0.2_f64).ln()
            + 0.1 * (0.1 / 0.2_f64).ln()
            + 0.2 * (0.2 / 0.3_f64).ln()
            + 0.4 * (0.4 / 0.3_f64).ln();
        assert!((mi.plug_in - by_hand).abs() < 1e-14);
        assert!((mi.corrected - (by_hand - 1.0 / 200.0)).abs() < 1e-14);
        let ends = mi.ends.unwrap();
        assert!(ends.low > 0.0 && ends.low < mi.corrected && mi.corrected < ends.high && ends.high < 0.25);
        assert_eq!(mi.p_value, Some(0.001));
    }

    /// Two heads and two tails against two marks: of the C(4,2) = 6 pairings 2 are as far apart as the observed one.
    #[test]
    fn permutations_by_enumeration() {
        let options = AssociationOptions { permutations: 20_000, ..OPTIONS };
        let p = mutual_information(&[2, 0, 0, 2], 2, None, &options).unwrap().p_value.unwrap();
        // Four standard errors: 4·√(⅓·⅔/20000) = 0.0133.
        assert!((p - 1.0 / 3.0).abs() < 0.0134, "{p}");
    }

    #[test]
    fn independence_is_corrected_to_nothing() {
        // Plug-in values average (R − 1)(C − 1)/2n under independence; the corrected ones stay near 0.
        let (mut plug_in, mut corrected, mut small) = (0.0, 0.0, 0);
        for table in 0..200 {
            let mut draws = Draws::new(table, "independent", 0);
            let mut counts = [0_u64; 15];
            (0..600).for_each(|_| counts[(draws.below(5) * 3 + draws.below(3)) as usize] += 1);
            let options = AssociationOptions { permutations: 199, replicates: 0, seed: table, ..OPTIONS };
            let mi = mutual_information(&counts, 3, None, &options).unwrap();
            plug_in += mi.plug_in / 200.0;
            corrected += mi.corrected / 200.0;
            small += u32::from(mi.p_value.unwrap() <= 0.05);
        }
        let bias = 8.0 / 1_200.0;
        assert!((plug_in - bias).abs() < 0.15 * bias, "{plug_in}");
        assert!(corrected < 0.3 * bias);
        // 200·0.05 ± 4·√(200·0.05·0.95).
        assert!((1..=22).contains(&small), "{small}");
    }

    #[test]
    fn intervals_cover() {
        // True shares .3 .1 / .2 .4 (0.0863 nats); 300 tables of 400 rows. 95 % ± 4 standard errors is 90 %.
        let truth = information(&[0.3, 0.1, 0.2, 0.4], 2);
        let held = (0..300).filter(|table| {
            let mut draws = Draws::new(*table, "tables", 0);
            let mut counts = [0_u64; 4];
            Multinomial::of_size(400, &[3, 1, 2, 4]).draw(&mut draws, &mut counts);
            let options = AssociationOptions { permutations: 0, replicates: 200, seed: *table, ..OPTIONS };
            mutual_information(&counts, 2, None, &options).unwrap().ends.unwrap().contains(truth)
        });
        assert!(held.count() >= 270);
    }

    #[test]
    fn equal_weights_change_nothing() {
        let counts = [30, 10, 20, 40];
        let doubled = [60.0, 20.0, 40.0, 80.0];
        let plain = mutual_information(&counts, 2, None, &OPTIONS).unwrap();
        let weighted = mutual_information(&counts, 2, Some((&doubled, 100.0)), &OPTIONS).unwrap();
        assert!((plain.corrected - weighted.corrected).abs() < 1e-14 && plain.p_value == weighted.p_value);
        assert!(mutual_information(&[0, 0], 2, None, &OPTIONS).is_none());
    }
}

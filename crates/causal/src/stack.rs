//! A convex combination of predictions that none of the learners had seen (Breiman 1996, doi:10.1007/BF00117832).

use equipoise_kernels::linear::Cholesky;

/// Weights `≥ 0` that add up to 1 and minimise `Σ w·(y − Σ weight·prediction)²`, by trying every subset of learners: exact
/// for the few that are stacked.
pub(crate) fn weights(predictions: &[&[f64]], y: &[f64], weight: Option<&[f64]>, rows: &[u32]) -> Vec<f64> {
    let m = predictions.len();
    let at = |x: &[f64], row: u32| x.get(row as usize).copied().unwrap_or(0.0);
    // Products of the errors: with weights that add up to 1, the error of the mixture is the mixture of the errors.
    let mut products = vec![0.0; m * m];
    for row in rows {
        let w = weight.map_or(1.0, |w| at(w, *row));
        let errors: Vec<f64> = predictions.iter().map(|p| at(y, *row) - at(p, *row)).collect();
        for (place, sum) in products.iter_mut().enumerate() {
            let of = |i: usize| errors.get(i).copied().unwrap_or(0.0);
            *sum += w * of(place / m) * of(place % m);
        }
    }
    let cell = |i: usize, j: usize| products.get(i * m + j).copied().unwrap_or(0.0);
    let mut best: Option<(f64, Vec<f64>)> = None;
    for subset in 1_u32..1 << m {
        let members: Vec<usize> = (0..m).filter(|i| subset >> i & 1 == 1).collect();
        // Minimum of w'Pw with Σw = 1: w ∝ P⁻¹·1.
        let pick = |i: usize| members.get(i).copied().unwrap_or(0);
        let factor = Cholesky::of(members.len(), |i, j| cell(pick(i), pick(j)));
        let solved = factor.solve(&vec![1.0; members.len()]);
        let total: f64 = solved.iter().sum();
        let mut all = vec![0.0; m];
        for (member, value) in members.iter().zip(&solved) {
            if let Some(to) = all.get_mut(*member) {
                *to = value / total;
            }
        }
        if all.iter().any(|w| *w < 0.0 || !w.is_finite()) {
            continue;
        }
        let mut loss = 0.0;
        for (i, a) in all.iter().enumerate() {
            for (j, b) in all.iter().enumerate() {
                loss += a * b * cell(i, j);
            }
        }
        if best.as_ref().is_none_or(|(least, _)| loss < least - 1e-12 * least.abs()) {
            best = Some((loss, all));
        }
    }
    best.map_or_else(|| (0..m).map(|i| if i == 0 { 1.0 } else { 0.0 }).collect(), |(_, weights)| weights)
}

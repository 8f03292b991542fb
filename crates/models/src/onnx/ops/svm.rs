//! Support vector machines.

use super::elementwise::sigmoid;
use super::scores::{Labels, PostTransform, largest};
use super::{Attributes, Data, Fault, Kernel, Tensor, count};

/// The kernel function of two vectors.
#[derive(Clone, Copy, Debug)]
enum Similarity {
    Linear,
    Poly,
    Rbf,
    Sigmoid,
}

/// Support vectors and how a row is compared with them.
struct Vectors {
    similarity: Similarity,
    gamma: f64,
    shift: f64,
    degree: f64,
    values: Vec<f32>,
    n: usize,
}

impl Vectors {
    fn of(a: &Attributes<'_>, n: usize) -> Result<Self, String> {
        let similarity = match a.text("kernel_type", "LINEAR")?.as_str() {
            "LINEAR" => Similarity::Linear,
            "POLY" => Similarity::Poly,
            "RBF" => Similarity::Rbf,
            "SIGMOID" => Similarity::Sigmoid,
            other => return Err(format!("`kernel_type` is `{other}`, which does not exist")),
        };
        let parameters = a.floats("kernel_params");
        let parameter = |i: usize| parameters.get(i).copied().map_or(0.0, f64::from);
        let values = a.floats("support_vectors");
        if n == 0 || !values.len().is_multiple_of(n) {
            return Err(format!("{} numbers are not {n} support vectors", values.len()));
        }
        let (gamma, shift, degree) = (parameter(0), parameter(1), parameter(2));
        Ok(Self { similarity, gamma, shift, degree, values, n })
    }

    /// The similarity of a row with each support vector.
    fn compare(&self, row: &[f32]) -> Vec<f64> {
        let pairs =
            |v: &[f32]| -> Vec<(f64, f64)> { row.iter().zip(v).map(|(&x, &y)| (f64::from(x), f64::from(y))).collect() };
        let one = |v: &[f32]| {
            let pairs = pairs(v);
            let dot = || pairs.iter().map(|(x, y)| x * y).sum::<f64>();
            match self.similarity {
                Similarity::Linear => dot(),
                Similarity::Poly => libm::pow(self.gamma * dot() + self.shift, self.degree),
                Similarity::Sigmoid => libm::tanh(self.gamma * dot() + self.shift),
                Similarity::Rbf => libm::exp(-self.gamma * pairs.iter().map(|(x, y)| (x - y) * (x - y)).sum::<f64>()),
            }
        };
        self.values.chunks_exact((self.values.len() / self.n).max(1)).map(one).collect()
    }

    fn check_width(&self, width: usize) -> Result<(), Fault> {
        let needs = self.values.len() / self.n;
        if needs == width { Ok(()) } else { Err(format!("it needs {needs} features, but is given {width}").into()) }
    }
}

/// `SVMRegressor`: `Σ αᵢ K(x, vᵢ) + ρ`.
pub(crate) fn regressor(a: &Attributes<'_>) -> Result<Kernel, String> {
    let n = usize::try_from(a.int("n_supports", 0)).map_err(|_| "`n_supports` is negative")?;
    if n == 0 {
        return Err("it has no support vectors".to_owned());
    }
    let vectors = Vectors::of(a, n)?;
    let coefficients = a.floats("coefficients");
    if coefficients.len() != n {
        return Err(format!("it has {} coefficients for {n} support vectors", coefficients.len()));
    }
    let rho = a.floats("rho").first().copied().map_or(0.0, f64::from);
    let is_sign = a.int("one_class", 0) != 0;
    let transform = PostTransform::of(a)?;
    Ok(Kernel::one(move |args| {
        let x = args.need(0)?;
        let (n_rows, width) = x.rows();
        vectors.check_width(width)?;
        let mut out: Vec<f32> = x
            .floats()?
            .chunks_exact(width.max(1))
            .map(|row| {
                let score: f64 = vectors.compare(row).iter().zip(&coefficients).map(|(k, &c)| k * f64::from(c)).sum();
                let score = score + rho;
                if is_sign { if score > 0.0 { 1.0 } else { -1.0 } } else { score as f32 }
            })
            .collect();
        transform.apply(&mut out, 1);
        Tensor::new(vec![n_rows, 1], Data::F32(out))
    }))
}

/// `SVMClassifier` with support vectors: one decision per pair of classes, turned into probabilities by Platt's
/// sigmoid and pairwise coupling (Wu, Lin & Weng 2004, algorithm 2) when `prob_a` is given.
pub(crate) fn classifier(a: &Attributes<'_>) -> Result<Kernel, String> {
    let labels = Labels::of(a, "classlabels_ints")?;
    let per_class = a.sizes("vectors_per_class")?;
    let n = per_class.iter().try_fold(0usize, |n, &k| n.checked_add(k)).unwrap_or(0);
    let k = labels.len();
    if per_class.len() != k || !(2..=1000).contains(&k) {
        return Err(format!("{} counts of support vectors do not fit {k} classes", per_class.len()));
    }
    let vectors = Vectors::of(a, n)?;
    let (coefficients, rho) = (a.floats("coefficients"), a.floats("rho"));
    let (prob_a, prob_b) = (a.floats("prob_a"), a.floats("prob_b"));
    let n_pairs = k * (k - 1) / 2;
    let fits = coefficients.len() == (k - 1).saturating_mul(n)
        && rho.len() == n_pairs
        && (prob_a.is_empty() || (prob_a.len() == n_pairs && prob_b.len() == n_pairs));
    if !fits {
        return Err(format!("its lists do not fit {k} classes and {n} support vectors"));
    }
    let starts: Vec<usize> = per_class.iter().scan(0, |at, &n| Some(std::mem::replace(at, *at + n))).collect();
    Ok(Kernel::many(move |args| {
        let x = args.need(0)?;
        let (n_rows, width) = x.rows();
        vectors.check_width(width)?;
        let mut out = Vec::with_capacity(count(&[n_rows, k])?);
        let mut chosen = Vec::with_capacity(n_rows);
        for row in x.floats()?.chunks_exact(width.max(1)) {
            let near = vectors.compare(row);
            let decisions = pair_decisions(&near, &coefficients, &rho, &starts, &per_class);
            if prob_a.is_empty() {
                let mut votes = vec![0f32; k];
                for (&(i, j, score), _) in decisions.iter().zip(0..n_pairs) {
                    if let Some(vote) = votes.get_mut(if score > 0.0 { i } else { j }) {
                        *vote += 1.0;
                    }
                }
                chosen.push(largest(&votes));
                out.extend(votes);
            } else {
                let pairs = decisions.iter().zip(prob_a.iter().zip(&prob_b)).map(|(&(i, j, score), (&a, &b))| {
                    let p = 1.0 - sigmoid(score * f64::from(a) + f64::from(b));
                    (i, j, p.clamp(1e-7, 1.0 - 1e-7))
                });
                let shares: Vec<f32> = coupled(pairs, k).into_iter().map(|p| p as f32).collect();
                chosen.push(largest(&shares));
                out.extend(shares);
            }
        }
        Ok(vec![labels.pick(&chosen)?, Tensor::new(vec![n_rows, k], Data::F32(out))?])
    }))
}

/// `(class i, class j, decision)` for each pair `i < j`; positive speaks for `i`.
fn pair_decisions(
    near: &[f64],
    coefficients: &[f32],
    rho: &[f32],
    starts: &[usize],
    per_class: &[usize],
) -> Vec<(usize, usize, f64)> {
    let n = near.len();
    let part = |line: usize, class: usize| -> f64 {
        let (start, length) = (starts.get(class).copied().unwrap_or(0), per_class.get(class).copied().unwrap_or(0));
        let weights = coefficients.iter().skip(line * n + start).take(length);
        weights.zip(near.iter().skip(start)).map(|(&w, k)| f64::from(w) * k).sum()
    };
    let pairs = (0..per_class.len()).flat_map(|i| (i + 1..per_class.len()).map(move |j| (i, j)));
    pairs.zip(rho).map(|((i, j), &rho)| (i, j, part(j - 1, i) + part(i, j) + f64::from(rho))).collect()
}

/// Probabilities of `k` classes from those of each pair.
fn coupled(pairs: impl Iterator<Item = (usize, usize, f64)>, k: usize) -> Vec<f64> {
    let mut r = vec![vec![0f64; k]; k];
    for (i, j, p) in pairs {
        if let Some(cell) = r.get_mut(i).and_then(|row| row.get_mut(j)) {
            *cell = p;
        }
        if let Some(cell) = r.get_mut(j).and_then(|row| row.get_mut(i)) {
            *cell = 1.0 - p;
        }
    }
    let at = |m: &[Vec<f64>], i: usize, j: usize| m.get(i).and_then(|row| row.get(j)).copied().unwrap_or(0.0);
    let q: Vec<Vec<f64>> = (0..k)
        .map(|t| {
            (0..k)
                .map(|j| {
                    if t == j {
                        (0..k).filter(|&j| j != t).map(|j| at(&r, j, t) * at(&r, j, t)).sum()
                    } else {
                        -at(&r, j, t) * at(&r, t, j)
                    }
                })
                .collect()
        })
        .collect();
    let mut p = vec![1.0 / k as f64; k];
    for _ in 0..k.max(100) {
        let mut qp: Vec<f64> = q.iter().map(|row| row.iter().zip(&p).map(|(a, b)| a * b).sum()).collect();
        let mut pqp: f64 = p.iter().zip(&qp).map(|(a, b)| a * b).sum();
        if qp.iter().all(|x| (x - pqp).abs() < 0.005 / k as f64) {
            break;
        }
        for t in 0..k {
            let diagonal = at(&q, t, t);
            let difference = (pqp - qp.get(t).copied().unwrap_or(0.0)) / diagonal;
            if !difference.is_finite() {
                continue;
            }
            if let Some(slot) = p.get_mut(t) {
                *slot += difference;
            }
            let qpt = qp.get(t).copied().unwrap_or(0.0);
            pqp = (pqp + difference * (difference * diagonal + 2.0 * qpt)) / (1.0 + difference) / (1.0 + difference);
            for (j, slot) in qp.iter_mut().enumerate() {
                *slot = (*slot + difference * at(&q, t, j)) / (1.0 + difference);
            }
            p.iter_mut().for_each(|x| *x /= 1.0 + difference);
        }
    }
    p
}

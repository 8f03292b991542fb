//! What an endpoint answered, whatever its protocol.

use crate::Outputs;

/// The answer for one batch.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answer {
    /// A number per row; `are_whole` when all were written without decimals, as class numbers are.
    Numbers { values: Vec<f64>, are_whole: bool, is_probability: bool },
    /// Several numbers per row.
    Table { width: usize, values: Vec<f64> },
    /// A name per row.
    Names(Vec<String>),
}

/// The answers of all batches as one.
///
/// # Errors
/// When they do not go together, or probabilities are none.
pub(super) fn joined(answers: Vec<Answer>, classes: Option<&[String]>) -> Result<Outputs, String> {
    let mut whole: Option<Answer> = None;
    for answer in answers {
        whole = Some(match (whole, answer) {
            (None, answer) => answer,
            (
                Some(Answer::Numbers { mut values, are_whole, is_probability }),
                Answer::Numbers { values: more, are_whole: too, .. },
            ) => {
                values.extend(more);
                Answer::Numbers { values, are_whole: are_whole && too, is_probability }
            }
            (Some(Answer::Table { width, mut values }), Answer::Table { width: same, values: more })
                if width == same =>
            {
                values.extend(more);
                Answer::Table { width, values }
            }
            (Some(Answer::Names(mut names)), Answer::Names(more)) => {
                names.extend(more);
                Answer::Names(names)
            }
            _ => return Err("answers in another form for some rows than for others".to_owned()),
        });
    }
    let n_classes = classes.map(<[String]>::len);
    match whole {
        None => Ok(Outputs::Values(Vec::new())),
        Some(Answer::Names(names)) => {
            let unknown = classes.and_then(|classes| names.iter().find(|name| !classes.contains(name)));
            match unknown {
                Some(name) => {
                    let shown: String = name.chars().take(40).collect();
                    Err(format!("answers `{shown}`, which is none of the classes"))
                }
                None => Ok(Outputs::Labels(names)),
            }
        }
        Some(Answer::Numbers { values, are_whole, .. }) if are_whole && n_classes.is_some() => {
            labels(&values, classes.unwrap_or(&[]))
        }
        Some(Answer::Numbers { values, is_probability, .. }) if is_probability || n_classes == Some(2) => {
            probable(&values)?;
            Ok(Outputs::Probability(values))
        }
        Some(Answer::Numbers { .. }) if n_classes.is_some() => {
            Err("answers one number per row, which is neither a class nor a probability of each".to_owned())
        }
        Some(Answer::Numbers { values, .. }) => Ok(Outputs::Values(values)),
        Some(Answer::Table { width, values }) => table(width, values, n_classes),
    }
}

/// Class numbers as names: by their text, otherwise by their place.
fn labels(values: &[f64], classes: &[String]) -> Result<Outputs, String> {
    let name = |&x: &f64| {
        let text = crate::bind::spelled(x);
        let by_place = || (x >= 0.0).then(|| classes.get(x as usize).cloned()).flatten();
        if classes.contains(&text) {
            return Ok(text);
        }
        by_place().ok_or_else(|| format!("answers `{text}`, which is none of the classes"))
    };
    values.iter().map(name).collect::<Result<Vec<_>, _>>().map(Outputs::Labels)
}

/// Probabilities of each class.
fn table(width: usize, values: Vec<f64>, n_classes: Option<usize>) -> Result<Outputs, String> {
    if let Some(n) = n_classes.filter(|&n| n != width) {
        return Err(format!("answers {width} probabilities per row for {n} classes"));
    }
    probable(&values)?;
    if let Some(row) = values.chunks_exact(width.max(1)).position(|row| (row.iter().sum::<f64>() - 1.0).abs() > 1e-3) {
        return Err(format!("answers numbers that are not probabilities: those of row {row} do not sum to 1"));
    }
    if width == 2 {
        return Ok(Outputs::Probability(values.chunks_exact(2).filter_map(|pair| pair.last().copied()).collect()));
    }
    Ok(Outputs::Probabilities { n_classes: width, values })
}

/// Refuses numbers outside 0–1, beyond rounding.
fn probable(values: &[f64]) -> Result<(), String> {
    match values.iter().find(|p| !(-1e-6..=1.0 + 1e-6).contains(*p)) {
        Some(p) => Err(format!("answers `{p}` as a probability, which is not between 0 and 1")),
        None => Ok(()),
    }
}

//! Operators on texts: case, tokens, and counts of n-grams.

use std::collections::HashMap;

use regex::Regex;

use super::{Attributes, Data, Fault, Kernel, Tensor, Text, count};

fn texts(x: &Tensor) -> Result<&Text, Fault> {
    match &*x.data {
        Data::Text(text) => Ok(text),
        other => Err(format!("it needs texts, but is given {}", other.kind()).into()),
    }
}

/// `StringNormalizer`: drops stop words and changes case.
pub(crate) fn string_normalizer(a: &Attributes<'_>) -> Result<Kernel, String> {
    let change: fn(&str) -> String = match a.text("case_change_action", "NONE")?.as_str() {
        "NONE" => str::to_owned,
        "LOWER" => str::to_lowercase,
        "UPPER" => str::to_uppercase,
        other => return Err(format!("`case_change_action` is `{other}`, which does not exist")),
    };
    let is_exact = a.int("is_case_sensitive", 0) != 0;
    let fold = move |text: &str| if is_exact { text.to_owned() } else { text.to_lowercase() };
    let stop: std::collections::HashSet<String> = a.texts("stopwords")?.iter().map(|word| fold(word)).collect();
    Ok(Kernel::one(move |args| {
        let x = args.need(0)?;
        let text = texts(x)?;
        if stop.is_empty() {
            let levels: Vec<String> = text.levels.iter().map(|level| change(level)).collect();
            return Tensor::new(x.shape.clone(), Data::Text(Text { codes: text.codes.clone(), levels: levels.into() }));
        }
        let mut kept: Vec<String> = text.iter().filter(|t| !stop.contains(&fold(t))).map(change).collect();
        if kept.is_empty() {
            kept.push(String::new());
        }
        let shape = match x.shape.as_slice() {
            [_] => vec![kept.len()],
            [1, _] => vec![1, kept.len()],
            other => return Err(format!("stop words cannot be dropped from the shape {other:?}").into()),
        };
        Tensor::new(shape, Data::Text(Text::over(kept.into_iter())))
    }))
}

/// How texts are cut.
enum Cut {
    /// Each character.
    Characters,
    /// What matches.
    Matches(Regex),
    /// What lies between matches, one expression after the other.
    Between(Vec<Regex>),
}

impl Cut {
    fn tokens<'t>(&self, text: &'t str) -> Vec<&'t str> {
        match self {
            Self::Characters => text.char_indices().filter_map(|(i, c)| text.get(i..i + c.len_utf8())).collect(),
            Self::Matches(regex) => regex.find_iter(text).map(|found| found.as_str()).collect(),
            Self::Between(separators) => separators.iter().fold(vec![text], |parts, separator| {
                parts.iter().flat_map(|part| separator.split(part)).filter(|part| !part.is_empty()).collect()
            }),
        }
    }
}

/// `Tokenizer` of the domain `com.microsoft`: the tokens of each text in a new last dimension, padded at the end.
pub(crate) fn tokenizer(a: &Attributes<'_>) -> Result<Kernel, String> {
    let expression = |pattern: &str| {
        Regex::new(pattern)
            .map_err(|_| format!("`{}` is not a regular expression", pattern.chars().take(80).collect::<String>()))
    };
    let separators = a.texts("separators")?;
    let cut = match a.text("tokenexp", "")?.as_str() {
        "" if separators.iter().all(String::is_empty) => Cut::Characters,
        "" => Cut::Between(separators.iter().map(|s| expression(s)).collect::<Result<_, _>>()?),
        "." => Cut::Characters,
        pattern => Cut::Matches(expression(pattern)?),
    };
    let pad = a.text("pad_value", "")?;
    let at_least = usize::try_from(a.int("mincharnum", 1)).unwrap_or(1).max(1);
    let marks = a.int("mark", 0) != 0;
    Ok(Kernel::one(move |args| {
        let x = args.need(0)?;
        let text = texts(x)?;
        let long_enough = |token: &&str| token.chars().count() >= at_least;
        let rows: Vec<Vec<&str>> = text
            .iter()
            .map(|t| {
                let mut tokens: Vec<&str> = cut.tokens(t).into_iter().filter(long_enough).collect();
                if marks {
                    // Start and end of text, as the operator defines them.
                    tokens.insert(0, "\u{2}");
                    tokens.push("\u{3}");
                }
                tokens
            })
            .collect();
        let width = rows.iter().map(Vec::len).max().unwrap_or(0);
        let mut shape = x.shape.clone();
        shape.push(width);
        count(&shape)?;
        let padded = rows.iter().flat_map(|row| {
            row.iter().copied().chain(std::iter::repeat_n(pad.as_str(), width - row.len())).map(str::to_owned)
        });
        Tensor::new(shape, Data::Text(Text::over(padded)))
    }))
}

/// What is counted.
#[derive(Clone, Copy)]
enum Mode {
    /// How often.
    Tf,
    /// Whether, times the weight.
    Idf,
    /// How often, times the weight.
    TfIdf,
}

/// The n-grams of one length: tokens as numbers, and where to count them.
struct Grams {
    length: usize,
    columns: HashMap<Vec<u32>, usize>,
}

/// `TfIdfVectorizer`: counts of n-grams from a pool, one column each.
pub(crate) fn tf_idf(a: &Attributes<'_>) -> Result<Kernel, String> {
    let mode = match a.text("mode", "")?.as_str() {
        "TF" => Mode::Tf,
        "IDF" => Mode::Idf,
        "TFIDF" => Mode::TfIdf,
        other => return Err(format!("`mode` is `{other}`, which does not exist")),
    };
    let size = |name: &str| usize::try_from(a.int(name, 0)).map_err(|_| format!("`{name}` is negative"));
    let (shortest, longest, skips) = (size("min_gram_length")?, size("max_gram_length")?, size("max_skip_count")?);
    let (texts_pool, ints_pool) = (a.texts("pool_strings")?, a.ints("pool_int64s"));
    let n_pool = texts_pool.len().max(ints_pool.len());
    let columns = a.sizes("ngram_indexes")?;
    let starts = a.sizes("ngram_counts")?;
    let weights = a.floats("weights");
    if shortest == 0 || longest < shortest || longest > starts.len() || skips > 64 || longest > 64 {
        return Err(format!("n-grams of {shortest} to {longest} tokens with {skips} skips do not fit its pool"));
    }
    if !weights.is_empty() && weights.len() != columns.len() {
        return Err(format!("it has {} weights, but {} n-grams", weights.len(), columns.len()));
    }
    let width = columns.iter().max().map_or(0, |&top| top.saturating_add(1));
    if width > super::super::tensor::MAX_ELEMENTS {
        return Err(format!("it asks for {width} columns"));
    }
    let mut vocabulary: HashMap<String, u32> = HashMap::new();
    let mut ids = Vec::with_capacity(n_pool);
    let ints_as_text = ints_pool.iter().map(i64::to_string);
    for token in texts_pool.into_iter().chain(ints_as_text) {
        let next = vocabulary.len() as u32;
        ids.push(*vocabulary.entry(token).or_insert(next));
    }
    let mut grams = Vec::new();
    let mut seen = 0usize;
    for (i, &start) in starts.iter().enumerate() {
        let (length, end) = (i + 1, starts.get(i + 1).copied().unwrap_or(n_pool));
        let part = ids.get(start..end).ok_or("`ngram_counts` does not fit the pool")?;
        if part.len() % length != 0 {
            return Err(format!("its pool of {length}-grams has {} tokens", part.len()));
        }
        let mut table = HashMap::new();
        for gram in part.chunks_exact(length) {
            table.insert(gram.to_vec(), seen);
            seen += 1;
        }
        if (shortest..=longest).contains(&length) {
            grams.push(Grams { length, columns: table });
        }
    }
    if seen != columns.len() {
        return Err(format!("its pool has {seen} n-grams, but {} columns", columns.len()));
    }
    Ok(Kernel::one(move |args| {
        let x = args.need(0)?;
        let id = |token: &str| vocabulary.get(token).copied().unwrap_or(u32::MAX);
        let tokens: Vec<u32> = match &*x.data {
            Data::Text(text) => text.map(id(""), id),
            _ => x.integers()?.iter().map(|i| id(&i.to_string())).collect(),
        };
        let (shape, length) = match x.shape.as_slice() {
            [length] => (vec![width], *length),
            [n, length] => (vec![*n, width], *length),
            other => return Err(format!("it needs rows of tokens, but is given the shape {other:?}").into()),
        };
        let mut out = vec![0f32; count(&shape)?];
        if length == 0 || width == 0 {
            return Tensor::new(shape, Data::F32(out));
        }
        for (row, counts) in tokens.chunks_exact(length).zip(out.chunks_exact_mut(width)) {
            for gram in &grams {
                count_grams(row, gram, skips, |gram| {
                    if let Some(cell) = columns.get(gram).and_then(|&column| counts.get_mut(column)) {
                        *cell += 1.0;
                    }
                });
            }
            weigh(counts, mode, &columns, &weights);
        }
        Tensor::new(shape, Data::F32(out))
    }))
}

/// Counts into values by the mode.
fn weigh(counts: &mut [f32], mode: Mode, columns: &[usize], weights: &[f32]) {
    if matches!(mode, Mode::Tf) {
        return;
    }
    for (i, &column) in columns.iter().enumerate() {
        let weight = weights.get(i).copied().unwrap_or(1.0);
        if let Some(cell) = counts.get_mut(column) {
            let n = if matches!(mode, Mode::Idf) { cell.min(1.0) } else { *cell };
            *cell = n * weight;
        }
    }
}

/// Calls `found` for every n-gram of the pool that occurs, with up to `skips` tokens left out between neighbours.
fn count_grams(row: &[u32], grams: &Grams, skips: usize, mut found: impl FnMut(usize)) {
    // A single token has no neighbours to skip.
    let skips = if grams.length == 1 { 0 } else { skips };
    let mut window = Vec::with_capacity(grams.length);
    for step in 1..=skips + 1 {
        for start in 0..row.len() {
            window.clear();
            window.extend(row.iter().skip(start).step_by(step).take(grams.length));
            if window.len() < grams.length {
                break;
            }
            if let Some(&gram) = grams.columns.get(&window) {
                found(gram);
            }
        }
    }
}

//! Which columns of the data feed which inputs of a model.
//!
//! An input is looked for, in this order, as
//!
//! 1. the column of its name;
//! 2. `column=value`, the indicator of a value of a column;
//! 3. the column of its name behind a scikit-learn prefix (`num__age`);
//! 4. `column_value` as pandas and scikit-learn name indicators, where only one column and value can be meant;
//! 5. the column whose name is the same once every character but letters and digits is written `_`, as LightGBM and
//!    XGBoost do with names they cannot hold;
//! 6. the feature at its place, when all inputs have the names that libraries give to unnamed columns (`f0`,
//!    `Column_0`).
//!
//! A tensor takes the features in order. A model without declared inputs takes all features as they are.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use equipoise_data::{Column, ColumnInfo, MISSING, Schema};
use equipoise_document::ColumnType;

use crate::{Input, InputColumn, InputKind, Inputs, ModelError, ModelInfo};

/// Names shown in a message at most.
const SHOWN: usize = 10;

/// Which columns feed which inputs.
#[derive(Clone, Debug, PartialEq)]
pub struct Binding {
    /// Needed columns of the dataset in ascending order.
    columns: Vec<usize>,
    /// One per value a row of the model's input holds.
    feeds: Vec<Feed>,
}

/// One column on its way into a model.
#[derive(Clone, Debug, PartialEq)]
struct Feed {
    /// Place in [`Binding::columns`].
    place: usize,
    /// The column's name, for messages.
    column: String,
    how: How,
}

/// What is done with a column's values.
#[derive(Clone, Debug, PartialEq)]
enum How {
    /// Nothing.
    AsIs,
    /// Names are read as numbers, `true` and `false` as 1 and 0.
    Parsed,
    /// Numbers become names: one of these where it says the same number, else as it is written without decimals.
    Named(Vec<String>),
    /// Names become other names for the same (`true` is `True` or `1` to some models).
    Renamed(BTreeMap<String, String>),
    /// 1 where the value is this one, else 0.
    Indicator(String),
}

/// A batch bound to a model's inputs; it owns what had to be made.
#[derive(Clone, Debug)]
pub struct BoundInputs<'a> {
    n_rows: usize,
    columns: Vec<Made<'a>>,
}

#[derive(Clone, Debug)]
enum Made<'a> {
    Numbers(Cow<'a, [f64]>),
    Codes(Cow<'a, [u32]>, Cow<'a, [String]>),
}

impl BoundInputs<'_> {
    /// The batch for [`Model::predict`](crate::Model::predict).
    #[must_use]
    pub fn as_inputs(&self) -> Inputs<'_> {
        let columns = self.columns.iter().map(|made| match made {
            Made::Numbers(v) => InputColumn::Number(v),
            Made::Codes(codes, levels) => InputColumn::Codes { codes, levels },
        });
        Inputs { n_rows: self.n_rows, columns: columns.collect() }
    }
}

impl Binding {
    /// Finds the columns for the inputs of a model. `features` are the columns that are meant for it, in order; a named
    /// input may take any column.
    ///
    /// # Errors
    /// [`ModelError::Mismatch`] with what is missing and what is left over.
    pub fn new(info: &ModelInfo, schema: &Schema, features: &[String]) -> Result<Self, ModelError> {
        let features: Result<Vec<&ColumnInfo>, ModelError> =
            features.iter().map(|name| schema.get(name).ok_or_else(|| unknown_feature(name, schema))).collect();
        let features = features?;
        if info.inputs.is_empty() {
            let found = features.iter().map(|info| (*info, How::AsIs)).collect();
            return Self::over(schema, found);
        }
        let finder = Finder::over(info, schema, &features);
        let named: Vec<&Input> = info.inputs.iter().filter(|input| !is_tensor(input)).collect();
        let mut matched: HashMap<&str, (&ColumnInfo, How)> = HashMap::new();
        for input in &named {
            if let Some(found) = finder.find(input)? {
                matched.insert(&input.name, found);
            }
        }
        let missing: Vec<&str> =
            named.iter().map(|input| input.name.as_str()).filter(|name| !matched.contains_key(name)).collect();
        let used: BTreeSet<&str> = matched.values().map(|(column, _)| column.name.as_str()).collect();
        let left: Vec<&ColumnInfo> = features.iter().filter(|f| !used.contains(f.name.as_str())).copied().collect();
        if !missing.is_empty() {
            return Err(missing_columns(&missing, &left, schema));
        }
        let n_fixed: usize = info.inputs.iter().map(|i| if let InputKind::Tensor(n) = i.kind { n } else { 0 }).sum();
        let n_open = info.inputs.iter().filter(|i| i.kind == InputKind::Tensor(0)).count();
        if info.inputs.iter().any(is_tensor)
            && (n_open > 1 || n_fixed > left.len() || (n_open == 0 && n_fixed != left.len()))
        {
            return Err(wrong_width(info, n_fixed, &left));
        }
        let mut rest = left.iter();
        let mut found: Vec<(&ColumnInfo, How)> = Vec::new();
        for input in &info.inputs {
            match input.kind {
                InputKind::Tensor(width) => {
                    let width = if width == 0 { left.len() - n_fixed } else { width };
                    found.extend(rest.by_ref().take(width).map(|column| (*column, tensor_feed(column))));
                }
                InputKind::Number | InputKind::Category(_) => found.extend(matched.get(input.name.as_str()).cloned()),
            }
        }
        Self::over(schema, found)
    }

    fn over(schema: &Schema, found: Vec<(&ColumnInfo, How)>) -> Result<Self, ModelError> {
        let index = |column: &ColumnInfo| schema.index_of(&column.name);
        let columns: BTreeSet<usize> = found.iter().filter_map(|(column, _)| index(column)).collect();
        let columns: Vec<usize> = columns.into_iter().collect();
        let feeds = found
            .into_iter()
            .filter_map(|(column, how)| {
                let place = columns.binary_search(&index(column)?).ok()?;
                Some(Feed { place, column: column.name.clone(), how })
            })
            .collect();
        Ok(Self { columns, feeds })
    }

    /// The columns of the dataset that are needed, ascending. Chunks must bring these and no others.
    #[must_use]
    pub fn columns(&self) -> &[usize] {
        &self.columns
    }

    /// The names of the columns in the order they are handed to the model.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.feeds.iter().map(|feed| feed.column.as_str())
    }

    /// The inputs for rows whose columns are those of [`Binding::columns`].
    ///
    /// # Errors
    /// [`ModelError::Mismatch`] when a name in a text column is not a number where one is needed.
    pub fn inputs<'a>(&'a self, columns: &'a [Column]) -> Result<BoundInputs<'a>, ModelError> {
        let n_rows = columns.first().map_or(0, Column::len);
        let made: Result<Vec<Made<'a>>, ModelError> = self
            .feeds
            .iter()
            .map(|feed| {
                let column = columns.get(feed.place).ok_or_else(|| ModelError::Mismatch {
                    detail: format!("the column `{}` was not read", feed.column),
                    hint: "hand over the columns that the binding asks for".to_owned(),
                })?;
                feed.make(column)
            })
            .collect();
        Ok(BoundInputs { n_rows, columns: made? })
    }
}

fn is_tensor(input: &Input) -> bool {
    matches!(input.kind, InputKind::Tensor(_))
}

impl Feed {
    fn make<'a>(&'a self, column: &'a Column) -> Result<Made<'a>, ModelError> {
        Ok(match (&self.how, column) {
            (How::AsIs, Column::Codes { codes, levels }) => Made::Codes(Cow::Borrowed(codes), Cow::Borrowed(levels)),
            (How::Parsed, Column::Codes { codes, levels }) => {
                let table: Vec<Option<f64>> = levels.iter().map(|level| parsed(level)).collect();
                let bad = codes.iter().find(|&&code| matches!(table.get(code as usize), Some(None)));
                if let Some(level) = bad.and_then(|&code| levels.get(code as usize)) {
                    return Err(not_a_number(&self.column, level));
                }
                let value = |&code: &u32| table.get(code as usize).copied().flatten().unwrap_or(f64::NAN);
                Made::Numbers(codes.iter().map(value).collect())
            }
            (How::Renamed(names), Column::Codes { codes, levels }) => {
                let levels = levels.iter().map(|level| names.get(level).unwrap_or(level).clone());
                Made::Codes(Cow::Borrowed(codes), levels.collect())
            }
            (How::Indicator(wanted), Column::Codes { codes, levels }) => {
                let code = levels.iter().position(|level| same_value(level, wanted)).map(|code| code as u32);
                Made::Numbers(codes.iter().map(|&c| f64::from(u8::from(Some(c) == code))).collect())
            }
            (How::Indicator(wanted), Column::Number(v)) => {
                let wanted = parsed(wanted);
                Made::Numbers(v.iter().map(|&x| f64::from(u8::from(wanted.is_some_and(|w| same(w, x))))).collect())
            }
            (How::Named(_) | How::Renamed(_), Column::Number(v)) => {
                let listed: &[String] = if let How::Named(listed) = &self.how { listed } else { &[] };
                let (codes, levels) = named(v, listed);
                Made::Codes(Cow::Owned(codes), Cow::Owned(levels))
            }
            (How::Named(_), Column::Codes { codes, levels }) => {
                Made::Codes(Cow::Borrowed(codes), Cow::Borrowed(levels))
            }
            (How::Parsed | How::AsIs, Column::Number(v)) => Made::Numbers(Cow::Borrowed(v)),
        })
    }
}

/// Equality of numbers that are labels.
#[allow(clippy::float_cmp, reason = "numbers that stand for names are equal or they are not")]
fn same(a: f64, b: f64) -> bool {
    a == b
}

/// A level as a number; booleans count as 1 and 0.
fn parsed(level: &str) -> Option<f64> {
    match level.trim() {
        "true" | "True" | "TRUE" => Some(1.0),
        "false" | "False" | "FALSE" => Some(0.0),
        other => other.parse().ok(),
    }
}

/// A number as a name: whole ones without decimals.
pub(crate) fn spelled(x: f64) -> String {
    format!("{}", x + 0.0)
}

/// Whether a level is the value an indicator asks for: the same text or the same number.
fn same_value(level: &str, wanted: &str) -> bool {
    level == wanted || matches!((parsed(level), parsed(wanted)), (Some(a), Some(b)) if same(a, b))
}

/// Codes and levels for numbers that are wanted as names.
fn named(values: &[f64], listed: &[String]) -> (Vec<u32>, Vec<String>) {
    let mut levels: Vec<String> = Vec::new();
    let mut index: HashMap<u64, u32> = HashMap::new();
    let codes = values
        .iter()
        .map(|&x| {
            if x.is_nan() {
                return MISSING;
            }
            *index.entry((x + 0.0).to_bits()).or_insert_with(|| {
                let plain = spelled(x);
                let found = listed
                    .iter()
                    .find(|l| **l == plain)
                    .or_else(|| listed.iter().find(|l| l.parse::<f64>().is_ok_and(|l| same(l, x))));
                levels.push(found.cloned().unwrap_or(plain));
                levels.len() as u32 - 1
            })
        })
        .collect();
    (codes, levels)
}

/// How a column goes into a tensor: as numbers where its names are numbers.
fn tensor_feed(column: &ColumnInfo) -> How {
    let holds_numbers = !column.levels.is_empty() && column.levels.iter().all(|level| parsed(level).is_some());
    if is_names(column) && holds_numbers { How::Parsed } else { How::AsIs }
}

/// Whether a column holds names, so that its chunks bring codes.
fn is_names(column: &ColumnInfo) -> bool {
    match column.column_type {
        ColumnType::Numeric | ColumnType::Datetime => false,
        ColumnType::Categorical | ColumnType::Boolean | ColumnType::Text => true,
    }
}

/// Looks for columns by the rules at the top of this page.
struct Finder<'a> {
    schema: &'a Schema,
    /// Columns by sanitised name; `None` where several share it.
    sanitised: HashMap<String, Option<&'a ColumnInfo>>,
    /// Columns of which some input is an indicator by the fourth rule.
    spread: BTreeSet<&'a str>,
    /// Features by place, when the inputs have no names of their own.
    by_place: HashMap<&'a str, &'a ColumnInfo>,
}

impl<'a> Finder<'a> {
    fn over(info: &'a ModelInfo, schema: &'a Schema, features: &[&'a ColumnInfo]) -> Self {
        let mut sanitised: HashMap<String, Option<&ColumnInfo>> = HashMap::new();
        for column in &schema.columns {
            sanitised.entry(sanitise(&column.name)).and_modify(|c| *c = None).or_insert(Some(column));
        }
        let mut finder = Self { schema, sanitised, spread: BTreeSet::new(), by_place: HashMap::new() };
        let spread = info.inputs.iter().filter_map(|input| match finder.underscored(&input.name).as_slice() {
            [(column, true, _)] => Some(column.name.as_str()),
            _ => None,
        });
        finder.spread = spread.collect();
        let unnamed = |prefix: &str| {
            info.inputs.iter().enumerate().all(|(i, input)| input.name == format!("{prefix}{i}"))
                && info.inputs.len() == features.len()
                && info.inputs.iter().all(|input| schema.get(&input.name).is_none())
        };
        if ["f", "Column_", "x", "input_"].into_iter().any(unnamed) {
            finder.by_place = info.inputs.iter().map(|i| i.name.as_str()).zip(features.iter().copied()).collect();
        }
        finder
    }

    /// The column for an input and what is done with it.
    fn find(&self, input: &Input) -> Result<Option<(&'a ColumnInfo, How)>, ModelError> {
        let name = input.name.as_str();
        let behind_prefix = name.split_once("__").map(|(_, rest)| rest);
        if let Some(column) = self.schema.get(name) {
            return Ok(Some((column, whole(input, column)?)));
        }
        if let Some(found) = self.equals(name).or_else(|| self.equals(behind_prefix?)) {
            return Ok(Some(found));
        }
        if let Some(column) = behind_prefix.and_then(|rest| self.schema.get(rest)) {
            return Ok(Some((column, whole(input, column)?)));
        }
        if let Some(column) = self.by_place.get(name) {
            return Ok(Some((column, whole(input, column)?)));
        }
        if input.kind == InputKind::Number {
            let candidates = behind_prefix.map(|rest| self.underscored(rest)).unwrap_or_default();
            let candidates = if candidates.is_empty() { self.underscored(name) } else { candidates };
            let certain: Vec<_> = candidates.iter().filter(|(_, is_level, _)| *is_level).collect();
            match (certain.as_slice(), candidates.as_slice()) {
                ([(column, _, value)], _) => return Ok(Some((column, How::Indicator(value.clone())))),
                // A level that these rows do not hold, of a column whose other levels are asked for in the same way.
                ([], [(column, _, value)]) if self.spread.contains(column.name.as_str()) => {
                    return Ok(Some((column, How::Indicator(value.clone()))));
                }
                _ => {}
            }
        }
        match self.sanitised.get(&sanitise(name)) {
            Some(Some(column)) => Ok(Some((column, whole(input, column)?))),
            _ => Ok(None),
        }
    }

    /// `column=value`; the column's name may hold `=` itself.
    fn equals(&self, name: &str) -> Option<(&'a ColumnInfo, How)> {
        name.match_indices('=').find_map(|(at, _)| {
            let (column, value) = (name.get(..at)?, name.get(at + 1..)?);
            let column =
                self.schema.get(column).or_else(|| self.sanitised.get(&sanitise(column)).copied().flatten())?;
            Some((column, How::Indicator(value.to_owned())))
        })
    }

    /// All ways to read a name as `column_value`: the column, whether the value is among its levels, the value.
    fn underscored(&self, name: &str) -> Vec<(&'a ColumnInfo, bool, String)> {
        let columns = self.schema.columns.iter().filter(|column| is_names(column) && !column.levels.is_empty());
        columns
            .filter_map(|column| {
                let value = name.strip_prefix(column.name.as_str())?.strip_prefix('_')?;
                let exact = column.levels.iter().find(|level| same_value(level, value));
                let level = exact.or_else(|| column.levels.iter().find(|level| sanitise(level) == sanitise(value)));
                Some((column, level.is_some(), level.map_or(value, String::as_str).to_owned()))
            })
            .collect()
    }
}

/// A name with every character but letters and digits written `_`.
fn sanitise(name: &str) -> String {
    name.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect()
}

/// What is done with a column that feeds an input as a whole.
fn whole(input: &Input, column: &ColumnInfo) -> Result<How, ModelError> {
    Ok(match (&input.kind, is_names(column)) {
        (InputKind::Number, false) | (InputKind::Tensor(_), _) => How::AsIs,
        (InputKind::Number, true) => {
            if let Some(level) = column.levels.iter().find(|level| parsed(level).is_none()) {
                return Err(not_a_number(&column.name, level));
            }
            How::Parsed
        }
        (InputKind::Category(listed), false) => How::Named(listed.clone().unwrap_or_default()),
        (InputKind::Category(None), true) => How::AsIs,
        (InputKind::Category(Some(listed)), true) => {
            let mut names = BTreeMap::new();
            for level in column.levels.iter().filter(|level| !listed.contains(level)) {
                if let Some(other) = listed.iter().find(|other| same_value(level, other)) {
                    names.insert(level.clone(), other.clone());
                }
            }
            if names.is_empty() { How::AsIs } else { How::Renamed(names) }
        }
    })
}

fn not_a_number(column: &str, level: &str) -> ModelError {
    let shown: String = level.chars().take(40).collect();
    ModelError::Mismatch {
        detail: format!("the model wants numbers for `{column}`, but the data has names, for example `{shown}`"),
        hint: "encode the column as in training, or assess the whole pipeline with its encoder".to_owned(),
    }
}

/// Up to [`SHOWN`] names in backticks, and how many more there are.
fn listed<'n>(names: impl ExactSizeIterator<Item = &'n str>) -> String {
    let n = names.len();
    let mut shown: Vec<String> = names.take(SHOWN).map(|name| format!("`{name}`")).collect();
    if n > SHOWN {
        shown.push(format!("and {} more", n - SHOWN));
    }
    shown.join(", ")
}

/// The name that looks most like this one.
fn nearest<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let scored = names.map(|other| (strsim::jaro_winkler(&name.to_lowercase(), &other.to_lowercase()), other));
    scored.filter(|(score, _)| *score > 0.8).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, other)| other)
}

fn unknown_feature(name: &str, schema: &Schema) -> ModelError {
    let hint = nearest(name, schema.names()).map_or_else(
        || "name columns of the data as features".to_owned(),
        |near| format!("the nearest name is `{near}`"),
    );
    ModelError::Mismatch { detail: format!("the feature `{name}` is not a column of the data"), hint }
}

fn missing_columns(missing: &[&str], left: &[&ColumnInfo], schema: &Schema) -> ModelError {
    let with_guess = missing.iter().take(SHOWN).map(|name| match nearest(name, schema.names()) {
        Some(near) => format!("`{name}` (is it `{near}`?)"),
        None => format!("`{name}`"),
    });
    let mut shown: Vec<String> = with_guess.collect();
    if missing.len() > SHOWN {
        shown.push(format!("and {} more", missing.len() - SHOWN));
    }
    let mut detail = format!("missing in the data: {}", shown.join(", "));
    if !left.is_empty() {
        detail.push_str(&format!("\nnot used by the model: {}", listed(left.iter().map(|c| c.name.as_str()))));
    }
    ModelError::Mismatch { detail, hint: "rename or add the columns as the model was trained".to_owned() }
}

fn wrong_width(info: &ModelInfo, n_fixed: usize, left: &[&ColumnInfo]) -> ModelError {
    let tensors = info.inputs.iter().filter(|input| is_tensor(input)).map(|input| input.name.as_str());
    let tensors: Vec<&str> = tensors.collect();
    let detail = format!(
        "{} takes {n_fixed} numbers per row, but there are {} features: {}",
        listed(tensors.iter().copied()),
        left.len(),
        listed(left.iter().map(|c| c.name.as_str()))
    );
    ModelError::Mismatch { detail, hint: "name the features of the model in its order with `features`".to_owned() }
}

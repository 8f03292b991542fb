//! The file as blocks of `key=value` lines.

use super::Problem;

/// A file cut into blocks.
pub(super) struct File<'a> {
    pub header: Block<'a>,
    pub trees: Vec<Block<'a>>,
    /// Lines after the trees.
    rest: Vec<(usize, &'a str)>,
}

/// Lines that belong together.
#[derive(Clone, Debug, Default)]
pub(super) struct Block<'a> {
    /// Line on which it begins, counted from 1.
    pub start: usize,
    /// Line number, key, value.
    lines: Vec<(usize, &'a str, &'a str)>,
}

impl<'a> File<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, Problem> {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let line = 1 + valid.iter().filter(|b| **b == b'\n').count();
            format!("line {line}: the text is not UTF-8")
        })?;
        let mut lines = (1..).zip(text.lines().map(str::trim_end));
        let mut file = Self { header: Block { start: 1, lines: Vec::new() }, trees: Vec::new(), rest: Vec::new() };
        if lines.next().map(|(_, line)| line) != Some("tree") {
            return Err("line 1: the first line is not `tree`".into());
        }
        let mut last = 1;
        for (number, line) in lines.by_ref() {
            last = number;
            if line == "end of trees" {
                file.rest = lines.collect();
                return Ok(file);
            }
            if line.starts_with("Tree=") {
                file.trees.push(Block { start: number, lines: Vec::new() });
                continue;
            }
            let (key, value) = line.split_once('=').unwrap_or((line, ""));
            if !key.is_empty() {
                file.trees.last_mut().unwrap_or(&mut file.header).lines.push((number, key, value));
            }
        }
        Err(format!("line {last}: the file ends without `end of trees`"))
    }

    /// The lists in the `pandas_categorical` line, which are empty without it.
    pub(super) fn pandas_categories(&self) -> Result<Vec<Vec<String>>, Problem> {
        let found = self.rest.iter().find_map(|(n, line)| Some((n, line.strip_prefix("pandas_categorical:")?)));
        let Some((number, json)) = found else { return Ok(Vec::new()) };
        let problem = |what: &str| format!("line {number}: `pandas_categorical` {what}");
        let lists: Option<Vec<Vec<serde_json::Value>>> =
            serde_json::from_str(json).map_err(|_| problem("is not a list of lists of names, numbers or booleans"))?;
        let name = |value| match value {
            serde_json::Value::String(text) => Ok(text),
            serde_json::Value::Number(number) => Ok(number.to_string()),
            serde_json::Value::Bool(is_true) => Ok(is_true.to_string()),
            _ => Err(problem("holds something other than names, numbers and booleans")),
        };
        lists.unwrap_or_default().into_iter().map(|list| list.into_iter().map(name).collect()).collect()
    }

    /// Indices of the features that hold categories, where the parameters say so, in ascending order.
    pub(super) fn categorical_features(&self, n_features: usize) -> Option<Vec<usize>> {
        let find = |line: &'a str| line.strip_prefix("[categorical_feature: ")?.strip_suffix(']');
        let list = self.rest.iter().find_map(|(_, line)| find(line))?;
        let mut indices = list.split(',').map(|i| i.trim().parse().ok()).collect::<Option<Vec<usize>>>()?;
        indices.sort_unstable();
        indices.dedup();
        indices.iter().all(|i| *i < n_features).then_some(indices)
    }
}

impl<'a> Block<'a> {
    fn get(&self, key: &str) -> Option<(usize, &'a str)> {
        self.lines.iter().find(|(_, k, _)| *k == key).map(|(number, _, value)| (*number, *value))
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    pub(super) fn text(&self, key: &str) -> Option<&'a str> {
        self.get(key).map(|(_, value)| value)
    }

    /// Line of a key, or of the block.
    pub(super) fn line_of(&self, key: &str) -> usize {
        self.get(key).map_or(self.start, |(number, _)| number)
    }

    /// A whole number that is not negative.
    pub(super) fn count(&self, key: &str) -> Result<usize, Problem> {
        let Some((line, value)) = self.get(key) else {
            return Err(format!("line {}: `{key}` is missing from what begins here", self.start));
        };
        value.trim().parse().map_err(|_| format!("line {line}: `{key}` is `{}`, not a whole number", short(value)))
    }

    /// Values separated by spaces, `expected` of them; none when the key is absent.
    pub(super) fn list<T: std::str::FromStr>(&self, key: &str, expected: usize) -> Result<Vec<T>, Problem> {
        let values = self.values(key)?;
        if values.len() != expected {
            let line = self.line_of(key);
            return Err(format!("line {line}: `{key}` has {} values, {expected} are needed", values.len()));
        }
        Ok(values)
    }

    /// Values separated by spaces.
    pub(super) fn values<T: std::str::FromStr>(&self, key: &str) -> Result<Vec<T>, Problem> {
        let Some((line, text)) = self.get(key) else { return Ok(Vec::new()) };
        let value = |word: &str| word.parse().map_err(|_| format!("line {line}: `{key}` holds `{}`", short(word)));
        text.split_whitespace().map(value).collect()
    }
}

fn short(text: &str) -> String {
    let mut chars = text.chars();
    let start: String = chars.by_ref().take(40).collect();
    if chars.next().is_some() { format!("{start}…") } else { start }
}

//! Rows with other values that somebody wants to come back to. They lie beside the document, with what else was added.

use std::path::Path;

use equipoise_data::{DataError, nearest};
use equipoise_document::DatasetSummary;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::ServiceError;
use crate::kept::{folder, read, write};

const PINS: &str = "pins.json";
/// Pins of an assessment: a list for people, not a data set.
const MOST: usize = 1_000;
const MOST_LETTERS: usize = 2_000;

/// A changed row that somebody wants to come back to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPin {
    /// The row's number in the data, from 0.
    pub row: u64,
    /// New values by column.
    pub set: Map<String, Value>,
    /// What came of it, in words.
    #[serde(default)]
    pub says: Option<String>,
}

/// A changed row that was kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Pin {
    /// Names it within the assessment; no other pin ever gets the same number.
    pub pin: u64,
    /// The row's number in the data, from 0.
    pub row: u64,
    /// New values by column.
    pub set: Map<String, Value>,
    /// What came of it, in words.
    pub says: Option<String>,
}

/// The file: the number of the next pin outlives those that were let go.
#[derive(Default, Serialize, Deserialize)]
struct Stored {
    next: u64,
    pins: Vec<Pin>,
}

/// The pins of the assessment in a folder, in the order in which they were made.
///
/// # Errors
/// When their file is damaged.
pub fn pins(dir: &Path) -> Result<Vec<Pin>, ServiceError> {
    Ok(stored(dir)?.pins)
}

/// Keeps a changed row.
///
/// # Errors
/// When the row or a column is not in the test data, nothing is changed, or the folder cannot be written.
pub fn add_pin(dir: &Path, datasets: &[DatasetSummary], new: NewPin) -> Result<Pin, ServiceError> {
    check(datasets, &new)?;
    let mut stored = stored(dir)?;
    if stored.pins.len() >= MOST {
        let problem = format!("there are {MOST} pins already");
        return Err(ServiceError::column(problem, "let some of them go"));
    }
    let pin = Pin { pin: stored.next, row: new.row, set: new.set, says: new.says };
    stored.next += 1;
    stored.pins.push(pin.clone());
    write(&folder(dir, None)?.join(PINS), &stored)?;
    Ok(pin)
}

/// Lets a pin go; false when there is none of this number.
///
/// # Errors
/// When the file is damaged or cannot be written.
pub fn remove_pin(dir: &Path, pin: u64) -> Result<bool, ServiceError> {
    let mut stored = stored(dir)?;
    let before = stored.pins.len();
    stored.pins.retain(|p| p.pin != pin);
    let is_gone = stored.pins.len() < before;
    if is_gone {
        write(&folder(dir, None)?.join(PINS), &stored)?;
    }
    Ok(is_gone)
}

fn stored(dir: &Path) -> Result<Stored, ServiceError> {
    let path = dir.join(crate::kept::FOLDER).join(PINS);
    if path.is_file() { read(&path) } else { Ok(Stored::default()) }
}

fn check(datasets: &[DatasetSummary], new: &NewPin) -> Result<(), ServiceError> {
    if new.set.is_empty() {
        return Err(ServiceError::column("a pin without a changed value is the row itself", "change a value of it"));
    }
    if new.says.as_ref().is_some_and(|s| s.chars().count() > MOST_LETTERS) {
        let problem = format!("`says` has more than {MOST_LETTERS} characters");
        return Err(ServiceError::column(problem, "say it shorter"));
    }
    let Some(test) = datasets.iter().find(|d| d.part == "test") else { return Ok(()) };
    if new.row >= test.n_rows {
        let problem = format!("there is no row `{}`", new.row);
        let hint = format!("rows are counted from 0; the last one is {}", test.n_rows.saturating_sub(1));
        return Err(ServiceError::column(problem, hint));
    }
    let names = || test.columns.iter().map(|c| c.name.as_str());
    for (name, value) in &new.set {
        if !names().any(|n| n == name) {
            let near = nearest(name, names()).map(str::to_owned);
            let known = names().take(8).map(str::to_owned).collect();
            return Err(DataError::UnknownColumn { column: name.clone(), nearest: near, names: known }.into());
        }
        if value.is_object() || value.is_array() {
            let problem = format!("the value of `{name}` is no single value");
            return Err(ServiceError::column(problem, "give a number or a text"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn datasets() -> Vec<DatasetSummary> {
        let column = json!({ "name": "age", "type": "numeric", "roles": ["feature"], "n_missing": 0 });
        serde_json::from_value(json!([{ "part": "test", "n_rows": 3, "columns": [column] }])).unwrap()
    }

    fn new(row: u64, set: &Value) -> NewPin {
        NewPin { row, set: set.as_object().unwrap().clone(), says: Some("b (0.6)".to_owned()) }
    }

    #[test]
    fn pins_are_found_again_and_let_go() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(pins(dir.path()).unwrap(), []);
        let add = |row| add_pin(dir.path(), &datasets(), new(row, &json!({ "age": 30.5 }))).unwrap();
        let (first, second) = (add(0), add(2));
        assert_eq!(pins(dir.path()).unwrap(), [first, second.clone()]);
        assert_eq!((second.row, second.set["age"].as_f64(), second.says.as_deref()), (2, Some(30.5), Some("b (0.6)")));
        assert!(remove_pin(dir.path(), second.pin).unwrap());
        assert!(!remove_pin(dir.path(), second.pin).unwrap());
        // A number is given once, so that an old link never lets another pin go.
        assert!(add(1).pin > second.pin);
        assert_eq!(pins(dir.path()).unwrap().len(), 2);
    }

    #[test]
    fn what_is_not_in_the_data_is_not_pinned() {
        let dir = tempfile::tempdir().unwrap();
        let refused = |row, set: Value| add_pin(dir.path(), &datasets(), new(row, &set)).unwrap_err().to_string();
        assert!(refused(3, json!({ "age": 1 })).contains("there is no row `3`"));
        assert!(refused(0, json!({ "agee": 1 })).contains("the nearest name is `age`"));
        assert!(refused(0, json!({})).contains("without a changed value"));
        assert!(refused(0, json!({ "age": [1] })).contains("`age` is no single value"));
        assert_eq!(pins(dir.path()).unwrap(), []);
    }
}

//! Our columns as Arrow arrays, for the expressions that judge them.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, DictionaryArray, Float64Array, Int32Array, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Int32Type, TimeUnit};
use arrow::error::ArrowError;

use super::PredicateType;
use crate::{Column, MISSING};

/// The Arrow type in which a predicate sees a column.
pub(crate) fn arrow_type(column_type: PredicateType) -> DataType {
    match column_type {
        PredicateType::Number => DataType::Float64,
        PredicateType::Datetime => DataType::Timestamp(TimeUnit::Microsecond, None),
        PredicateType::Boolean => DataType::Boolean,
        PredicateType::Name => DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
    }
}

/// The column as an array of that type; what is missing becomes null.
pub(crate) fn array_of(column: &Column, column_type: PredicateType) -> Result<ArrayRef, ArrowError> {
    match (column, column_type) {
        (Column::Number(values), PredicateType::Number) => {
            let value = |v: &f64| (!v.is_nan()).then_some(*v);
            Ok(Arc::new(values.iter().map(value).collect::<Float64Array>()))
        }
        (Column::Number(values), PredicateType::Datetime) => {
            #[allow(clippy::cast_possible_truncation, reason = "a cast of floats saturates")]
            let value = |v: &f64| v.is_finite().then_some((v * 1e6).round() as i64);
            Ok(Arc::new(values.iter().map(value).collect::<TimestampMicrosecondArray>()))
        }
        (Column::Codes { codes, levels }, PredicateType::Boolean) => {
            let value = |c: &u32| levels.get(*c as usize).map(|level| level == "true");
            Ok(Arc::new(codes.iter().map(value).collect::<BooleanArray>()))
        }
        (Column::Codes { codes, levels }, PredicateType::Name) => {
            let key = |c: &u32| if *c == MISSING { None } else { i32::try_from(*c).ok() };
            let keys: Int32Array = codes.iter().map(key).collect();
            let names = StringArray::from_iter_values(levels.iter());
            Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(keys, Arc::new(names))?))
        }
        (Column::Number(_), PredicateType::Boolean | PredicateType::Name) => mismatch("numbers", "names"),
        (Column::Codes { .. }, PredicateType::Number | PredicateType::Datetime) => mismatch("names", "numbers"),
    }
}

fn mismatch(found: &str, expected: &str) -> Result<ArrayRef, ArrowError> {
    Err(ArrowError::InvalidArgumentError(format!("a column of {found} was handed in for one of {expected}")))
}

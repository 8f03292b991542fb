//! Which column is what.

use equipoise_data::{ColumnInfo, Schema, unknown_column};
use equipoise_document::{ColumnRole, ColumnSummary, ColumnType, DatasetSummary, RunSpec};

use crate::ServiceError;

/// Columns of a dataset by role, as indices into its schema.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Roles {
    pub(crate) target: usize,
    pub(crate) prediction: Option<usize>,
    pub(crate) probability: Vec<usize>,
    pub(crate) weight: Option<usize>,
    pub(crate) sensitive: Vec<usize>,
    pub(crate) control: Vec<usize>,
    pub(crate) features: Vec<usize>,
    id: Vec<usize>,
    dropped: Vec<usize>,
}

impl Roles {
    /// Finds the columns that a spec names. Training data (`is_train`) need no predictions.
    pub(crate) fn find(spec: &RunSpec, schema: &Schema, is_train: bool) -> Result<Self, ServiceError> {
        let find = |name: &String| schema.index_of(name).ok_or_else(|| unknown_column(name, schema));
        let all = |names: &[String]| names.iter().map(find).collect::<Result<Vec<_>, _>>();
        let Some(target) = &spec.target else {
            return Err(ServiceError::column(
                "no target column is named",
                "name the column that holds the truth, for example `--target income`",
            ));
        };
        let target = find(target)?;
        let optional = |name: &Option<String>| match name {
            None => Ok(None),
            // Training data may lack what only belongs to predictions.
            Some(name) if is_train => Ok(schema.index_of(name)),
            Some(name) => find(name).map(Some),
        };
        let prediction = optional(&spec.prediction)?;
        let probability = if is_train {
            spec.probability.iter().filter_map(|name| schema.index_of(name)).collect()
        } else {
            all(&spec.probability)?
        };
        let weight = spec.weight.as_ref().map(find).transpose()?;
        let columns = |groupings: &[equipoise_document::GroupingSpec]| {
            groupings.iter().map(|g| find(&g.column().to_owned())).collect::<Result<Vec<_>, _>>()
        };
        let sensitive = columns(&spec.sensitive)?;
        let control = columns(&spec.control)?;
        let (id, dropped) = (all(&spec.id)?, all(&spec.drop)?);
        let features = match &spec.features {
            Some(names) => all(names)?,
            None => (0..schema.columns.len())
                .filter(|i| {
                    *i != target
                        && Some(*i) != prediction
                        && Some(*i) != weight
                        && !probability.contains(i)
                        && !id.contains(i)
                        && !dropped.contains(i)
                })
                .collect(),
        };
        let roles = Self { target, prediction, probability, weight, sensitive, control, features, id, dropped };
        roles.check(schema)?;
        Ok(roles)
    }

    fn check(&self, schema: &Schema) -> Result<(), ServiceError> {
        let name = |i: usize| schema.columns.get(i).map_or("", |c| c.name.as_str());
        for (role, columns) in [
            ("prediction", self.prediction.as_slice()),
            ("probability", &self.probability),
            ("weight", self.weight.as_slice()),
        ] {
            if columns.contains(&self.target) {
                return Err(ServiceError::column(
                    format!("column `{}` is named as the target and as {role}", name(self.target)),
                    "one column cannot be both",
                ));
            }
        }
        for i in self.sensitive.iter().chain(&self.control) {
            if *i == self.target {
                return Err(ServiceError::column(
                    format!("column `{}` is named as the target and to group by", name(*i)),
                    "groups by the truth itself say nothing about fairness; leave it out",
                ));
            }
        }
        Ok(())
    }

    /// The column's roles, in the order of [`ColumnRole`].
    fn of(&self, i: usize) -> Vec<ColumnRole> {
        let has = |columns: &[usize], role| columns.contains(&i).then_some(role);
        [
            (self.target == i).then_some(ColumnRole::Target),
            has(self.prediction.as_slice(), ColumnRole::Prediction),
            has(&self.probability, ColumnRole::Probability),
            has(self.weight.as_slice(), ColumnRole::Weight),
            has(&self.sensitive, ColumnRole::Sensitive),
            has(&self.control, ColumnRole::Control),
            has(&self.features, ColumnRole::Feature),
            has(&self.id, ColumnRole::Id),
            has(&self.dropped, ColumnRole::Dropped),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// The dataset in the document's words.
    pub(crate) fn summary(&self, part: &str, schema: &Schema, n_rows: usize) -> DatasetSummary {
        let columns = schema.columns.iter().enumerate().map(|(i, info)| self.column(i, info)).collect();
        DatasetSummary { part: part.to_owned(), n_rows: n_rows as u64, columns }
    }

    fn column(&self, i: usize, info: &ColumnInfo) -> ColumnSummary {
        let has_levels = matches!(info.column_type, ColumnType::Categorical | ColumnType::Boolean);
        ColumnSummary {
            name: info.name.clone(),
            column_type: info.column_type,
            roles: self.of(i),
            n_missing: info.n_missing,
            n_levels: has_levels.then_some(info.levels.len() as u64),
            min: info.min.filter(|x| x.is_finite()),
            max: info.max.filter(|x| x.is_finite()),
        }
    }
}

"""`RAIInsights`: what to compute is added to managers, then computed together."""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from .._assess import assess
from .._assessment import Assessment, load
from .._columns import label
from .._errors import EquipoiseError, unknown
from .._models import classes_of, names_of
from ._data import Dataset, RAIInsightsData, TabularDatasetMetadata
from ._managers import CausalManager, CounterfactualManager, ErrorAnalysisManager, ExplainerManager, Manager
from ._told import plain, rows_as_lists


@dataclass
class FeatureMetadata:
    """What is known of columns. Dropped ones stay in the data, where cohorts can use them, and are not handed to the model."""

    identity_feature_name: str | None = None
    datetime_features: list[str] | None = None
    time_column_name: str | None = None
    categorical_features: list[str] | None = None
    dropped_features: list[str] | None = None
    time_series_id_column_names: list[str] | None = None


class RAIInsights:
    """The toolbox's `RAIInsights`: a model with its data, and managers that are asked questions.

    Args:
        model: A fitted model; it is asked about the columns without the target and the dropped ones. Without one (None) `causal`
            can be asked.
        train: The rows it was trained on.
        test: The rows to assess, of any number: `maximum_rows_for_test` is taken for its name's sake.
        target_column: The column of the truth.
        task_type: `classification` or `regression`.
        categorical_features: Columns of names, whatever their type.
        classes: The classes in the order of the model's outputs, or names for them in the order of the target's values.
        feature_metadata: What is known of columns.
    """

    def __init__(
        self,
        model: Any,
        train: pd.DataFrame,
        test: pd.DataFrame,
        target_column: str,
        task_type: str,
        categorical_features: Sequence[str] | None = None,
        classes: Any = None,
        serializer: Any = None,
        maximum_rows_for_test: int = 5000,
        feature_metadata: FeatureMetadata | None = None,
        **kwargs: Any,
    ) -> None:
        if task_type not in ("classification", "regression"):
            raise EquipoiseError(f"there is no task `{task_type}`", "spec", "it is `classification` or `regression`")
        for name, frame in (("train", train), ("test", test)):
            if target_column not in frame.columns:
                raise EquipoiseError(
                    f"the target `{target_column}` is not a column of `{name}`",
                    "column",
                    unknown("", target_column, frame.columns).hint,
                )
        if list(train.columns) != list(test.columns):
            odd = sorted(set(map(str, train.columns)) ^ set(map(str, test.columns)))
            what = f"`{odd[0]}` is in one of them only" if odd else "the order differs"
            raise EquipoiseError(
                f"`train` and `test` have different columns: {what}", "column", "give both the same columns"
            )
        self.model, self.train, self.test = model, train, test
        self.target_column, self.task_type = target_column, task_type
        self._metadata = feature_metadata or FeatureMetadata()
        declared = [*(categorical_features or []), *(self._metadata.categorical_features or [])]
        self.categorical_features = list(dict.fromkeys(declared))
        for feature in self.categorical_features:
            if feature not in train.columns:
                raise unknown("column", feature, train.columns, "column")
        self._classes = None if classes is None or task_type == "regression" else [c for c in classes]
        self._explainer = ExplainerManager(self)
        self._errors = ErrorAnalysisManager(self)
        self._counterfactual = CounterfactualManager(self)
        self._causal = CausalManager(self)
        self._assessment: Assessment | None = None

    @property
    def explainer(self) -> ExplainerManager:
        """What drives the predictions."""
        return self._explainer

    @property
    def error_analysis(self) -> ErrorAnalysisManager:
        """Where the model is wrong."""
        return self._errors

    @property
    def counterfactual(self) -> CounterfactualManager:
        """What would have changed a prediction."""
        return self._counterfactual

    @property
    def causal(self) -> CausalManager:
        """What acting would change."""
        return self._causal

    @property
    def _managers(self) -> list[Manager]:
        return [self._explainer, self._errors, self._counterfactual, self._causal]

    @property
    def assessment(self) -> Assessment:
        """All answers as an assessment: the first configuration of each manager."""
        if self._assessment is None:
            raise EquipoiseError("nothing is computed yet", "spec", "add what you want to know, then call `compute()`")
        return self._assessment

    def compute(self) -> None:
        """Computes everything that was added and is not there yet, beside performance, data balance and the explorer."""
        self._compute(self._managers)

    def _compute(self, managers: list[Manager]) -> None:
        waiting = [[(m, c) for c in m._configurations[len(m._answers) :]] for m in managers]
        rounds = list(itertools.zip_longest(*waiting)) or [()]
        for i, asked in enumerate(rounds):
            chosen = [pair for pair in asked if pair is not None]
            is_first = self._assessment is None and i == 0
            always = ["performance", "balance", "explorer"] if is_first and self.model is not None else []
            if not chosen and not always:
                continue
            assessment = self._assessed([*always, *(m.analysis for m, _ in chosen)], {m.analysis: c for m, c in chosen})
            for manager, _ in chosen:
                manager._answered(assessment)
            if is_first:
                self._assessment = assessment

    def _assessed(
        self,
        only: list[str],
        parameters: dict[str, dict[str, Any]],
        cohorts: Mapping[str, str] | None = None,
    ) -> Assessment:
        dropped = list(self._metadata.dropped_features or [])
        # The column that tells rows apart may be one that the model reads.
        name, known = self._metadata.identity_feature_name, names_of(self.model)
        identity = [name] if name and (known is None or name not in known) else []
        beside = {self.target_column, *dropped, *identity}
        is_number = {c for c in self.categorical_features if pd.api.types.is_numeric_dtype(self.train[c])}
        test, train = self._named(self.test), self._named(self.train)
        without: dict[str, Any] = {} if self.model is not None else {"prediction": test[self.target_column].to_numpy()}
        return assess(
            test,
            train=train,
            model=self.model,
            **without,
            target=self.target_column,
            task="regression" if self.task_type == "regression" else None,
            classes=self._class_order(),
            features=[str(c) for c in self.test.columns if c not in beside],
            id=identity,
            only=only,
            cohorts=cohorts,
            analyses=parameters,
            types={c: "categorical" for c in is_number},
        )

    def _class_order(self) -> list[Any] | None:
        """The classes as given, or the target's values in order where a model of classes does not name them."""
        if self._classes is not None or self.task_type == "regression" or self.model is None:
            return self._classes
        return None if classes_of(self.model) else sorted(pd.unique(self.train[self.target_column].dropna()))

    def _named(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The rows, with the classes' names in the place of the target's values where `classes` gives others."""
        if self._classes is None:
            return frame
        values = sorted(pd.unique(self.train[self.target_column].dropna()))
        if {label(v) for v in values} <= {label(c) for c in self._classes}:
            return frame
        if len(values) != len(self._classes):
            raise EquipoiseError(
                f"`classes` names {len(self._classes)}, but the target `{self.target_column}` has {len(values)} values",
                "spec",
                f"name them in the order {', '.join(f'`{label(v)}`' for v in values[:10])}",
            )
        names = {value: label(name) for value, name in zip(values, self._classes, strict=True)}
        return frame.assign(**{self.target_column: frame[self.target_column].map(names)})

    def get(self) -> dict[str, Sequence[Any]]:
        """The answers of each manager."""
        return {m.name: m.get() for m in self._managers}

    def get_data(self) -> RAIInsightsData:
        """Everything as the toolbox's dashboard takes it."""
        return RAIInsightsData(
            dataset=self._dataset(),
            modelExplanationData=self._explainer.get_data(),
            errorAnalysisData=self._errors.get_data(),
            causalAnalysisData=self._causal.get_data(),
            counterfactualData=self._counterfactual.get_data(),
        )

    def _dataset(self) -> Dataset:
        names = self._feature_names()
        classes = None if self.task_type == "regression" else [self._value_of_class(c) for c in self.assessment.classes]
        predicted = probability = None
        if self.model is not None:
            found = self.assessment.artifact("predictions")
            predicted = [plain(v) for v in found["_predicted"].tolist()]
            if classes is not None:
                probability = _probabilities(found, self.assessment.classes)
                predicted = [classes.index(self._value_of_class(v)) for v in predicted]
        true = [plain(v) for v in self.test[self.target_column].tolist()]
        if classes is not None:
            true = [None if v is None else classes.index(v) for v in true]
        metadata = asdict(self._metadata)
        metadata["categorical_features"] = list(self.categorical_features)
        return Dataset(
            task_type=self.task_type,
            target_column=self.target_column,
            feature_names=names,
            features=rows_as_lists(self.test[names]),
            categorical_features=list(self.categorical_features),
            class_names=classes,
            true_y=true,
            predicted_y=predicted,
            probability_y=probability,
            feature_metadata=metadata,
            tabular_dataset_metadata=TabularDatasetMetadata(
                len(self.test), feature_ranges=[_range(self.test[c], c in self.categorical_features) for c in names]
            ),
        )

    def _feature_names(self) -> list[str]:
        """The columns beside the target and the dropped ones, in their order."""
        beside = {self.target_column, *(self._metadata.dropped_features or [])}
        return [str(c) for c in self.test.columns if c not in beside]

    def _value_of_class(self, said: Any) -> Any:
        """A class that an answer names as the target's own value."""
        return said if self.task_type == "regression" else self._values_by_name.get(label(said), said)

    @cached_property
    def _values_by_name(self) -> dict[str, Any]:
        values = sorted(pd.unique(self.train[self.target_column].dropna()))
        known = {label(v): plain(v) for v in values}
        if self._classes is not None and len(self._classes) == len(values):
            known = {**{label(c): plain(v) for c, v in zip(self._classes, values, strict=True)}, **known}
        return known

    def get_train_data(self) -> pd.DataFrame:
        """The training rows without dropped columns."""
        return self.train.drop(columns=self._metadata.dropped_features or [])

    def get_test_data(self, test_data: pd.DataFrame | None = None) -> pd.DataFrame:
        """The test rows without dropped columns."""
        frame = self.test if test_data is None else test_data
        return frame.drop(columns=self._metadata.dropped_features or [])

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the assessment as a directory that the command reads too."""
        self.assessment.save(path, force=True)

    @staticmethod
    def load(path: str | os.PathLike[str]) -> Assessment:
        """Reads what `save` wrote: the assessment. Models and data are not kept, so nothing can be added to it."""
        return load(path)

    def list(self) -> dict[str, dict[str, Any]]:
        """What was added to each manager."""
        return {m.name: m.list() for m in self._managers}

    def _repr_html_(self) -> str:
        return self.assessment._repr_html_()


def _probabilities(found: pd.DataFrame, classes: Sequence[str]) -> list[list[float]] | None:
    if "_probability" in found.columns:
        return [[1 - p, p] for p in found["_probability"].tolist()]
    names = [f"_probability_{c}" for c in classes]
    return found[names].to_numpy().tolist() if set(names) <= set(found.columns) else None


def _range(values: pd.Series[Any], is_categorical: bool) -> dict[str, Any]:
    """What a column holds, in the words of the toolbox."""
    told = {"column_name": str(values.name)}
    if is_categorical or not pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
        present = values.dropna().unique().tolist()
        return {**told, "range_type": "categorical", "unique_values": sorted((plain(v) for v in present), key=str)}
    is_whole = pd.api.types.is_integer_dtype(values)
    ends = {"min_value": plain(values.min()), "max_value": plain(values.max())}
    return {**told, "range_type": "integer" if is_whole else "continuous", **ends}

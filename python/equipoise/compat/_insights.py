"""`RAIInsights`: what to compute is added to managers, then computed together."""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from .._assess import assess
from .._assessment import Assessment, Section, load
from .._columns import label
from .._errors import EquipoiseError, unknown
from .._models import classes_of, names_of

_METHODS = {"random": "random", "genetic": "genetic", "kdtree": "kdtree"}


@dataclass
class FeatureMetadata:
    """What is known of columns. Dropped ones stay in the data, where cohorts can use them, and are not handed to the model."""

    identity_feature_name: str | None = None
    datetime_features: list[str] | None = None
    time_column_name: str | None = None
    categorical_features: list[str] | None = None
    dropped_features: list[str] | None = None
    time_series_id_column_names: list[str] | None = None


class Manager:
    """One question with its configurations, and their answers."""

    analysis = ""

    def __init__(self, insights: RAIInsights) -> None:
        self._insights = insights
        self._configurations: list[dict[str, Any]] = []
        self._answers: list[Section] = []

    @property
    def name(self) -> str:
        """The manager's name."""
        return self.analysis

    def get(self) -> list[Any]:
        """An answer for each configuration; empty before `compute`."""
        return list(self._answers)

    def list(self) -> dict[str, Any]:
        """What was added, and whether it was computed."""
        return {
            "name": self.name,
            "configurations": [dict(c) for c in self._configurations],
            "is_computed": len(self._answers) == len(self._configurations),
        }

    def compute(self) -> None:
        """Computes what was added here alone."""
        self._insights._compute([self])

    def _add(self, **parameters: Any) -> None:
        if self._insights.model is None and self.analysis != "causal":
            raise EquipoiseError(
                f"`{self.analysis}` asks a model, and there is none",
                "model",
                "give `RAIInsights` a model; `causal` alone needs none",
            )
        self._configurations.append({k: v for k, v in parameters.items() if v is not None})


class ExplainerManager(Manager):
    """What drives the predictions."""

    analysis = "explain"

    def add(self) -> None:
        """Asks for explanations; once is enough."""
        if not self._configurations:
            self._add()

    def get(self) -> list[Explanation]:
        return [Explanation(section, self._insights) for section in self._answers]


class Explanation:
    """Importances of features over all rows, and attributions of single ones."""

    def __init__(self, section: Section, insights: RAIInsights) -> None:
        self.section = section
        self._insights = insights

    def get_feature_importance_dict(self) -> dict[str, float]:
        """Mean size of attributions by feature, the largest first."""
        table = self.section.table("importance").to_dict()
        return dict(zip(table["feature"], table["mean_abs_attribution"], strict=True))

    def get_ranked_global_names(self) -> list[str]:
        """Features by importance."""
        return list(self.get_feature_importance_dict())

    def get_ranked_global_values(self) -> list[float]:
        """Their importances."""
        return list(self.get_feature_importance_dict().values())

    @property
    def local_importance_values(self) -> pd.DataFrame:
        """Attributions of each row."""
        frame = self._insights.assessment.artifact("attributions")
        return frame.drop(columns=[c for c in map(str, frame.columns) if c == "row" or c.startswith("_")])

    def __repr__(self) -> str:
        return repr(self.section)


class ErrorAnalysisManager(Manager):
    """Where the model is wrong."""

    analysis = "errors"

    def add(
        self,
        max_depth: int = 3,
        num_leaves: int = 31,
        min_child_samples: int = 20,
        filter_features: Sequence[str] | None = None,
    ) -> None:
        """Asks for an error tree, and for a heat map of one or two `filter_features`."""
        for feature in filter_features or []:
            if feature not in self._insights.test.columns:
                raise unknown("column", feature, self._insights.test.columns, "column")
        heat_map = list(filter_features)[:2] if filter_features else None
        self._add(max_depth=max_depth, num_leaves=num_leaves, min_child_samples=min_child_samples, heat_map=heat_map)


class CounterfactualManager(Manager):
    """What would have changed a prediction."""

    analysis = "counterfactuals"

    def add(
        self,
        total_CFs: int,
        method: str = "random",
        desired_class: Any = None,
        desired_range: Sequence[float] | None = None,
        permitted_range: Mapping[str, Sequence[Any]] | None = None,
        features_to_vary: str | Sequence[str] = "all",
        feature_importance: bool = True,
    ) -> None:
        """Asks for counterfactuals of each row. Beside the toolbox's methods, `auto`, `exact`, `nearest` and
        `growing_spheres` are known."""
        if self._insights.task_type == "regression" and desired_range is None:
            raise EquipoiseError("numbers need a `desired_range`", "spec", "for example `desired_range=[3, 5]`")
        ranges = {k: [v.item() if hasattr(v, "item") else v for v in r] for k, r in (permitted_range or {}).items()}
        self._add(
            total_cfs=total_CFs,
            method=_METHODS.get(method, method),
            desired_class=None if desired_class is None else str(desired_class),
            desired_range=None if desired_range is None else [float(v) for v in desired_range],
            permitted_range=ranges or None,
            features_to_vary=features_to_vary if isinstance(features_to_vary, str) else list(features_to_vary),
            feature_importance=feature_importance,
        )

    def get(self) -> list[Counterfactuals]:
        return [Counterfactuals(section, self._insights) for section in self._answers]


class Counterfactuals:
    """Counterfactual rows and what changed in them."""

    def __init__(self, section: Section, insights: RAIInsights) -> None:
        self.section = section
        self._insights = insights

    def to_dataframe(self) -> pd.DataFrame:
        """All counterfactuals, one row each."""
        return self._insights.assessment.artifact("counterfactuals")

    @property
    def summary_importance(self) -> dict[str, float]:
        """Share of counterfactuals in which a feature changed."""
        if "importance" not in self.section.tables:
            return {}
        table = self.section.table("importance").to_dict()
        return dict(zip(table["feature"], table["changed"], strict=True))

    def __repr__(self) -> str:
        return repr(self.section)


class CausalManager(Manager):
    """What acting on a column would change."""

    analysis = "causal"

    def add(
        self,
        treatment_features: Sequence[str],
        heterogeneity_features: Sequence[str] | None = None,
        nuisance_model: str = "linear",
        heterogeneity_model: str = "linear",
        alpha: float = 0.05,
        upper_bound_on_cat_expansion: int = 50,
        treatment_cost: float | Sequence[float] = 0,
        min_tree_leaf_samples: int = 2,
        max_tree_depth: int = 2,
        skip_cat_limit_checks: bool = False,
        categories: Any = "auto",
        n_jobs: int = -1,
        verbose: int = 0,
        random_state: Any = None,
    ) -> None:
        """Asks for the effect of each treatment on the target. `categories`, `n_jobs`, `verbose` and `random_state` have no
        meaning here: levels are found, threads are used as they are there, and draws follow the seed of the run."""
        for feature in treatment_features:
            if feature not in self._insights.test.columns:
                raise unknown("column", feature, self._insights.test.columns, "column")
        self._add(
            treatment_features=list(treatment_features),
            heterogeneity_features=None if heterogeneity_features is None else list(heterogeneity_features),
            nuisance_model={"AutoML": "automl"}.get(nuisance_model, nuisance_model),
            heterogeneity_model=heterogeneity_model,
            alpha=alpha,
            upper_bound_on_cat_expansion=upper_bound_on_cat_expansion,
            treatment_cost=treatment_cost if isinstance(treatment_cost, int | float) else list(treatment_cost),
            min_tree_leaf_samples=max(int(min_tree_leaf_samples), 10),
            max_tree_depth=min(int(max_tree_depth), 4),
            skip_cat_limit_checks=skip_cat_limit_checks,
        )

    def get(self) -> list[CausalEffects]:
        return [CausalEffects(section) for section in self._answers]


class CausalEffects:
    """Average effects, effects of single rows, and whom to treat."""

    def __init__(self, section: Section) -> None:
        self.section = section

    @property
    def global_effects(self) -> pd.DataFrame:
        """The average effect of each contrast with its interval."""
        return self.section.table("effects").to_pandas()

    def _all(self, prefix: str) -> list[pd.DataFrame]:
        return [t.to_pandas() for name, t in self.section.tables.items() if name.startswith(prefix)]

    @property
    def local_effects(self) -> list[pd.DataFrame]:
        """Rows with the largest effects, by treatment."""
        return self._all("rows_")

    @property
    def policies(self) -> list[pd.DataFrame]:
        """A tree of whom to treat, by treatment."""
        return self._all("policy_")

    def __repr__(self) -> str:
        return repr(self.section)


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
                manager._answers.append(assessment.sections[manager.analysis])
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

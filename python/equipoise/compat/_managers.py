"""The toolbox's managers: what is asked is added to them, and what was answered is read from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from .._assessment import Assessment, Section
from .._errors import EquipoiseError, unknown
from ._data import CausalData, CounterfactualData, ErrorAnalysisData, ModelExplanationData
from ._effects import causal
from ._told import Answer, counterfactual, error_analysis, explanation

if TYPE_CHECKING:
    from ._insights import RAIInsights


class Manager:
    """One question with its configurations, and their answers."""

    analysis = ""
    """What it is called here."""
    _name = ""
    _listed = "configurations"

    def __init__(self, insights: RAIInsights) -> None:
        self._insights = insights
        self._configurations: list[dict[str, Any]] = []
        self._asked: list[dict[str, Any]] = []
        self._answers: list[Answer] = []

    @property
    def name(self) -> str:
        """The manager's name, as the toolbox has it."""
        return self._name

    def get(self) -> list[Any]:
        """An answer for each configuration; empty before `compute`."""
        return [answer.section for answer in self._answers]

    def list(self) -> dict[str, Any]:
        """What was added, in the toolbox's words, and whether it was computed."""
        n = len(self._answers)
        return {
            "manager_type": self.name,
            "is_computed": 0 < len(self._asked) == n,
            self._listed: [{**asked, "is_computed": i < n} for i, asked in enumerate(self._asked)],
        }

    def compute(self) -> None:
        """Computes what was added here alone."""
        self._insights._compute([self])

    def _add(self, asked: dict[str, Any], **parameters: Any) -> None:
        if self._insights.model is None and self.analysis != "causal":
            raise EquipoiseError(
                f"`{self.analysis}` asks a model, and there is none",
                "model",
                "give `RAIInsights` a model; `causal` alone needs none",
            )
        self._asked.append(asked)
        self._configurations.append({k: v for k, v in parameters.items() if v is not None})

    def _answered(self, assessment: Assessment) -> None:
        place = len(self._answers)
        section = assessment.sections[self.analysis]
        self._answers.append(Answer(section, assessment, self._asked[place], f"{self.name}-{place}"))


class ExplainerManager(Manager):
    """What drives the predictions."""

    analysis = "explain"
    _name = "explainer"

    def add(self) -> None:
        """Asks for explanations; once is enough."""
        if not self._configurations:
            self._add({})

    def get(self) -> list[Explanation]:
        return [Explanation(answer, self._insights) for answer in self._answers]

    def get_data(self) -> list[ModelExplanationData]:
        """Attributions as the toolbox's dashboard takes them."""
        return [explanation(answer, self._insights) for answer in self._answers]


class Explanation:
    """Importances of features over all rows, and attributions of single ones."""

    def __init__(self, answer: Answer, insights: RAIInsights) -> None:
        self.section = answer.section
        self._assessment = answer.assessment
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
        frame = self._assessment.artifact("attributions")
        return frame.drop(columns=[c for c in map(str, frame.columns) if c == "row" or c.startswith("_")])

    def __repr__(self) -> str:
        return repr(self.section)


class ErrorAnalysisManager(Manager):
    """Where the model is wrong."""

    analysis = "errors"
    _name = "error_analysis"
    _listed = "reports"

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
        asked = {
            "max_depth": max_depth,
            "num_leaves": num_leaves,
            "min_child_samples": min_child_samples,
            "filter_features": None if filter_features is None else list(filter_features),
        }
        self._add(
            asked, max_depth=max_depth, num_leaves=num_leaves, min_child_samples=min_child_samples, heat_map=heat_map
        )

    def get_data(self) -> list[ErrorAnalysisData]:
        """Error trees and heat maps as the toolbox's dashboard takes them."""
        return [error_analysis(answer, self._insights) for answer in self._answers]


class CounterfactualManager(Manager):
    """What would have changed a prediction."""

    analysis = "counterfactuals"
    _name = "counterfactual"
    _listed = "counterfactuals"

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
        asked = {
            "method": method,
            "continuous_features": [
                c for c in self._insights._feature_names() if c not in self._insights.categorical_features
            ],
            "total_CFs": total_CFs,
            "desired_range": None if desired_range is None else list(desired_range),
            "desired_class": desired_class,
            "permitted_range": ranges or None,
            "features_to_vary": features_to_vary,
            "feature_importance": feature_importance,
        }
        self._add(
            asked,
            total_cfs=total_CFs,
            method=method,
            desired_class=None if desired_class is None else str(desired_class),
            desired_range=None if desired_range is None else [float(v) for v in desired_range],
            permitted_range=ranges or None,
            features_to_vary=features_to_vary if isinstance(features_to_vary, str) else list(features_to_vary),
            feature_importance=feature_importance,
            # Of every row, as in the toolbox.
            which="all",
            max_rows=len(self._insights.test),
        )

    def get(self) -> list[Counterfactuals]:
        return [Counterfactuals(answer) for answer in self._answers]

    def get_data(self) -> list[CounterfactualData]:
        """Counterfactuals as the toolbox's dashboard takes them."""
        return [counterfactual(answer, self._insights) for answer in self._answers]


class Counterfactuals:
    """Counterfactual rows and what changed in them."""

    def __init__(self, answer: Answer) -> None:
        self.section = answer.section
        self._assessment = answer.assessment

    def to_dataframe(self) -> pd.DataFrame:
        """All counterfactuals, one row each."""
        return self._assessment.artifact("counterfactuals")

    @property
    def summary_importance(self) -> dict[str, float]:
        """Share of counterfactuals in which a feature changed."""
        if "importance" not in self.section.tables:
            return {}
        table = self.section.table("importance").to_dict()
        return dict(zip(table["feature"], table["changed_all"], strict=True))

    def __repr__(self) -> str:
        return repr(self.section)


class CausalManager(Manager):
    """What acting on a column would change."""

    analysis = "causal"
    _name = "causal"
    _listed = "causal_effects"

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
        asked = {
            "treatment_features": list(treatment_features),
            "heterogeneity_features": None if heterogeneity_features is None else list(heterogeneity_features),
            "nuisance_model": nuisance_model,
            "heterogeneity_model": heterogeneity_model,
            "alpha": alpha,
            "upper_bound_on_cat_expansion": upper_bound_on_cat_expansion,
            "treatment_cost": treatment_cost,
            "min_tree_leaf_samples": min_tree_leaf_samples,
            "max_tree_depth": max_tree_depth,
            "skip_cat_limit_checks": skip_cat_limit_checks,
            "n_jobs": n_jobs,
            "categories": categories,
            "verbose": verbose,
            "random_state": random_state,
            "categorical_features": list(self._insights.categorical_features),
        }
        self._add(
            asked,
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
        return [CausalEffects(answer.section) for answer in self._answers]

    def get_data(self) -> list[CausalData]:
        """Effects and policies as the toolbox's dashboard takes them."""
        return [causal(answer, self._insights) for answer in self._answers]


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

"""What the toolbox's `get_data` gives, with its names of classes and fields. `dataclasses.asdict` makes plain dicts of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class FeatureImportance:
    """Attributions of rows: `[row][feature]` of numbers, `[class][row][feature]` of classes; None for a row that has none."""

    scores: list[Any]
    intercept: Any = None
    featureNames: list[str] | None = None


@dataclass
class PrecomputedExplanations:
    """Attributions, and `{"scores": …, "feature_list": …}` of all rows, the largest first."""

    localFeatureImportance: FeatureImportance
    globalFeatureImportance: dict[str, list[Any]]


@dataclass
class ModelExplanationData:
    """Explanations of a model."""

    method: str
    precomputedExplanations: PrecomputedExplanations


@dataclass
class ErrorAnalysisData:
    """An error tree as nodes, and a heat map as rows of cells."""

    maxDepth: int
    numLeaves: int
    minChildSamples: int
    tree: list[dict[str, Any]]
    matrix: dict[str, Any] | None
    importances: list[float]
    metric: str
    root_stats: dict[str, Any]
    tree_features: list[str] | None = None
    matrix_features: list[str] | None = None


@dataclass
class CounterfactualData:
    """Rows with the target's prediction at their end: the tested ones, and for each of them its counterfactuals."""

    id: str
    cfs_list: list[list[list[Any]] | None]
    feature_names: list[str]
    feature_names_including_target: list[str]
    summary_importance: list[float] | None
    local_importance: list[list[float]] | None
    model_type: str
    desired_class: Any
    desired_range: list[float] | None
    test_data: list[list[list[Any]]]


@dataclass
class CausalConfig:
    """What was asked."""

    treatment_features: list[str]


@dataclass
class CausalPolicyGains:
    """What the policy is worth per row against the control, and what each treatment of everybody is worth."""

    recommended_policy_gains: float | None
    treatment_gains: dict[str, float | None]


@dataclass
class CausalPolicyTreeLeaf:
    """Rows that are treated alike."""

    n_samples: int
    treatment: str
    leaf: bool = True


@dataclass
class CausalPolicyTreeInternal:
    """A question whose yes leads to the right: `feature` `right_comparison` (`gt` or `eq`) `comparison_value`."""

    feature: str
    right_comparison: str
    comparison_value: Any
    left: CausalPolicyTreeInternal | CausalPolicyTreeLeaf
    right: CausalPolicyTreeInternal | CausalPolicyTreeLeaf
    leaf: bool = False


@dataclass
class CausalPolicy:
    """Whom to treat."""

    treatment_feature: str
    control_treatment: str
    local_policies: list[dict[str, Any]]
    policy_gains: CausalPolicyGains
    policy_tree: CausalPolicyTreeInternal | CausalPolicyTreeLeaf | None


@dataclass
class CausalData:
    """Effects of all rows, effects of each row, and policies."""

    id: str
    version: str
    config: CausalConfig
    global_effects: list[dict[str, Any]]
    local_effects: list[list[dict[str, Any]]]
    policies: list[CausalPolicy]


@dataclass
class TabularDatasetMetadata:
    """How much there is. No part of the rows is held back."""

    num_rows: int
    is_large_data_scenario: bool = False
    use_entire_test_data: bool = False
    feature_ranges: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Dataset:
    """The rows with their predictions; classes are places in `class_names`."""

    task_type: str
    target_column: str
    feature_names: list[str]
    features: list[list[Any]]
    categorical_features: list[str]
    class_names: list[str] | None
    true_y: list[Any]
    predicted_y: list[Any] | None
    probability_y: list[list[float]] | None
    feature_metadata: dict[str, Any] | None
    tabular_dataset_metadata: TabularDatasetMetadata
    is_large_data_scenario: bool = False
    use_entire_test_data: bool = False


@dataclass
class RAIInsightsData:
    """Everything of an `RAIInsights`."""

    dataset: Dataset
    modelExplanationData: list[ModelExplanationData]
    errorAnalysisData: list[ErrorAnalysisData]
    causalAnalysisData: list[CausalData]
    counterfactualData: list[CounterfactualData]

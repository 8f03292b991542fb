"""The metrics of groups: from counts where they are recognised, by calls otherwise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .. import _equipoise
from .._errors import EquipoiseError
from ._base import positive_of
from ._fast import Plan, plan_of
from ._features import Feature, label_codes


@dataclass
class Metric:
    """A function with its arguments by row."""

    name: str
    function: Callable[..., Any]
    parameters: dict[str, NDArray[Any]] = field(default_factory=dict)


@dataclass
class Computed:
    """The values of all metrics. By group they are a frame; overall they are a series, or a frame by level of control features."""

    overall: Any
    by_group: pd.DataFrame
    control: list[str]

    def extreme(self, which: str, errors: str) -> Any:
        """The least or the largest over groups."""
        frame = self._scalars(errors)
        if not self.control:
            return frame.agg(which, axis=0)
        return frame.groupby(level=self.control).agg(which)

    def difference(self, method: str, errors: str) -> Any:
        """The largest distance of a group to the least one, or to all rows."""
        base = self.extreme("min", errors) if method == "between_groups" else self.overall
        distance = (self._scalars("coerce") - base).abs()
        found = distance.groupby(level=self.control).max() if self.control else distance.max()
        return found.astype("float64")

    def ratio(self, method: str, errors: str) -> Any:
        """The smallest ratio of two groups, or of a group and all rows."""
        if method == "between_groups":
            return (self.extreme("min", errors) / self.extreme("max", errors)).astype("float64")
        frame = self._scalars("coerce").astype("float64")
        if not self.control:
            return _turned(frame / self.overall).min()
        levels = [frame.index.get_level_values(name) for name in self.control]
        keys = levels[0] if len(levels) == 1 else pd.MultiIndex.from_arrays(levels)
        base = self.overall.reindex(keys)
        base.index = frame.index
        return _turned(frame / base).groupby(level=self.control).min()

    def _scalars(self, errors: str) -> pd.DataFrame:
        frame = self.by_group
        if all(dtype.kind != "O" for dtype in frame.dtypes):
            return frame
        is_scalar = frame.map(np.isscalar)
        if errors == "raise" and not is_scalar.all(axis=None):
            raise EquipoiseError(
                "a metric has no single number as its value, so that groups cannot be compared by it",
                "spec",
                "leave it out of `metrics`, or pass `errors='coerce'`",
            )
        return frame.where(is_scalar, np.nan).infer_objects()


def _turned(ratios: pd.DataFrame) -> pd.DataFrame:
    return ratios.where(~(ratios > 1), 1 / ratios)


class Job:
    """Metrics, rows and groups, ready to be computed, also on resampled rows."""

    def __init__(
        self,
        metrics: list[Metric],
        truth: NDArray[Any],
        predicted: NDArray[Any],
        control: list[Feature],
        sensitive: list[Feature],
        undefined_is_nan: bool,
    ) -> None:
        self.metrics = metrics
        self.truth, self.predicted = truth, predicted
        self.control, self.sensitive = control, sensitive
        self.n_strata = int(np.prod([len(f.levels) for f in control], dtype=np.int64))
        self.n_within = int(np.prod([len(f.levels) for f in sensitive], dtype=np.int64))
        self.group = _joined([*control, *sensitive], len(truth))
        self._labels: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[Any]] | None = None
        plans = [plan_of(m.function) for m in metrics]
        self.plans = [p if p is not None and self._applies(p, m) else None for p, m in zip(plans, metrics, strict=True)]
        if undefined_is_nan:
            self.plans = [None if p is None else Plan(p.kind, p.formula, p.pos_label, np.nan) for p in self.plans]

    def _applies(self, plan: Plan, metric: Metric) -> bool:
        """Whether a recognised metric can be had from counts of these rows."""
        if self.truth.ndim != 1 or self.predicted.ndim != 1 or len(self.truth) == 0:
            return False
        if set(metric.parameters) - {"sample_weight"} or (plan.kind == "rows" and metric.parameters):
            return False
        weight = metric.parameters.get("sample_weight")
        if weight is not None and (
            weight.ndim != 1 or len(weight) != len(self.truth) or weight.dtype.kind not in "biuf"
        ):
            return False
        if plan.kind == "rows":
            return True
        if plan.kind == "numbers":
            return self.truth.dtype.kind in "biuf" and self.predicted.dtype.kind in "biuf"
        labels = self.labels()
        if labels is None:
            return False
        if plan.kind == "decision":
            try:
                positive_of(labels[2], plan.pos_label)
            except EquipoiseError:
                return False
            # One class alone may be the negative one.
            return plan.pos_label is None or len(labels[2]) == 2 or plan.pos_label in labels[2].tolist()
        return len(labels[2]) <= 64

    def labels(self) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[Any]] | None:
        """Truth and prediction as codes of the same labels."""
        if self._labels is None:
            found = label_codes(self.truth, self.predicted)
            if found is None:
                return None
            (truth, predicted), labels = found
            self._labels = (truth, predicted, labels)
        return self._labels

    def computed(self) -> Computed:
        """The metrics of the rows as they are."""
        return self._assembled(self._of_groups(), None)

    def resampled(self, seeds: list[int]) -> list[Computed]:
        """The metrics of bootstrap samples of the rows."""
        is_counts = all(p is not None and p.kind != "numbers" for p in self.plans)
        if is_counts and not any(m.parameters for m in self.metrics):
            return self._resampled_counts(seeds)
        n = len(self.truth)
        # The rows that fairlearn draws with these seeds, so that the intervals are its own.
        return [self._picked(np.random.RandomState(s).choice(n, size=n)) for s in seeds]

    def _picked(self, rows: NDArray[np.int64]) -> Computed:
        metrics = [Metric(m.name, m.function, {k: v[rows] for k, v in m.parameters.items()}) for m in self.metrics]

        def pick(feature: Feature) -> Feature:
            return Feature(feature.name, feature.codes[rows], feature.levels)

        job = Job(
            metrics,
            self.truth[rows],
            self.predicted[rows],
            [pick(f) for f in self.control],
            [pick(f) for f in self.sensitive],
            False,
        )
        job.plans = [p and q for p, q in zip(self.plans, job.plans, strict=True)]
        return job.computed()

    def _resampled_counts(self, seeds: list[int]) -> list[Computed]:
        counts = self._counts(None)
        flat = counts.reshape(-1)
        n = int(flat.sum())

        def sample(seed: int) -> Computed:
            drawn = np.random.default_rng(seed).multinomial(n, flat / n).astype(np.float64).reshape(counts.shape)

            def of(metric: Metric, plan: Plan) -> tuple[Any, Any]:
                return self._from_counts(plan, drawn)

            return self._assembled(of, drawn.sum((-1, -2)))

        return [sample(seed) for seed in seeds]

    def _counts(self, weight: NDArray[Any] | None) -> NDArray[np.float64]:
        """Confusion counts, shape `(n_strata, n_within, k, k)`."""
        n_groups = self.n_strata * self.n_within
        labels = self.labels()
        if labels is None:
            zeros = np.zeros(len(self.group), dtype=np.int32)
            truth, predicted, k = zeros, zeros, 1
        else:
            truth, predicted, k = labels[0], labels[1], len(labels[2])
        weights = None if weight is None else np.ascontiguousarray(weight, dtype=np.float64)
        found = _equipoise.confusions(self.group, truth, predicted, n_groups, k, weights)
        return found.reshape(self.n_strata, self.n_within, k, k)

    def _sums(self, weight: NDArray[Any] | None) -> NDArray[np.float64]:
        """Sums of numbers, shape `(n_strata, n_within, 8)`."""
        found = _equipoise.moments(
            self.group,
            _doubles(self.truth),
            _doubles(self.predicted),
            self.n_strata * self.n_within,
            None if weight is None else _doubles(weight),
        )
        return found[:-1].reshape(self.n_strata, self.n_within, 8)

    def _of_groups(self) -> Callable[[Metric, Plan], tuple[Any, Any]]:
        """Values of recognised metrics by group and overall; each set of weights is counted once."""
        cache: dict[tuple[str, int], NDArray[np.float64]] = {}

        def of(metric: Metric, plan: Plan) -> tuple[Any, Any]:
            weight = metric.parameters.get("sample_weight")
            kind = "sums" if plan.kind == "numbers" else "counts"
            key = (kind, 0 if weight is None else id(weight))
            if key not in cache:
                cache[key] = self._sums(weight) if kind == "sums" else self._counts(weight)
            return self._from_counts(plan, cache[key])

        return of

    def _from_counts(self, plan: Plan, counts: NDArray[np.float64]) -> tuple[Any, Any]:
        """Values by group, shape `(n_strata, n_within)`, and overall, shape `(n_strata,)`."""
        pair = (counts, counts.sum(1))
        if plan.kind == "rows":
            return pair[0].sum((-1, -2)).astype(np.int64), pair[1].sum((-1, -2)).astype(np.int64)
        if plan.kind in ("labels", "numbers"):
            return plan.formula(pair[0], plan.nothing), plan.formula(pair[1], plan.nothing)
        labels = self._labels[2].tolist() if self._labels else []
        positive = 1 if plan.pos_label is None else plan.pos_label
        place = labels.index(positive) if positive in labels else -1
        if plan.kind == "decision" and place < 0:
            # Nobody is positive: a class without rows is added for it.
            pair = (_with_one_more(pair[0]), _with_one_more(pair[1]))
            place = len(labels)
        return plan.formula(pair[0], place, plan.nothing), plan.formula(pair[1], place, plan.nothing)

    def _assembled(self, of: Callable[[Metric, Plan], tuple[Any, Any]], rows: NDArray[Any] | None) -> Computed:
        """All metrics as frames."""
        if rows is None:
            rows = np.bincount(self.group, minlength=self.n_strata * self.n_within).reshape(
                self.n_strata, self.n_within
            )
        slices: _Slices | None = None
        by_group: dict[str, Any] = {}
        overall: dict[str, Any] = {}
        for metric, plan in zip(self.metrics, self.plans, strict=True):
            if plan is not None:
                values, whole = of(metric, plan)
            else:
                slices = slices or _Slices(self, rows)
                values, whole = slices.called(metric)
            by_group[metric.name], overall[metric.name] = values, whole
        return Computed(self._overall(overall, rows), self._by_group(by_group, rows), [f.name for f in self.control])

    def _by_group(self, values: dict[str, Any], rows: NDArray[Any]) -> pd.DataFrame:
        features = [*self.control, *self.sensitive]
        index = _index(features)
        frame = pd.DataFrame({name: np.asarray(v).reshape(-1) for name, v in values.items()}, index=index)
        is_empty = rows.reshape(-1) == 0
        if len(features) == 1:
            frame = frame[~is_empty]
        elif is_empty.any():
            frame = frame.astype({c: "float64" for c in frame if frame[c].dtype.kind in "iu"})
            frame.loc[is_empty] = np.nan
        return _one_type(frame)

    def _overall(self, values: dict[str, Any], rows: NDArray[Any]) -> Any:
        if not self.control:
            series = pd.Series({name: np.asarray(v).reshape(-1)[0] for name, v in values.items()})
            return series
        frame = pd.DataFrame(
            {name: np.asarray(v).reshape(-1) for name, v in values.items()}, index=_index(self.control)
        )
        is_empty = rows.sum(1) == 0
        if len(self.control) == 1:
            return _one_type(frame[~is_empty])
        if is_empty.any():
            frame = frame.astype({c: "float64" for c in frame if frame[c].dtype.kind in "iu"})
            frame.loc[is_empty] = np.nan
        return _one_type(frame)


def _with_one_more(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.pad(counts, [(0, 0)] * (counts.ndim - 2) + [(0, 1), (0, 1)])


class _Slices:
    """The rows of each group, for functions that must be called."""

    def __init__(self, job: Job, rows: NDArray[Any]) -> None:
        self.job = job
        self.order = np.argsort(job.group, kind="stable")
        self.ends = np.cumsum(rows.reshape(-1)).astype(np.int64)
        self.starts = self.ends - rows.reshape(-1).astype(np.int64)
        # A group's rows keep their order, and the array of all rows is cut instead of copied for each.
        self.truth, self.predicted = job.truth[self.order], job.predicted[self.order]

    def called(self, metric: Metric) -> tuple[Any, Any]:
        n_strata, n_within = self.job.n_strata, self.job.n_within
        sorted_parameters = {k: v[self.order] for k, v in metric.parameters.items()}
        values = np.empty(n_strata * n_within, dtype=object)
        for g, (start, end) in enumerate(zip(self.starts, self.ends, strict=True)):
            values[g] = np.nan
            if end > start:
                parameters = {k: v[start:end] for k, v in sorted_parameters.items()}
                values[g] = metric.function(self.truth[start:end], self.predicted[start:end], **parameters)
        whole = np.empty(n_strata, dtype=object)
        for s in range(n_strata):
            whole[s] = np.nan
            if n_strata == 1:
                whole[s] = metric.function(self.job.truth, self.job.predicted, **metric.parameters)
                continue
            part = np.sort(self.order[self.starts[s * n_within] : self.ends[(s + 1) * n_within - 1]])
            if len(part):
                parameters = {k: v[part] for k, v in metric.parameters.items()}
                whole[s] = metric.function(self.job.truth[part], self.job.predicted[part], **parameters)
        return _typed(values), _typed(whole)


def _typed(values: NDArray[Any]) -> NDArray[Any]:
    """Objects as numbers where all of them are."""
    if all(isinstance(v, int | np.integer) and not isinstance(v, bool) for v in values):
        return values.astype(np.int64)
    if all(isinstance(v, int | float | np.number | np.bool_) for v in values):
        return values.astype(np.float64)
    return values


def _doubles(values: NDArray[Any]) -> NDArray[np.float64]:
    return np.ascontiguousarray(values, dtype=np.float64)


def _joined(features: list[Feature], n_rows: int) -> NDArray[np.int32]:
    group = np.zeros(n_rows, dtype=np.int32)
    for feature in features:
        group = group * np.int32(len(feature.levels)) + feature.codes
    return np.ascontiguousarray(group, dtype=np.int32)


def _index(features: list[Feature]) -> Any:
    if len(features) == 1:
        return pd.Index(features[0].levels, name=features[0].name)
    return pd.MultiIndex.from_product([f.levels for f in features], names=[f.name for f in features])


def _one_type(frame: pd.DataFrame) -> pd.DataFrame:
    """Whole numbers beside others become doubles, as rows of a frame of metrics are."""
    kinds = {dtype.kind for dtype in frame.dtypes}
    if len(kinds) > 1 and "O" not in kinds:
        return frame.astype("float64")
    return frame

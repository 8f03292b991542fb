"""`MetricFrame`: any metrics, by group, with their gaps and intervals."""

from __future__ import annotations

import functools
import numbers
from collections.abc import Callable, Mapping
from typing import Any, Literal

import numpy as np
import pandas as pd

from .._errors import EquipoiseError
from ._base import check_lengths
from ._bootstrap import seeds_of
from ._compute import Computed, Job, Metric
from ._features import Feature, column_values, features_of

Method = Literal["between_groups", "to_overall"]
Errors = Literal["raise", "coerce"]


class MetricFrame:
    """Metrics for each group, with fairlearn's arguments and attributes.

    Args:
        metrics: A function of truth and prediction, or a dict of a name to one.
        y_true: The truth.
        y_pred: The predictions.
        sensitive_features: What to group by: a series, a frame, a list, a dict of columns, an array.
        control_features: Within whose values groups are compared, in the same forms.
        sample_params: Arguments by row, such as `sample_weight`: for one metric a dict of a name to values, for several a dict
            of such dicts by metric.
        n_boot: Number of bootstrap samples.
        ci_quantiles: Which quantiles of the bootstrap samples to give.
        random_state: Seed of the bootstrap.
        undefined: `as_fairlearn` shows a rate over nothing as 0, `nan` as missing. It is about recognised metrics alone.

    Where every metric is a function of counts and rows have no weights, a bootstrap sample is a draw of the counts, which has
    the same distribution as a draw of the rows.
    """

    def __init__(
        self,
        *,
        metrics: Callable[..., Any] | Mapping[str, Callable[..., Any]],
        y_true: Any,
        y_pred: Any,
        sensitive_features: Any,
        control_features: Any = None,
        sample_params: Mapping[str, Any] | None = None,
        n_boot: int | None = None,
        ci_quantiles: list[float] | None = None,
        random_state: int | np.random.RandomState | None = None,
        undefined: Literal["as_fairlearn", "nan"] = "as_fairlearn",
    ) -> None:
        check_lengths(y_true, y_pred)
        truth, predicted = column_values(y_true), column_values(y_pred)
        self._is_one = not isinstance(metrics, Mapping)
        functions = _metrics_of(metrics, sample_params)
        sensitive = features_of(sensitive_features, "sensitive_feature_", len(truth))
        control = [] if control_features is None else features_of(control_features, "control_feature_", len(truth))
        _check_names([*sensitive, *control])
        self._sensitive = [f.name for f in sensitive]
        self._control = None if control_features is None else [f.name for f in control]
        self._ci_quantiles, self._n_boot = ci_quantiles, n_boot
        if undefined not in ("as_fairlearn", "nan"):
            raise EquipoiseError(f"`undefined` cannot be {undefined!r}", "spec", "it is `as_fairlearn` or `nan`")
        self._job = Job(functions, truth, predicted, control, sensitive, undefined == "nan")
        self._computed = self._job.computed()
        self._random_state = random_state
        _check_bootstrap(n_boot, ci_quantiles)
        if n_boot is not None:
            # An unknown seed is told at once, not when an interval is first looked at.
            self._seeds = seeds_of(random_state, n_boot)

    @property
    def overall(self) -> Any:
        """The metrics of all rows: a value for one function, a series for several, by level of control features if there are any."""
        return self._shown(self._computed.overall, by_level=False)

    @property
    def by_group(self) -> Any:
        """The metrics of each group."""
        return self._shown(self._computed.by_group, by_level=True)

    @property
    def sensitive_levels(self) -> list[str]:
        """Names of the sensitive features."""
        return self._sensitive

    @property
    def control_levels(self) -> list[str] | None:
        """Names of the control features."""
        return self._control

    @property
    def ci_quantiles(self) -> list[float] | None:
        """The quantiles that were asked for."""
        return self._ci_quantiles

    @property
    def n_boot(self) -> int | None:
        """Number of bootstrap samples."""
        return self._n_boot

    def group_min(self, errors: Errors = "raise") -> Any:
        """The smallest value of any group."""
        return self._shown(self._computed.extreme("min", _errors(errors)), by_level=False)

    def group_max(self, errors: Errors = "raise") -> Any:
        """The largest value of any group."""
        return self._shown(self._computed.extreme("max", _errors(errors)), by_level=False)

    def difference(self, method: Method = "between_groups", errors: Errors = "coerce") -> Any:
        """The largest difference between groups, or of a group to all rows."""
        return self._shown(self._computed.difference(_method(method), _errors(errors)), by_level=False)

    def ratio(self, method: Method = "between_groups", errors: Errors = "coerce") -> Any:
        """The smallest ratio between groups, or of a group to all rows; one above 1 is turned over."""
        return self._shown(self._computed.ratio(_method(method), _errors(errors)), by_level=False)

    @property
    def overall_ci(self) -> list[Any]:
        """The asked quantiles of `overall` over bootstrap samples."""
        return self._interval(lambda c: c.overall, by_level=False)

    @property
    def by_group_ci(self) -> list[Any]:
        """The asked quantiles of `by_group` over bootstrap samples."""
        return self._interval(lambda c: c.by_group, by_level=True)

    def group_min_ci(self) -> list[Any]:
        """The asked quantiles of `group_min`."""
        return self._interval(lambda c: c.extreme("min", "raise"), by_level=False)

    def group_max_ci(self) -> list[Any]:
        """The asked quantiles of `group_max`."""
        return self._interval(lambda c: c.extreme("max", "raise"), by_level=False)

    def difference_ci(self, method: Method = "between_groups") -> list[Any]:
        """The asked quantiles of `difference`."""
        known = _method(method)
        return self._interval(lambda c: c.difference(known, "raise"), by_level=False)

    def ratio_ci(self, method: Method = "between_groups") -> list[Any]:
        """The asked quantiles of `ratio`."""
        known = _method(method)
        return self._interval(lambda c: c.ratio(known, "raise"), by_level=False)

    @functools.cached_property
    def _samples(self) -> list[Computed]:
        return self._job.resampled(self._seeds)

    def _interval(self, of: Callable[[Computed], Any], by_level: bool) -> list[Any]:
        if self._n_boot is None or not self._ci_quantiles:
            raise EquipoiseError(
                "there are no bootstrap samples",
                "spec",
                "give `n_boot` and `ci_quantiles` when the MetricFrame is made",
            )
        found = [of(c) for c in self._samples]
        first = found[0]
        if isinstance(first, pd.DataFrame):
            index = functools.reduce(lambda a, b: a.union(b), [f.index for f in found])
            found = [f.reindex(index) for f in found]
        try:
            stacked = np.stack([f.to_numpy(dtype=np.float64) for f in found])
        except (TypeError, ValueError) as error:
            raise EquipoiseError(
                "a metric has no single number as its value, so it has no quantiles",
                "spec",
                "leave it out of `metrics`",
            ) from error
        take = np.nanquantile if isinstance(first, pd.DataFrame) else np.quantile
        quantiles = take(stacked, self._ci_quantiles, axis=0)
        if isinstance(first, pd.DataFrame):
            made: list[Any] = [pd.DataFrame(q, index=found[0].index, columns=first.columns) for q in quantiles]
        else:
            made = [pd.Series(q, index=first.index, name=first.name) for q in quantiles]
        return [self._shown(m, by_level) for m in made]

    def _shown(self, result: Any, by_level: bool) -> Any:
        """One function gives a value or a series instead of a series or a frame."""
        if not self._is_one:
            return result
        return result.iloc[:, 0] if by_level or self._control else result.iloc[0]


def _metrics_of(metrics: Any, sample_params: Mapping[str, Any] | None) -> list[Metric]:
    if sample_params is not None and not isinstance(sample_params, Mapping):
        raise EquipoiseError("`sample_params` is no dict", "spec", "for example `{'sample_weight': weights}`")
    given = dict(sample_params or {})
    if not isinstance(metrics, Mapping):
        name = getattr(metrics, "__name__", "metric")
        return [_metric(name, metrics, given)]
    extra = set(given) - set(metrics)
    if extra:
        raise EquipoiseError(
            f"`sample_params` names {', '.join(f'`{e}`' for e in sorted(map(str, extra)))}, which is no metric",
            "spec",
            "with several metrics it holds a dict for each, by the metric's name",
        )
    return [_metric(name, function, given.get(name, {})) for name, function in metrics.items()]


def _metric(name: str, function: Any, parameters: Any) -> Metric:
    if not callable(function):
        raise EquipoiseError(
            f"the metric `{name}` is not a function: {function!r}", "spec", "give a function of truth and prediction"
        )
    if not isinstance(parameters, Mapping):
        raise EquipoiseError(
            f"the sample parameters of `{name}` are no dict", "spec", "for example `{'sample_weight': weights}`"
        )
    return Metric(name, function, {k: np.asarray(v) for k, v in parameters.items() if v is not None})


def _check_names(features: list[Feature]) -> None:
    seen: set[str] = set()
    for feature in features:
        if feature.name in seen:
            raise EquipoiseError(
                f"two columns to group by have the name `{feature.name}`", "data", "rename one of them"
            )
        seen.add(feature.name)


def _check_bootstrap(n_boot: int | None, quantiles: list[float] | None) -> None:
    if (n_boot is None) != (not quantiles):
        raise EquipoiseError("`n_boot` and `ci_quantiles` belong together", "spec", "give both, or neither")
    if n_boot is None or quantiles is None:
        return
    if not isinstance(n_boot, numbers.Integral) or n_boot < 1:
        raise EquipoiseError(f"`n_boot` cannot be {n_boot!r}", "spec", "it is a whole number above 0")
    if not all(isinstance(q, float) and 0 < q < 1 for q in quantiles):
        raise EquipoiseError("`ci_quantiles` must lie between 0 and 1", "spec", "for example `[0.025, 0.975]`")


def _method(method: str) -> str:
    if method not in ("between_groups", "to_overall"):
        raise EquipoiseError(f"there is no comparison `{method}`", "spec", "it is `between_groups` or `to_overall`")
    return method


def _errors(errors: str) -> str:
    if errors not in ("raise", "coerce"):
        raise EquipoiseError(f"`errors` cannot be {errors!r}", "spec", "it is `raise` or `coerce`")
    return errors

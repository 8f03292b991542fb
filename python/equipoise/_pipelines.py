"""Tree ensembles behind encoders, imputers and scalers, read as trees over the caller's own columns.

A tree asks `encoded value <= threshold`. Where each encoded value is a function of one column, so is the answer:

- a number that was filled in and scaled keeps its order, so the answer is `x <= t'` with `t'` the largest double that is
  answered yes, which is found by bisection of the doubles with the transformers' own arithmetic;
- a name that was encoded takes one of a few values, so the answer is the set of names that are answered yes.

Predictions, exact attributions and exact counterfactuals of a pipeline are then those of any other ensemble of trees, on the
columns that the caller knows, and no row passes through Python.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ._additive import steps_of
from ._columns import is_missing, label
from ._frames import library_of

if TYPE_CHECKING:
    from ._frames import Rows

Floats = NDArray[np.float64]
Map = Callable[[Floats], Floats]
"""An increasing function of numbers, missing ones among them."""


@dataclass(frozen=True)
class Raw:
    """A column as it comes, apart from what missing values are filled with."""

    name: str
    fill: Any = None


@dataclass(frozen=True)
class Number:
    """An increasing function of a column of numbers."""

    name: str
    maps: tuple[Map, ...]

    def of(self, values: Floats) -> Floats:
        for each in self.maps:
            values = each(values)
        return values


@dataclass(frozen=True)
class Names:
    """A number for each name of a column, for any other name, and for a missing one."""

    name: str
    levels: tuple[str, ...]
    values: Floats
    other: float
    missing: float


Part = Raw | Number | Names


class NotRead(Exception):
    """A part of the pipeline that trees over the caller's columns do not hold."""


def forest_of_pipeline(model: Any, classes: list[str], rows: Rows | None) -> dict[str, Any] | None:
    """The ensemble at the end of a pipeline as arrays over the columns that enter it; none where it cannot be read so."""
    *before, last = steps_of(model)
    before = [step for step in before if step is not None and step != "passthrough"]
    # The arithmetic of scalers hangs on the caller's column types, which pandas tells.
    if not before or rows is None or library_of(rows.original) != "pandas":
        return None
    trees = _trees_of(last, classes)
    names = getattr(model, "feature_names_in_", None)
    if trees is None or names is None or any(name not in rows.columns for name in names):
        return None
    frame = rows.original[list(names)]
    try:
        parts: list[Part] = [Raw(str(name)) for name in names]
        for step in before:
            parts = _through(step, parts, frame)
        parts = [_numeric(part, frame) if isinstance(part, Raw) else part for part in parts]
        return _rewritten(trees, parts, frame)
    except NotRead:
        return None


def _trees_of(last: Any, classes: list[str]) -> dict[str, Any] | None:
    """The ensemble over the encoded columns."""
    from ._sklearn_trees import forest_of

    module = type(last).__module__.split(".", 1)[0]
    if module == "sklearn":
        found = forest_of(last, classes, None)
        # Names among the encoded columns are not followed any further.
        return None if found is None or any(names is not None for _, names in found["features"]) else found
    if module == "lightgbm":
        from ._lightgbm_trees import forest_of as of_lightgbm

        return of_lightgbm(last, classes)
    return None


def _through(step: Any, parts: list[Part], frame: Any) -> list[Part]:
    """What a fitted transformer makes of columns."""
    if step is None or isinstance(step, str):
        if step in (None, "passthrough"):
            return parts
        if step == "drop":
            return []
        raise NotRead
    if not type(step).__module__.startswith("sklearn."):
        raise NotRead
    kind = type(step).__name__
    if kind == "Pipeline":
        for inner in steps_of(step):
            parts = _through(inner, parts, frame)
        return parts
    if kind == "ColumnTransformer":
        return _side_by_side(step, parts, frame)
    if kind == "FunctionTransformer" and step.func is None:
        return parts
    if kind == "SimpleImputer":
        return _imputed(step, parts)
    if kind == "OneHotEncoder":
        return _one_hot(step, parts, frame)
    if kind == "OrdinalEncoder":
        return _ordinal(step, parts, frame)
    return [_mapped(part, scaled, frame) for part, scaled in zip(parts, _scales(step, len(parts)), strict=True)]


def _side_by_side(step: Any, parts: list[Part], frame: Any) -> list[Part]:
    columns = [part.name for part in parts]
    if not all(isinstance(part, Raw) and part.fill is None for part in parts):
        raise NotRead
    made: dict[int, list[Part]] = {}
    for name, transformer, chosen in step.transformers_:
        place = step.output_indices_[name]
        taken = [parts[i] for i in _places(chosen, columns)]
        found = _through(transformer, taken, frame)
        if len(found) != place.stop - place.start:
            raise NotRead
        if found:
            made[place.start] = found
    return [part for start in sorted(made) for part in made[start]]


def _places(chosen: Any, columns: list[str]) -> list[int]:
    if isinstance(chosen, str):
        return _named([chosen], columns)
    if isinstance(chosen, slice):
        if isinstance(chosen.start, str) or isinstance(chosen.stop, str):
            raise NotRead
        return list(range(len(columns)))[chosen]
    array = np.asarray(chosen)
    if array.dtype == bool:
        return [int(i) for i in np.flatnonzero(array)]
    if array.dtype.kind in "iu":
        return [int(i) % len(columns) for i in np.atleast_1d(array)]
    return _named(array, columns)


def _named(names: Any, columns: list[str]) -> list[int]:
    # A transformer before this one may have given the columns other names.
    if any(str(name) not in columns for name in names):
        raise NotRead
    return [columns.index(str(name)) for name in names]


def _imputed(step: Any, parts: list[Part]) -> list[Part]:
    if getattr(step, "add_indicator", False) or not (step.missing_values is None or is_missing(step.missing_values)):
        raise NotRead
    found: list[Part] = []
    for part, fill in zip(parts, step.statistics_, strict=True):
        # A column that was empty is left out, or filled with zeros, as other settings say.
        if is_missing(fill):
            raise NotRead
        if isinstance(part, Raw):
            found.append(part if part.fill is not None else replace(part, fill=fill))
        elif isinstance(part, Number):
            found.append(replace(part, maps=(*part.maps, _filling(float(fill)))))
        else:
            fills = _filling(float(fill))
            found.append(_each(part, fills))
    return found


def _filling(fill: float) -> Map:
    return lambda values: np.where(np.isnan(values), fill, values)


def _each(part: Names, of: Map) -> Names:
    ends = of(np.array([part.other, part.missing]))
    return replace(part, values=of(part.values), other=float(ends[0]), missing=float(ends[1]))


def _scales(step: Any, n: int) -> list[Map]:
    """For each column what a scaler does, in the order in which it does it."""
    kind = type(step).__name__
    nothing = [None] * n
    if kind == "StandardScaler":
        return [
            _chain(_minus(mean), _over(scale))
            for mean, scale in zip(
                _listed(step.mean_, step.with_mean, nothing), _listed(step.scale_, True, nothing), strict=True
            )
        ]
    if kind == "RobustScaler":
        centers = _listed(step.center_, step.with_centering, nothing)
        return [
            _chain(_minus(c), _over(s))
            for c, s in zip(centers, _listed(step.scale_, step.with_scaling, nothing), strict=True)
        ]
    if kind == "MaxAbsScaler" and not getattr(step, "clip", False):
        return [_chain(_over(scale)) for scale in step.scale_]
    if kind == "MinMaxScaler" and not step.clip:
        return [_chain(_times(scale), _plus(least)) for scale, least in zip(step.scale_, step.min_, strict=True)]
    raise NotRead


def _listed(values: Any, is_on: bool, nothing: list[None]) -> Sequence[Any]:
    return nothing if values is None or not is_on else values


def _chain(*maps: Map | None) -> Map:
    known = [each for each in maps if each is not None]

    def of(values: Floats) -> Floats:
        for each in known:
            values = each(values)
        return values

    return of


def _minus(by: Any) -> Map | None:
    return None if by is None else lambda values: values - by


def _plus(by: Any) -> Map | None:
    return lambda values: values + by


def _times(by: Any) -> Map | None:
    if not by > 0:
        raise NotRead
    return lambda values: values * by


def _over(by: Any) -> Map | None:
    if by is not None and not by > 0:
        raise NotRead
    return None if by is None else lambda values: values / by


def _mapped(part: Part, of: Map, frame: Any) -> Part:
    if isinstance(part, Names):
        return _each(part, of)
    number = _numeric(part, frame) if isinstance(part, Raw) else part
    return replace(number, maps=(*number.maps, of))


def _numeric(part: Raw, frame: Any) -> Number:
    """A column of doubles or whole numbers; scikit-learn computes in the column's own type."""
    dtype = frame[part.name].dtype
    if not isinstance(dtype, np.dtype) or dtype.kind not in "iuf" or (dtype.kind == "f" and dtype.itemsize != 8):
        raise NotRead
    if part.fill is None:
        return Number(part.name, ())
    return Number(part.name, (_filling(float(part.fill)),))


def _one_hot(step: Any, parts: list[Part], frame: Any) -> list[Part]:
    if getattr(step, "_infrequent_enabled", False):
        raise NotRead
    dropped = [None] * len(parts) if step.drop_idx_ is None else list(step.drop_idx_)
    found: list[Part] = []
    for part, categories, drop in zip(parts, step.categories_, dropped, strict=True):
        raw, levels, missing = _levels(part, categories, frame, step.handle_unknown != "error")
        for i in range(len(categories)):
            if i != drop:
                indicator = np.zeros(len(categories))
                indicator[i] = 1.0
                kept = [j for j, c in enumerate(categories) if not is_missing(c)]
                at_missing = 0.0 if missing is None else float(indicator[missing])
                found.append(Names(raw.name, levels, indicator[kept], 0.0, at_missing))
    return found


def _ordinal(step: Any, parts: list[Part], frame: Any) -> list[Part]:
    if np.dtype(step.dtype) != np.float64 or getattr(step, "_infrequent_enabled", False):
        raise NotRead
    has_other = step.handle_unknown == "use_encoded_value"
    found: list[Part] = []
    for part, categories in zip(parts, step.categories_, strict=True):
        raw, levels, missing = _levels(part, categories, frame, has_other)
        kept = [j for j, c in enumerate(categories) if not is_missing(c)]
        other = float(step.unknown_value) if has_other else float("nan")
        at_missing = other
        if missing is not None:
            is_filled = not is_missing(categories[missing])
            at_missing = float(missing) if is_filled else float(step.encoded_missing_value)
        found.append(Names(raw.name, levels, np.array(kept, dtype=np.float64), other, at_missing))
    return found


def _levels(part: Part, categories: Any, frame: Any, takes_others: bool) -> tuple[Raw, tuple[str, ...], int | None]:
    """The column, its names, and the place among the categories of what a missing value counts as."""
    if not isinstance(part, Raw):
        raise NotRead
    levels = tuple(label(c) for c in categories if not is_missing(c))
    counted: int | None = None
    for i, category in enumerate(categories):
        is_it = is_missing(category) if part.fill is None else not is_missing(category) and category == part.fill
        counted = i if is_it else counted
    if len(set(levels)) < len(levels) or len(categories) - len(levels) > 1:
        raise NotRead
    if not takes_others:
        # The encoder refuses what it does not know; then the object itself must be the one to say so.
        present = frame[part.name]
        known = {label(v) for v in present.dropna().unique()} <= set(levels)
        if not known or (counted is None and present.isna().any()):
            raise NotRead
    return part, levels, counted


def _rewritten(trees: dict[str, Any], parts: list[Part], frame: Any) -> dict[str, Any]:
    """The same trees over the columns of the caller."""
    if len(parts) != len(trees["features"]):
        raise NotRead
    by_name: dict[str, tuple[str, ...] | None] = {}
    for part in parts:
        levels = part.levels if isinstance(part, Names) else None
        if by_name.setdefault(part.name, levels) != levels:
            # One column as a number and as names.
            raise NotRead
    features = [(str(name), _feature(str(name), by_name, frame)) for name in frame.columns]
    place = {name: i for i, (name, _) in enumerate(features)}
    source = np.array([place[part.name] for part in parts], dtype=np.int64)
    is_single = trees["is_single"]
    bounds = _bounds(trees["trees"], parts, is_single)
    made = [_retold(tree, parts, source, bound, is_single) for tree, bound in zip(trees["trees"], bounds, strict=True)]
    described = f"{trees['describes']}, behind what prepares its columns"
    return {
        **trees,
        "features": features,
        "trees": made,
        "is_single": False,
        "is_other_known": True,
        "describes": described,
    }


def _feature(name: str, by_name: dict[str, tuple[str, ...] | None], frame: Any) -> list[str] | None:
    if name in by_name:
        levels = by_name[name]
        return None if levels is None else list(levels)
    # What the pipeline drops is an input all the same, which no tree asks about.
    dtype = frame[name].dtype
    return None if isinstance(dtype, np.dtype) and dtype.kind in "iufM" else []


def _held(values: Floats, is_single: bool) -> Floats:
    """As the ensemble holds a value against a threshold."""
    if not is_single:
        return values
    with np.errstate(over="ignore"):
        return values.astype(np.float32).astype(np.float64)


def _encoded(part: Number, is_single: bool, values: Floats) -> Floats:
    return _held(part.of(values), is_single)


def _bounds(trees: list[dict[str, Any]], parts: list[Part], is_single: bool) -> list[Floats]:
    """For each node the largest number of its column that goes left."""
    features = [np.where(tree["left"] >= 0, tree["feature"], -1) for tree in trees]
    column = np.concatenate(features)
    threshold = np.concatenate([tree["threshold"] for tree in trees])
    found = np.zeros(len(column))
    for i, part in enumerate(parts):
        if isinstance(part, Number):
            nodes = np.flatnonzero(column == i)
            found[nodes] = _largest(partial(_encoded, part, is_single), threshold[nodes])
    return list(np.split(found, np.cumsum([len(f) for f in features])[:-1]))


def _largest(of: Map, thresholds: Floats) -> Floats:
    """The largest doubles `x` with `of(x) <= threshold`, for an increasing `of`.

    Doubles that are not NaN are numbered in their order: the bisection ends at neighbours after 64 steps, whatever their size.
    """
    low = np.full(len(thresholds), _place(np.array([-np.inf]))[0])
    high = np.full(len(thresholds), _place(np.array([np.inf]))[0])
    with np.errstate(over="ignore", invalid="ignore"):
        all_left = of(np.full(len(thresholds), np.inf)) <= thresholds
        while (low + 1 < high).any():
            middle = (low >> 1) + (high >> 1) + (low & high & 1)
            is_left = of(_double(middle)) <= thresholds
            low, high = np.where(is_left, middle, low), np.where(is_left, high, middle)
    return np.where(all_left, np.inf, _double(low))


def _place(values: Floats) -> NDArray[np.int64]:
    # The bits of a double count its size up from zero; those of a negative one count down.
    bits = values.view(np.int64)
    return np.where(bits >= 0, bits, np.int64(np.iinfo(np.int64).min) - bits)


def _double(places: NDArray[np.int64]) -> Floats:
    return np.where(places >= 0, places, np.int64(np.iinfo(np.int64).min) - places).view(np.float64)


def _goes_left(values: Floats, threshold: float, is_missing_left: bool, is_single: bool) -> NDArray[np.bool_]:
    held = _held(values, is_single)
    return np.where(np.isnan(held), is_missing_left, held <= threshold)


def _retold(
    tree: dict[str, Any], parts: list[Part], source: NDArray[np.int64], bound: Floats, is_single: bool
) -> dict[str, Any]:
    left, right = tree["left"].copy(), tree["right"].copy()
    feature, missing_left = tree["feature"].copy(), tree["missing_left"].copy()
    threshold, bitset = tree["threshold"].copy(), np.full(len(left), -1, dtype=np.int64)
    bitsets: list[NDArray[np.uint32]] = []
    n_words = max([1, *((len(part.levels) + 31) // 32 for part in parts if isinstance(part, Names))])
    nan = np.array([np.nan])
    for node in np.flatnonzero(left >= 0):
        part, at = parts[feature[node]], tree["threshold"][node]
        feature[node] = source[feature[node]]
        is_missing_left = bool(tree["missing_left"][node] == 1)
        if isinstance(part, Number):
            threshold[node] = bound[node]
            missing_left[node] = _goes_left(part.of(nan), at, is_missing_left, is_single)[0]
            continue
        assert isinstance(part, Names)
        ends = np.array([part.other, part.missing])
        listed = _goes_left(part.values, at, is_missing_left, is_single)
        other, missing = _goes_left(ends, at, is_missing_left, is_single)
        if other:
            # Names that are not listed go right: the two sides change places.
            listed, missing = ~listed, not missing
            left[node], right[node] = right[node], left[node]
        missing_left[node] = missing
        bitset[node] = len(bitsets)
        words = np.zeros(n_words, dtype=np.uint32)
        for code in np.flatnonzero(listed):
            words[code // 32] |= np.uint32(1 << (code % 32))
        bitsets.append(words)
    table = np.stack(bitsets) if bitsets else np.zeros((0, n_words), dtype=np.uint32)
    return {
        **tree,
        "left": left,
        "right": right,
        "feature": feature,
        "threshold": threshold,
        "missing_left": missing_left,
        "bitset": bitset,
        "bitsets": table,
    }

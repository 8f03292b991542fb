"""The result of a run: numbers worked out by hand, the command's own numbers, what is kept and what is raised."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import traceback
import urllib.request
from collections.abc import Iterator

import equipoise as eq
import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from sklearn.ensemble import HistGradientBoostingClassifier

# Ten loans of two groups. `a`: 3 of 5 approved, 2 of 3 who repay; `b`: 1 of 5 approved, 1 of 2 who repay.
LOANS = pd.DataFrame(
    {
        "group": list("aaaaabbbbb"),
        "repaid": [1, 1, 1, 0, 0, 1, 1, 0, 0, 0],
        "approved": [1, 1, 0, 1, 0, 1, 0, 0, 0, 0],
    }
)


def test_ten_loans_by_hand() -> None:
    a = eq.assess(LOANS, target="repaid", prediction="approved", sensitive="group", only=["performance", "fairness"])
    # Right: rows 1, 2, 5 of a; 1, 3, 4, 5 of b.
    assert a["performance.accuracy"].value == pytest.approx(7 / 10)
    assert float(a["fairness.selection_rate.difference[group]"]) == pytest.approx(3 / 5 - 1 / 5)
    assert a.fairness["true_positive_rate.difference[group]"].value == pytest.approx(2 / 3 - 1 / 2)
    by_group = a.fairness.by_group
    assert by_group["selection_rate"][0].value == pytest.approx(3 / 5)
    frame = by_group.to_pandas()
    assert frame["selection_rate"].tolist() == pytest.approx([3 / 5, 1 / 5])
    assert (frame["selection_rate_low"] < frame["selection_rate"]).all()
    assert by_group.to_polars()["selection_rate"].to_list() == pytest.approx([3 / 5, 1 / 5])


def test_an_undefined_rate_is_missing_and_says_why() -> None:
    # Nobody of group b repays.
    loans = LOANS.assign(repaid=[1, 1, 1, 0, 0, 0, 0, 0, 0, 0])
    a = eq.assess(loans, target="repaid", prediction="approved", sensitive="group", only="fairness")
    missing = [e for e in a.fairness.table("by_group")["true_positive_rate"] if e.value is None]
    assert [e.missing for e in missing] == ["no_positives"]
    with pytest.raises(eq.EquipoiseError) as raised:
        float(missing[0])
    assert raised.value.code == "missing"


def test_the_command_gives_the_same_document(nhefs: dict[str, pd.DataFrame], tmp_path: object) -> None:
    place = os.path.join(str(tmp_path), "cli")
    only = "performance,fairness,explain"
    flags = ["--target", "death", "--sensitive", "sex,race", "--only", only, "--seed", "3", "-o", place, "-q"]
    files = [
        "--data",
        "sample/nhefs/test.csv",
        "--train",
        "sample/nhefs/train.csv",
        "--model",
        "sample/nhefs/model.txt",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "equipoise", "assess", *files, *flags],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    by_command = eq.load(place)
    a = eq.assess(
        nhefs["test"],
        train=nhefs["train"],
        model=ROOT / "sample" / "nhefs" / "model.txt",
        target="death",
        sensitive=["sex", "race"],
        only=only.split(","),
        seed=3,
    )
    assert a.document["sections"] == by_command.document["sections"]
    assert [x["sha256"] for x in a.document["artifacts"]] == [x["sha256"] for x in by_command.document["artifacts"]]


def test_what_is_saved_is_what_is_loaded(tmp_path: object) -> None:
    place, again = (os.path.join(str(tmp_path), name) for name in ("one", "two"))
    a = eq.assess(LOANS, target="repaid", prediction="approved", sensitive="group", only=["performance", "fairness"])
    a.save(place)
    b = eq.load(place)
    assert b.document == a.document
    assert b.artifact("predictions").equals(a.artifact("predictions"))
    assert a.artifact("predictions")["_true"].astype(int).tolist() == LOANS["repaid"].tolist()
    b.save(again)
    assert sorted(os.listdir(again)) == sorted(os.listdir(place))
    with pytest.raises(eq.EquipoiseError) as raised:
        a.save(place)
    assert raised.value.code == "output"
    a.save(place, force=True)
    assert eq.compare(a, place).to_pandas()["difference"].fillna(0).eq(0).all()
    is_met, verdicts = eq.check(a, ROOT / "sample" / "nhefs" / "policy.toml")
    assert not is_met
    assert len(verdicts) > 0


def test_values_may_stand_beside_the_data() -> None:
    loans = LOANS.assign(income=range(10))
    named = eq.assess(
        loans, target="repaid", prediction="approved", sensitive="group", features=["income"], only="fairness"
    )
    given = eq.assess(
        loans[["income"]],
        target=loans["repaid"],
        prediction=loans["approved"].to_numpy(),
        sensitive=loans[["group"]],
        only="fairness",
    )
    assert {k: v.value for k, v in given.estimates.items()} == {k: v.value for k, v in named.estimates.items()}


def test_numbers_are_cut_as_asked() -> None:
    loans = LOANS.assign(age=[20, 30, 40, 50, 60, 20, 30, 40, 50, 60])
    a = eq.assess(loans, target="repaid", prediction="approved", sensitive={"age": [45]}, only="fairness")
    assert len(a.fairness.by_group) == 2


def test_cohorts_and_parameters() -> None:
    a = eq.assess(
        LOANS,
        target="repaid",
        prediction="approved",
        sensitive="group",
        cohorts={"a": "\"group\" = 'a'"},
        complements=True,
        only="performance",
    )
    assert a["performance.accuracy{a}"].value == pytest.approx(3 / 5)
    assert a["performance.accuracy{not a}"].value == pytest.approx(4 / 5)


def test_views_have_something_to_show() -> None:
    a = eq.assess(LOANS, target="repaid", prediction="approved", sensitive="group", only=["performance", "fairness"])
    assert "Accuracy" in repr(a)
    assert "Fairness" in repr(a.fairness)
    assert "<iframe" in a._repr_html_()
    assert "<svg" in a.fairness._repr_html_()
    assert a.fairness.plot().startswith("<svg")
    assert "group" in repr(a.fairness.by_group)
    assert "<table" in a.fairness.by_group._repr_html_()
    assert "fairness" in dir(a)
    assert "by_group" in dir(a.fairness)
    assert len(a.to_pandas()) == len(a.estimates)


def test_a_wrong_name_is_answered_with_the_nearest() -> None:
    a = eq.assess(LOANS, target="repaid", prediction="approved", sensitive="group", only="performance")
    with pytest.raises(KeyError, match=r"performance\.accuracy"):
        a["performance.acuracy"]
    with pytest.raises(AttributeError, match="performance"):
        a.performanse  # noqa: B018
    with pytest.raises(eq.EquipoiseError, match="fairness"):
        eq.assess(LOANS, target="repaid", prediction="approved", only="fairnes")
    with pytest.raises(eq.EquipoiseError) as raised:
        eq.assess(LOANS, target="repayed", prediction="approved")
    assert (raised.value.code, raised.value.hint) == ("column", "the nearest name is `repaid`")


def test_what_a_spec_lacks_or_has_too_much_is_told() -> None:
    with pytest.raises(eq.EquipoiseError, match="neither a model nor a prediction") as raised:
        eq.assess(LOANS, target="repaid")
    assert "`model`" in str(raised.value.hint)
    with pytest.raises(eq.EquipoiseError, match="the target `repaid` is among `features`"):
        eq.assess(LOANS, target="repaid", model=lambda rows: rows["approved"], features=["approved", "repaid"])


# What each analysis is asked so that it works for some seconds.
LONG: dict[str, dict[str, object]] = {
    "performance": {},
    "fairness": {},
    "errors": {},
    "explain": {},
    "balance": {},
    "explorer": {},
    "counterfactuals": {"total_cfs": 4},
    "causal": {"treatment_features": ["t"], "nuisance_model": "automl"},
}


def test_every_analysis_has_its_long_question() -> None:
    assert set(LONG) == set(eq.analyses()) - {"what_if"}


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Python's own handling of Ctrl-C, which it does not install where it was started with the signal ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.parametrize("analysis", LONG)
def test_ctrl_c_ends_every_analysis(analysis: str) -> None:
    """Where it works on a model that is read natively, no Python runs that could hear it. What counts is the processor's time
    until the end: the machine may be busy with other things."""
    rng = np.random.default_rng(2)
    n = 20_000
    rows = pd.DataFrame(rng.normal(size=(n, 6)), columns=list("abdefg")).assign(
        c=rng.choice(["u", "v", "w"], n), t=rng.integers(0, 2, n)
    )
    rows["y"] = (rows["a"] * rows["b"] + rows["d"] + rows["t"] > 0.5).astype(int)
    tree = HistGradientBoostingClassifier(max_iter=40, random_state=0)
    tree.fit(rows.loc[:9999, [*"abdefg", "t"]], rows.loc[:9999, "y"])

    def spent_after_a_press(delay: float) -> float | None:
        """Seconds of the processor from Ctrl-C to the end; none where the analysis was ready before."""
        pressed: list[float] = []
        timers: list[threading.Timer] = []

        def press() -> None:
            pressed.append(time.process_time())
            os.kill(os.getpid(), signal.SIGINT)

        def told(says: str | None, share: float | None) -> None:
            if says and not timers and says.startswith(analysis):
                timers.append(threading.Timer(delay, press))
                timers[0].start()

        try:
            eq.assess(
                rows,
                model=tree,
                target="y",
                sensitive="c",
                only=analysis,
                analyses={analysis: LONG[analysis]},
                progress=told,
            )
            assert timers
            timers[0].cancel()
            timers[0].join()
            # A press that came just as the analysis was ready is heard here.
            time.sleep(0.1)
        except eq.Interrupted:
            return time.process_time() - pressed[0]
        except KeyboardInterrupt:
            pass
        return None

    # What is quick is pressed sooner.
    found = next((spent for delay in (0.1, 0.02, 0.0) if (spent := spent_after_a_press(delay)) is not None), None)
    assert found is not None
    # As many seconds as there are processors at work.
    assert found < 1.0 * max(os.cpu_count() or 1, 2)


def test_an_exception_of_the_model_comes_as_it_is() -> None:
    def broken(rows: pd.DataFrame) -> np.ndarray:
        raise ZeroDivisionError("a fault of my own")

    with pytest.raises(ZeroDivisionError, match="a fault of my own") as raised:
        eq.assess(LOANS, target="repaid", model=broken)
    assert "broken" in [frame.name for frame in traceback.extract_tb(raised.value.__traceback__)]


def test_the_model_is_asked_on_the_calling_thread() -> None:
    threads = set()

    def model(rows: pd.DataFrame) -> np.ndarray:
        threads.add(threading.get_ident())
        return (rows["approved"] == 1).to_numpy()

    eq.assess(LOANS, target="repaid", model=model)
    assert threads == {threading.get_ident()}


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_ends_a_run_within_a_second(people: pd.DataFrame) -> None:
    """Here in the model's own Python; in the core above."""
    pressed = []

    def press() -> None:
        pressed.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    def model(rows: pd.DataFrame) -> np.ndarray:
        if not pressed:
            threading.Timer(0.2, press).start()
            for _ in range(3000):
                time.sleep(0.01)
        return np.clip(rows["age"].to_numpy() / 100, 0, 1)

    with pytest.raises(KeyboardInterrupt) as raised:
        eq.assess(people, target="repaid", model=model)
    assert time.monotonic() - pressed[0] < 1.5
    assert isinstance(raised.value, eq.Interrupted)
    # Afterwards Ctrl-C is Python's again.
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_progress_is_told() -> None:
    told: list[tuple[str | None, float | None]] = []
    eq.assess(LOANS, target="repaid", prediction="approved", progress=lambda says, share: told.append((says, share)))
    assert any(says and says.startswith("performance") for says, _ in told)


def test_the_same_seed_gives_the_same_bytes(people: pd.DataFrame) -> None:
    model = lambda rows: np.clip(rows["age"].to_numpy() / 100, 0, 1)
    ask = lambda: eq.assess(people, target="repaid", model=model, sensitive="city", only=["performance", "fairness"])
    assert ask()._core.json() == ask()._core.json()


def test_analyses_by_name(nhefs: dict[str, pd.DataFrame]) -> None:
    test = nhefs["test"]
    model = ROOT / "sample" / "nhefs" / "model.txt"
    assert list(eq.explain(test, model=model, target="death").sections) == ["explain"]
    assert list(eq.errors(test, model=model, target="death").sections) == ["errors"]
    assert list(eq.fairness(test, model=model, target="death", sensitive="sex").sections) == ["fairness"]
    assert "explain" in eq.analyses()


def test_the_dashboard_is_served() -> None:
    a = eq.assess(LOANS, target="repaid", prediction="approved", sensitive="group", only="performance")
    with a.open(browser=False) as dashboard:
        with urllib.request.urlopen(dashboard.url, timeout=20) as answer:
            assert answer.status == 200
    assert dashboard._process.poll() is not None

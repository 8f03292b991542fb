"""PyTorch and Keras models, as they are. Skipped, visibly, where the libraries are not installed: they are large."""

from __future__ import annotations

import os
from typing import Any

import equipoise as eq
import numpy as np
import pandas as pd
import pytest

RNG = np.random.default_rng(8)
N = 400
X = pd.DataFrame({"a": RNG.normal(size=N), "b": RNG.normal(size=N), "c": RNG.normal(size=N)})
LABEL = np.where(X["a"] - X["b"] > 0, "yes", "no")
KIND = np.select([X["a"] > 0.5, X["b"] > 0.5], [0, 1], 2)
AMOUNT = 3 * X["a"] - X["b"]


def the_same(a: eq.Assessment, probabilities: Any, truth: Any) -> None:
    """Accuracy, and the probabilities of each row, are what the library itself gives."""
    found = a.artifact("predictions")
    columns = [c for c in found.columns if str(c).startswith("_probability")]
    values = found[columns].to_numpy(dtype=float)
    expected = np.asarray(probabilities, dtype=float).reshape(N, -1)
    np.testing.assert_allclose(values[:, -1], expected[:, -1], atol=1e-6)
    chosen = expected.argmax(1) if expected.shape[1] > 1 else (expected[:, 0] >= 0.5).astype(int)
    assert a["performance.accuracy"].value == pytest.approx((chosen == truth).mean())


class TestTorch:
    torch = None

    @pytest.fixture(autouse=True)
    def library(self) -> None:
        self.torch = pytest.importorskip("torch", reason="PyTorch is not installed")
        self.torch.manual_seed(0)

    def asked(self, net: Any) -> Any:
        with self.torch.no_grad():
            return net(self.torch.tensor(X.to_numpy(), dtype=self.torch.float32)).numpy()

    def test_one_probability(self) -> None:
        nn = self.torch.nn
        # In training mode dropout would answer differently each time.
        net = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 1), nn.Sigmoid()).train()
        data = X.assign(label=LABEL)
        a = eq.assess(data, model=net, target="label", classes=["no", "yes"], only=["performance", "explain"])
        net.eval()
        the_same(a, self.asked(net), LABEL == "yes")
        assert a["explain.mean_abs_attribution[a]"].value > 0

    def test_several_classes_of_a_wrapper(self) -> None:
        nn = self.torch.nn
        net = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 3)).eval()

        class Wrapped:
            classes_ = np.array([0, 1, 2])

            def predict_proba(wrapped, rows: pd.DataFrame) -> Any:
                rows = self.torch.tensor(rows.to_numpy(), dtype=self.torch.float32)
                return self.torch.softmax(net(rows), dim=1)

        a = eq.assess(X.assign(kind=KIND), model=Wrapped(), target="kind", only="performance")
        exponent = np.exp(self.asked(net))
        the_same(a, exponent / exponent.sum(1, keepdims=True), KIND)

    def test_numbers(self) -> None:
        net = self.torch.nn.Linear(3, 1)
        a = eq.assess(X.assign(amount=AMOUNT), model=net, target="amount", only="performance")
        error = np.abs(self.asked_of(net) - AMOUNT).mean()
        assert a["performance.mean_absolute_error"].value == pytest.approx(error, rel=1e-5)

    def asked_of(self, net: Any) -> Any:
        return self.asked(net)[:, 0]

    def test_scores_are_not_taken_for_probabilities(self) -> None:
        net = self.torch.nn.Linear(3, 3)
        with pytest.raises(eq.EquipoiseError, match="softmax"):
            eq.assess(X.assign(kind=KIND), model=net, target="kind", classes=[0, 1, 2], only="performance")

    def test_words_cannot_be_put_into_a_matrix(self) -> None:
        net = self.torch.nn.Linear(4, 1)
        flags = self.torch.nn.Linear(4, 1)
        found = eq.assess(X.assign(amount=AMOUNT, flag=X["a"] > 0), model=flags, target="amount", only="performance")
        assert found["performance.mean_absolute_error"].n == N
        data = X.assign(amount=AMOUNT, word=RNG.choice(["u", "v"], N))
        with pytest.raises(eq.EquipoiseError, match="word") as raised:
            eq.assess(data, model=net, target="amount", only="performance")
        assert raised.value.code == "model"


class TestKeras:
    keras: Any = None

    @pytest.fixture(autouse=True)
    def library(self) -> None:
        for backend in ("torch", "jax", "tensorflow"):
            try:
                __import__(backend)
            except ImportError:
                continue
            os.environ.setdefault("KERAS_BACKEND", backend)
            break
        else:
            pytest.skip("no backend of Keras is installed")
        self.keras = pytest.importorskip("keras", reason="Keras is not installed")
        self.keras.utils.set_random_seed(0)

    def test_several_classes(self) -> None:
        layers = self.keras.layers
        net = self.keras.Sequential([layers.Input((3,)), layers.Dense(8, "relu"), layers.Dense(3, "softmax")])
        net.compile(loss="sparse_categorical_crossentropy")
        net.fit(X.to_numpy(), KIND, epochs=2, verbose=0)
        a = eq.assess(X.assign(kind=KIND), model=net, target="kind", classes=[0, 1, 2], only=["performance", "explain"])
        the_same(a, net.predict(X.to_numpy(), verbose=0), KIND)

    def test_one_probability_and_numbers(self) -> None:
        layers = self.keras.layers
        net = self.keras.Sequential([layers.Input((3,)), layers.Dense(1, "sigmoid")])
        a = eq.assess(X.assign(label=LABEL), model=net, target="label", classes=["no", "yes"], only="performance")
        the_same(a, net.predict(X.to_numpy(), verbose=0), LABEL == "yes")
        net = self.keras.Sequential([layers.Input((3,)), layers.Dense(1)])
        a = eq.assess(X.assign(amount=AMOUNT), model=net, target="amount", only="performance")
        error = np.abs(net.predict(X.to_numpy(), verbose=0)[:, 0] - AMOUNT).mean()
        assert a["performance.mean_absolute_error"].value == pytest.approx(error, rel=1e-5)

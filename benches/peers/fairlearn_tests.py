"""Runs fairlearn's own tests of metrics on `equipoise.metrics`, and says which apply and pass.

    python benches/peers/fairlearn_tests.py CHECKOUT [--own]

CHECKOUT is a folder with fairlearn's `test/unit` (a checkout of its repository). The tests are copied to a temporary folder, where

* the import of `fairlearn.metrics` becomes that of `equipoise.metrics`; names that begin with `_` are still fairlearn's own;
* the words of messages are not compared: that a call is refused with a `ValueError` is.

`--own` leaves the imports alone, which says what of the tests passes with the fairlearn that is installed. A test that reaches into
fairlearn's internals (`_process_features`, `GroupFeature`, …) does not apply and is counted apart, by its name in the list below.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections import Counter
from importlib.metadata import version
from pathlib import Path

# What is about fairlearn's inside rather than what its functions say.
INTERNAL_FILES = {
    "test_annotated_metric_function.py",
    "test_bootstrap.py",
    "test_disaggregated_result.py",
    "test_group_feature.py",
    "test_input_manipulations.py",
    "test_metricframe_process_features.py",
}
INTERNAL_TESTS = ("TestGetLabelsForConfusionMatrix", "test_dict_sizes")

WORDS = [
    # assert text == caught.value.args[0], either way round, and str(caught.value)
    (re.compile(r"assert .*\b(\w+)\.value\.args\[0\].*"), r"assert \1.value is not None"),
    (re.compile(r"assert str\((\w+)\.value\).*"), r"assert \1.value is not None"),
    (re.compile(r"pytest\.raises\(\s*(\w+),\s*match=[^)]*\)"), r"pytest.raises(\1)"),
]


def rewritten(text: str) -> str:
    text = re.sub(r"^import fairlearn\.metrics as (\w+)", r"import equipoise.metrics as \1", text, flags=re.M)
    text = re.sub(r"^from fairlearn\.metrics import", "from equipoise.metrics import", text, flags=re.M)
    for pattern, replacement in WORDS:
        text = pattern.sub(replacement, text)
    return text


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("checkout", type=Path)
    arguments.add_argument("--own", action="store_true", help="run them on fairlearn itself")
    given = arguments.parse_args()
    source = given.checkout / "test" / "unit"
    if not (source / "metrics").is_dir():
        arguments.error(f"{source / 'metrics'} is not there: name the folder of a checkout of fairlearn")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "test" / "unit"
        shutil.copytree(source / "metrics", place / "metrics")
        for name in ("input_convertors.py", "conftest.py"):
            if (source / name).exists():
                shutil.copy(source / name, place / name)
        for package in (place, place.parent, place / "metrics"):
            (package / "__init__.py").touch()
        apart = []
        for path in (place / "metrics").rglob("*.py"):
            if path.name in INTERNAL_FILES:
                apart.append(path.name)
                path.unlink()
            elif not given.own:
                path.write_text(rewritten(path.read_text(encoding="utf-8")), encoding="utf-8")
        report = Path(folder) / "report.xml"
        options = ["-q", "--no-header", "-p", "no:cacheprovider", "-W", "ignore", f"--junitxml={report}", "--tb=line"]
        deselected = " and ".join(f"not {name}" for name in INTERNAL_TESTS)
        subprocess.run(
            [sys.executable, "-m", "pytest", *options, "-k", deselected, "test/unit/metrics"], cwd=folder, check=False
        )
        counts: Counter[str] = Counter()
        for case in ElementTree.parse(report).iter("testcase"):
            kinds = {child.tag for child in case} & {"failure", "error", "skipped"}
            counts[next(iter(kinds), "passed")] += 1
    who = "fairlearn" if given.own else "equipoise.metrics"
    print(
        f"{who}, tests for fairlearn {version('fairlearn')}: {counts['passed']} of {sum(counts.values())} pass", end=""
    )
    print("".join(f", {n} {kind}" for kind, n in sorted(counts.items()) if kind != "passed"))
    print(f"do not apply (fairlearn's inside): {', '.join(sorted([*apart, *INTERNAL_TESTS]))}")
    return 0 if set(counts) <= {"passed", "skipped"} else 1


if __name__ == "__main__":
    sys.exit(main())

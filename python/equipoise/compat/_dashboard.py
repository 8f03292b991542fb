"""`ResponsibleAIDashboard`: shows what was computed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._assessment import Assessment
from ._cohorts import Cohort
from ._insights import RAIInsights


class ResponsibleAIDashboard:
    """The assessment in the output of a cell, or in a browser elsewhere.

    Args:
        analysis: What was computed.
        cohort_list: Parts of the rows to show beside all: their performance is assessed when the dashboard is made.
        public_ip, port, locale, is_private_link, kwargs: Taken for their names' sake; nothing listens on a port in a notebook.
    """

    def __init__(
        self,
        analysis: RAIInsights | Assessment,
        public_ip: str | None = None,
        port: int | None = None,
        locale: str | None = None,
        cohort_list: Sequence[Cohort] | None = None,
        is_private_link: bool = False,
        **kwargs: Any,
    ) -> None:
        self.analysis = analysis
        if cohort_list and isinstance(analysis, RAIInsights):
            self.assessment = _with_cohorts(analysis, cohort_list)
        else:
            self.assessment = analysis.assessment if isinstance(analysis, RAIInsights) else analysis
        self._is_shown = self._displayed()

    def _displayed(self) -> bool:
        """Shows it in a notebook, as the toolbox does when it is made."""
        from .._progress import is_notebook

        if not is_notebook():
            return False
        from IPython.display import display

        from .._widget import is_there

        display(self.assessment.widget() if is_there() else self.assessment)
        return True

    def __repr__(self) -> str:
        return f"<ResponsibleAIDashboard over {self.assessment._name()}>"

    def _repr_html_(self) -> str | None:
        # The last line of a cell would show it a second time.
        return None if self._is_shown else self.assessment._repr_html_()


def _with_cohorts(insights: RAIInsights, cohorts: Sequence[Cohort]) -> Assessment:
    parameters = {m.analysis: m._configurations[0] for m in insights._managers if m._configurations}
    return insights._assessed(
        ["performance", "balance", "explorer", *parameters], parameters, {c.name: c.predicate() for c in cohorts}
    )

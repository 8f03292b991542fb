"""The Responsible AI Toolbox's constructor and managers over Equipoise: change the import and keep the notebook.

    from equipoise.compat import FeatureMetadata, RAIInsights, ResponsibleAIDashboard

What the managers return are Equipoise's sections and tables, not the toolbox's own classes; `insights.assessment` is the
whole of it.
"""

from ._cohorts import Cohort, CohortFilter, CohortFilterMethods
from ._dashboard import ResponsibleAIDashboard
from ._insights import FeatureMetadata, RAIInsights

__all__ = ["Cohort", "CohortFilter", "CohortFilterMethods", "FeatureMetadata", "RAIInsights", "ResponsibleAIDashboard"]

"""The Responsible AI Toolbox's constructor and managers over Equipoise: change the import and keep the notebook.

    from equipoise.compat import FeatureMetadata, RAIInsights, ResponsibleAIDashboard

What `get` of the managers returns are Equipoise's sections and tables; `get_data` has the toolbox's classes, fields and keys;
`insights.assessment` is the whole of it.
"""

from ._cohorts import Cohort, CohortFilter, CohortFilterMethods
from ._dashboard import ResponsibleAIDashboard
from ._insights import FeatureMetadata, RAIInsights

__all__ = ["Cohort", "CohortFilter", "CohortFilterMethods", "FeatureMetadata", "RAIInsights", "ResponsibleAIDashboard"]

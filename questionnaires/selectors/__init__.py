"""What pages, exports and dossiers read of a response: frozen values, a fixed number of queries."""

from questionnaires.selectors.forms import (
    CriterionSection,
    CriterionView,
    EvaluationForm,
    EvidenceView,
    OrientationForm,
    QuestionSection,
    QuestionView,
    blank_view,
    evaluation_form,
    load_archived,
    load_form,
    load_orientation,
    load_row,
    orientation_form,
)
from questionnaires.selectors.overview import (
    Overview,
    QuestionnaireTile,
    load_overview,
)
from questionnaires.selectors.recovery import recovered_codes
from questionnaires.selectors.results import (
    CriterionResult,
    HistoryEntry,
    Results,
    SectionResult,
    load_results,
    load_validation,
)
from questionnaires.selectors.validated import (
    ValidatedContent,
    ValidatedQuestionnaire,
    load_validated,
)

__all__ = [
    "CriterionResult",
    "CriterionSection",
    "CriterionView",
    "EvaluationForm",
    "EvidenceView",
    "HistoryEntry",
    "OrientationForm",
    "Overview",
    "QuestionSection",
    "QuestionView",
    "QuestionnaireTile",
    "Results",
    "SectionResult",
    "ValidatedContent",
    "ValidatedQuestionnaire",
    "blank_view",
    "evaluation_form",
    "load_archived",
    "load_form",
    "load_orientation",
    "load_overview",
    "load_results",
    "load_row",
    "load_validated",
    "load_validation",
    "orientation_form",
    "recovered_codes",
]

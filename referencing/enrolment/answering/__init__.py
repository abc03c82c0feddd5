"""Pages where an editor answers the questionnaires of an enrolment; `questionnaires` decides, this package shows."""

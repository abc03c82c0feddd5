from django.apps import AppConfig


class CommissionConfig(AppConfig):
    """The commission de référencement: members, sessions, votes, minutes, reservations (R.1111-38)."""

    name = "referencing.commission"
    label = "commission"
    verbose_name = "Commission de référencement"

    def ready(self) -> None:
        from convergence.audit.workflow import follow
        from convergence.interests.selectors import also_bar
        from convergence.jobs import registry
        from referencing.candidature.selectors.deadlines import add_source
        from referencing.candidature.views import frame
        from referencing.commission import minutes_outputs, outputs
        from referencing.commission.selectors.calendar import list_session_days
        from referencing.commission.selectors.conflicts import recused_organisations
        from referencing.commission.services import agenda, convoking, reservations
        from referencing.commission.views.opinions import OPINION_TAB

        registry.register(convoking.CONVOCATION_JOB, outputs.make_convocation)
        registry.register(minutes_outputs.ATTENDANCE_JOB, minutes_outputs.make_attendance)
        registry.register(minutes_outputs.EXTRACT_JOB, minutes_outputs.make_minutes_extract)
        add_source(list_session_days)
        also_bar(recused_organisations)
        follow("candidature.withdraw", agenda.withdraw_points)
        for ending in ("withdraw", "refuse"):
            follow(f"candidature.{ending}", reservations.follow_end)
        if OPINION_TAB not in frame.TABS:
            frame.TABS.append(OPINION_TAB)

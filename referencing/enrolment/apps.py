from django.apps import AppConfig


class EnrolmentConfig(AppConfig):
    name = "referencing.enrolment"
    label = "enrolment"
    verbose_name = "Rattachements"

    def ready(self) -> None:
        from convergence.audit.workflow import follow
        from convergence.notifications import choices
        from convergence.products.waiting import announce
        from referencing.enrolment.transfers.waiting import find_incoming
        from referencing.enrolment.white_label import attachments, notices, pending

        # a solution that leaves its pre-listing leaves its distributors too (A-23, BR-203)
        for left in ("suspend", "replace", "revoke", "withdraw", "expire"):
            follow(f"prelisting.{left}", attachments.pre_listing_left)
        follow("prelisting.resume", attachments.pre_listing_resumed)
        for ended in ("reject", "close"):
            follow(f"enrolment.{ended}", attachments.enrolment_left)
        choices.offer(notices.KIND, pending.offer_answers)
        announce(find_incoming)

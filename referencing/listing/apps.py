from django.apps import AppConfig


class ListingConfig(AppConfig):
    """Services that stand in the catalogue: publication, renewal, versions, audits, sanctions."""

    name = "referencing.listing"
    label = "listing"
    verbose_name = "Référencements"

    def ready(self) -> None:
        from convergence.audit.workflow import follow
        from referencing.candidature.views import frame
        from referencing.listing.services import effects, producer_reviews, renewal
        from referencing.listing.services.catalogue import show_change
        from referencing.listing.services.publishing import renewal_granted
        from referencing.listing.views.life import LISTING_TAB

        for left in ("suspend", "replace", "revoke", "withdraw", "expire"):
            follow(f"prelisting.{left}", producer_reviews.pre_listing_left)
        follow("candidature.apply", renewal.candidature_applied)
        for ended in ("cancel", "withdraw", "declare_inadmissible", "lapse", "rescind"):
            follow(f"candidature.{ended}", renewal.candidature_ended)
        for taken_up in ("resume", "re_examine", "reconsider"):
            follow(f"candidature.{taken_up}", renewal.candidature_taken_up)
        follow("candidature.approve", renewal.candidature_approved)
        follow("candidature.refuse", renewal.candidature_refused)
        follow("candidature.publish", renewal.candidature_published)
        follow("decision.sign", effects.decision_signed)
        follow("decision.drop", effects.decision_dropped)
        follow("decision.annul", effects.decision_annulled)
        follow("decision.abrogate", effects.decision_abrogated)
        follow("decision.court_suspend", effects.decision_court_suspended)
        follow("decision.court_resume", effects.decision_court_resumed)
        follow("renewal.grant", renewal_granted)
        # whoever moves a listing, the public page says so in the same transaction
        for name in ("suspend", "reinstate", "expire", "withdraw", "withdraw_by_editor", "republish"):
            follow(f"listing.{name}", show_change)
        if LISTING_TAB not in frame.TABS:
            frame.TABS.append(LISTING_TAB)

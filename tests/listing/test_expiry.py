from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convergence.notifications.models import Notification
from referencing.enrolment.enums import Cycle
from referencing.listing.core.life import find_reminder, is_major, may_renew_from, months_after, renewed_end
from referencing.listing.enums import ListingState, RenewalState
from referencing.listing.models import Listing, ListingReminder, Renewal
from referencing.listing.services.expiry import expire_listings, remind_ends
from tests.listing.life_factories import make_listing, noon

PARIS = ZoneInfo("Europe/Paris")
END = date(2028, 2, 29)
DAYS = st.dates(date(2024, 1, 1), date(2060, 12, 31))


class TestDays:
    @pytest.mark.parametrize(
        ("day", "months", "later"),
        [
            (date(2026, 1, 31), 1, date(2026, 2, 28)),
            (date(2028, 1, 31), 1, date(2028, 2, 29)),
            (date(2026, 12, 15), 1, date(2027, 1, 15)),
            (date(2028, 2, 29), -12, date(2027, 2, 28)),
            (date(2026, 8, 31), 6, date(2027, 2, 28)),
            (date(2026, 3, 31), -1, date(2026, 2, 28)),
        ],
    )
    def test_months_end_with_their_month(self, day, months, later):
        assert months_after(day, months) == later

    @given(DAYS, st.integers(-36, 36))
    def test_months_never_leave_their_month(self, day, months):
        later = months_after(day, months)
        assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
        assert later.day <= day.day

    @pytest.mark.rule("BR-171", "A-35")
    def test_two_years_from_the_old_end_or_from_the_republication(self):
        assert renewed_end(END, decided_on=END) == date(2030, 2, 28)
        assert renewed_end(END, decided_on=date(2028, 3, 1), republished_on=date(2028, 4, 30)) == date(2030, 4, 30)
        with pytest.raises(ValueError, match="republication"):
            renewed_end(END, decided_on=date(2028, 3, 1))

    @given(DAYS, st.integers(0, 200))
    def test_a_reminder_is_that_of_the_nearest_reached_term(self, ends_on, days):
        terms = [120, 90, 60, 30, 7]
        found = find_reminder(ends_on, today=ends_on - timedelta(days=days), terms=terms)
        reached = [term for term in terms if days <= term]
        assert found == (reached[-1] if reached else None)

    def test_nothing_is_said_once_past(self):
        assert find_reminder(END, today=END + timedelta(days=1), terms=[7]) is None

    @pytest.mark.parametrize(
        ("previous", "version", "changes", "major"),
        [
            ("1.4.2", "1.5.0", [], False),
            ("1.9", "2.0", [], True),
            ("v1", "1.1", [], False),
            ("1.4", "1.4.1", ["hosting"], True),
            ("2024-09", "2025-01", [], True),
            ("automne", "hiver", [], True),
        ],
    )
    def test_major_is_x_of_semver_or_a_declared_change(self, previous, version, changes, major):
        assert is_major(previous, version, changes) is major

    def test_renewal_opens_120_days_before(self):
        assert may_renew_from(date(2027, 6, 30), days=120) == date(2027, 3, 2)


@pytest.mark.django_db
class TestExpiry:
    @pytest.mark.rule("BR-172", "A-34")
    def test_it_leaves_the_catalogue_the_day_after_in_paris(self, django_capture_on_commit_callbacks):
        listing, manager = make_listing(published_on=date(2027, 3, 1), ends_on=END)

        assert expire_listings(at=datetime(2028, 2, 29, 23, 59, tzinfo=PARIS)) == 0
        assert Listing.objects.published(on=END).count() == 1
        with django_capture_on_commit_callbacks(execute=True):
            # 23:30 in UTC on the 29th is the 1st of March in Paris
            assert expire_listings(at=datetime(2028, 2, 29, 23, 30, tzinfo=ZoneInfo("UTC"))) == 1

        listing.refresh_from_db()
        assert listing.state == ListingState.EXPIRED
        assert not Listing.objects.published(on=date(2028, 3, 1)).exists()
        assert "ne figure plus au catalogue" in Notification.objects.get(recipient=manager).content

    @pytest.mark.rule("BR-172")
    def test_twice_does_nothing_twice_and_an_outage_is_made_up_for(self):
        make_listing(published_on=date(2027, 3, 1), ends_on=END)
        late = noon(END + timedelta(days=9))

        assert [expire_listings(at=late), expire_listings(at=late)] == [1, 0]

    @pytest.mark.rule("A-34")
    def test_a_suspended_service_expires_too_and_stays_suspended_in_memory(self):
        listing, _ = make_listing(state=ListingState.SUSPENDED, published_on=date(2027, 3, 1), ends_on=END)

        expire_listings(at=noon(date(2028, 3, 1)))

        listing.refresh_from_db()
        assert (listing.state, listing.suspended_at is not None) == (ListingState.EXPIRED, True)

    def test_what_was_being_prepared_lapses_and_a_full_application_follows(self):
        listing, _ = make_listing(published_on=date(2027, 3, 1), ends_on=END)
        renewal = Renewal.objects.create(listing=listing, opened_at=noon(END))

        expire_listings(at=noon(date(2028, 3, 1)))

        renewal.refresh_from_db()
        listing.enrolment.refresh_from_db()
        assert renewal.state == RenewalState.LAPSED
        assert (listing.enrolment.cycle, listing.enrolment.cycle_started_at) == (Cycle.FIRST, noon(date(2028, 3, 1)))


@pytest.mark.django_db
class TestReminders:
    @pytest.mark.rule("A-35")
    def test_each_term_once(self):
        make_listing(published_on=date(2027, 3, 1), ends_on=END)

        told = {}
        for days in range(130, -2, -1):
            told[days] = remind_ends(at=noon(END - timedelta(days=days))) + remind_ends(
                at=noon(END - timedelta(days=days))
            )

        assert [days for days, count in told.items() if count] == [120, 90, 60, 30, 7]
        assert sum(told.values()) == 5

    @pytest.mark.rule("A-35")
    def test_skipped_ones_are_not_made_up_for(self, django_capture_on_commit_callbacks):
        _, manager = make_listing(published_on=date(2027, 3, 1), ends_on=END)
        remind_ends(at=noon(END - timedelta(days=120)))

        with django_capture_on_commit_callbacks(execute=True):
            assert remind_ends(at=noon(END - timedelta(days=20))) == 1

        assert list(ListingReminder.objects.order_by("-days_before").values_list("days_before", flat=True)) == [120, 30]
        assert Notification.objects.filter(recipient=manager).count() == 1

    def test_a_new_end_is_reminded_anew(self):
        listing, _ = make_listing(published_on=date(2027, 3, 1), ends_on=END)
        remind_ends(at=noon(END - timedelta(days=7)))
        later = date(2030, 2, 28)
        Listing.objects.filter(pk=listing.pk).update(ends_on=later)

        assert remind_ends(at=noon(later - timedelta(days=7))) == 1

    def test_nobody_is_told_while_the_renewal_is_examined(self):
        listing, _ = make_listing(published_on=date(2027, 3, 1), ends_on=END)
        Renewal.objects.create(
            listing=listing, opened_at=noon(END), state=RenewalState.IN_REVIEW, candidature=listing.decision.candidature
        )

        assert remind_ends(at=noon(END - timedelta(days=7))) == 0

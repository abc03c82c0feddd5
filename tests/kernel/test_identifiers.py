import pytest

from convergence.kernel.identifiers import format_siret, parse_siret


@pytest.mark.rule("BR-025")
@pytest.mark.parametrize(
    ("typed", "digits"),
    [
        ("73282932000074", "73282932000074"),
        ("732 829 320 00074", "73282932000074"),
        ("732\u202f829\u00a0320 00074", "73282932000074"),
        ("732.829.320.00074", "73282932000074"),
        ("35600000000048", "35600000000048"),  # La Poste, head office: passes the common checksum
        ("35600000049837", "35600000049837"),  # La Poste, other establishments: digits add up to a multiple of five
    ],
)
def test_siret_is_read_with_its_spaces(typed, digits):
    assert parse_siret(typed) == digits


@pytest.mark.rule("BR-025")
@pytest.mark.parametrize(
    "typed", ["", "7328293200007", "732829320000744", "73282932000075", "7328293200007A", "35600000049838"]
)
def test_siret_with_a_wrong_length_or_checksum_is_refused(typed):
    with pytest.raises(ValueError, match="SIRET"):
        parse_siret(typed)


def test_siret_is_shown_in_groups():
    assert format_siret("73282932000074") == "732\u00a0829\u00a0320\u00a000074"

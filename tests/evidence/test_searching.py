import pytest

from convergence.audit.models import AuditEntry
from evidence import services
from evidence.core.text import excerpt, find_all, fold
from evidence.errors import FileWithheld
from tests.evidence import corpus

PAGES = (["Politique de sécurité", "Chiffrement des données"], [], ["L’accès est journalisé", "SECURITE et securite"])


@pytest.fixture
def container_file(upload, person, django_capture_on_commit_callbacks):
    """A deposited container that holds the files given, scanned."""

    def keep(entries):
        container = services.prepare_container(owner_key="enrolment:1", actor=person)
        passphrase = services.reveal_credentials(owner_key="enrolment:1", actor=person).passphrase
        with django_capture_on_commit_callbacks(execute=True):
            stored = services.receive(
                upload=upload("conteneur.zip", corpus.container(entries, passphrase=passphrase)),
                allowed_formats=(),
                max_size_mb=50,
                encrypted_for=container,
                actor=person,
            )
        stored.blob.refresh_from_db()
        return stored

    return keep


def search(look, content, query, code="pdf"):
    findings = look(content, task="search", format=code, query=query)
    assert findings.problems == ()
    return findings.facts


@pytest.mark.parametrize("query", ["sécurité", "SECURITE", " securite "])
def test_words_are_found_whatever_their_accents_and_case(look, query):
    facts = search(look, corpus.text_pdf(*PAGES), query)

    assert (facts["pages"], facts["has_text"], facts["total"]) == (3, True, 3)
    assert [(hit["page"], hit["count"]) for hit in facts["hits"]] == [(0, 1), (2, 2)]
    assert facts["hits"][0]["excerpt"] == "Politique de sécurité Chiffrement des données"


def test_words_cut_by_a_line_are_found_with_a_box_on_each_line(look):
    (hit,) = search(look, corpus.text_pdf(*PAGES), "de sécurité chiffrement")["hits"]

    assert hit["page"] == 0
    assert len(hit["boxes"]) == 2
    (_, first, _, _), (_, second, _, _) = sorted(hit["boxes"], key=lambda box: box[1])
    assert 30 <= first <= 55 < 80 <= second <= 105  # lines 20 and 40 points under the top of 400


@pytest.mark.parametrize(("rotate", "side"), [(0, 0), (90, 1), (180, 0), (270, 1)])
def test_boxes_follow_the_page_as_it_is_shown(look, rotate, side):
    """A word that stands upright is wide; on a page turned by a quarter it is high."""
    (hit,) = search(look, corpus.text_pdf(["Chiffrement"], rotate=rotate), "chiffrement")["hits"]
    ((_, _, width, height),) = hit["boxes"]
    page = (200, 400) if side == 0 else (400, 200)

    assert (width * page[0] > height * page[1]) is (side == 0)


def test_scan_says_that_it_has_no_text(look):
    assert search(look, corpus.pdf(2), "mot") == {"pages": 2, "has_text": False, "total": 0, "hits": []}
    assert search(look, corpus.image("png"), "mot", code="png")["pages"] == 1


def test_search_goes_no_further_than_its_limit(look):
    facts = search(look, corpus.text_pdf(*[["a a a a a a a a a a"] * 18] * 10), "a")

    assert facts["total"] == 500


def test_office_file_cannot_be_searched(look):
    (problem,) = look(corpus.office("docx"), task="search", format="docx", query="mot").problems
    assert problem.code == "not_renderable"


@pytest.mark.rule("A-14")
def test_container_entry_is_searched_in_memory_and_the_opening_journalled(container_file, person, settings):
    stored_file = container_file({"aipd.pdf": corpus.text_pdf(*PAGES)})

    found = services.search_container_entry(stored_file=stored_file, index=0, query="journalisé", actor=person)

    assert (found.pages, found.total) == (3, 1)
    entry = AuditEntry.objects.get(action="storedfile.open_container_entry")
    assert (entry.actor_id, entry.data) == (person.pk, {"index": 0})
    assert not (settings.VAR_DIR / "rendered").exists()


@pytest.mark.rule("A-14")
def test_container_itself_is_never_searched_as_a_plain_file(container_file):
    with pytest.raises(FileWithheld):
        services.search_text(container_file({"aipd.pdf": corpus.pdf()}), "mot")


def test_folding_forgets_what_people_do_not_type():
    assert fold("L’Œuvre\u00a0: É\u00adté\r\n  ﬁn") == "l'oeuvre : ete fin"
    assert find_all("aaa", "aa") == [(0, 2)]
    assert find_all("Texte", "  ") == []
    assert find_all("ÉTÉ œuf", "oeuf") == [(4, 3)]


def test_excerpt_is_cut_at_words():
    text = "un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept"
    (place,) = find_all(text, "huit")

    assert excerpt(text, *place, around=12) == "…six sept huit neuf dix…"

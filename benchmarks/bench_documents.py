"""P7 (50,000 rows to xlsx) and P8 (60-page PDF) against the bare library, interleaved in one run.

Alone: `python -m benchmarks.bench_documents`. With the others: `make bench`.
"""

import datetime as dt
import gc
import io
import os
import statistics
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from benchmarks.harness import Bench, Figure, measure

ROWS = 50_000
PAGES = 60
PAIRS = 1  # of A B B A; each takes half a minute

HEADERS = ("Référence", "Produit", "Éditeur", "État", "Déposé le", "Score", "Critères", "Observation")
WHEN = dt.datetime(2024, 7, 8, 16, 27)  # noqa: DTZ001 - openpyxl alone takes no other


@measure("P7", what=f"{ROWS} rows to xlsx against openpyxl alone", bar="≤ 1.2 ×, ≤ 64 MiB")
def workbook(bench: Bench | None) -> Figure:
    """Ratio of A B B A runs; the note gives the memory of the export."""
    ratios = _interleave(_xlsx_bare, _xlsx_ours)
    memory = _peak_memory(_xlsx_ours)
    ratio = statistics.median(ratios)
    passes = ratio <= 1.2 and memory <= 64
    return Figure(ratio, "×", passes, {"ratios": ratios, "memory_mib": memory}, f"memory {memory:.1f} MiB")


@measure("P8", what=f"{PAGES}-page PDF against WeasyPrint alone", bar="≤ 1.2 ×")
def document(bench: Bench | None) -> Figure:
    """Ratio of A B B A runs."""
    ratios = _interleave(_pdf_bare, _pdf_ours)
    ratio = statistics.median(ratios)
    return Figure(ratio, "×", ratio <= 1.2, {"ratios": ratios})


def _interleave(floor: Callable[[], None], ours: Callable[[], None]) -> list[float]:
    """Return ratios ours / floor over A B B A runs, so that a drift of the machine weighs on both."""
    floor(), ours()  # warm up: imports, fonts, templates
    ratios = []
    for _ in range(PAIRS):
        first, second, third, fourth = (_seconds(run) for run in (floor, ours, ours, floor))
        ratios.append((second + third) / (first + fourth))
    return ratios


def _seconds(run: Callable[[], None]) -> float:
    gc.collect()
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def _peak_memory(run: Callable[[], None]) -> float:
    """Return the peak of what `run` allocates in a fresh process, in MiB."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_memory_of, run).result()


def _memory_of(run: Callable[[], None]) -> float:
    global ROWS
    _set_up()
    everything, ROWS = ROWS, 10
    run()  # imports are not the export's memory
    ROWS = everything
    tracemalloc.start()  # resident memory hides what fits in pages that the imports left free
    run()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 2**20


def _rows() -> Iterator[tuple]:
    for rank in range(ROWS):
        yield (
            f"N{rank:05d}", f"Produit numéro {rank}", "Éditeur de santé", "En évaluation", WHEN, rank / 7, rank % 150,
            "Une observation de longueur ordinaire, avec des accents et une apostrophe ’.",
        )  # fmt: skip


def _xlsx_bare() -> None:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    page = book.create_sheet("Dossiers")
    page.append(HEADERS)
    for row in _rows():
        page.append(row)
    with tempfile.TemporaryFile() as file:
        book.save(file)


def _xlsx_ours() -> None:
    from convergence.documents.xlsx import Column, Sheet, write_workbook

    with tempfile.TemporaryFile() as file:
        write_workbook([Sheet("Dossiers", [Column(header) for header in HEADERS], _rows())], file)


def _html() -> str:
    criteria = "".join(
        f"<h3>Critère {rank}</h3><p>{'L’éditeur décrit ici la mesure prise et la preuve qui l’appuie. ' * 12}</p>"
        f"<table><thead><tr><th>Niveau</th><th>Réponse</th></tr></thead><tbody>"
        f"<tr><td>Attendu</td><td>Conforme</td></tr><tr><td>Obtenu</td><td>Conforme</td></tr></tbody></table>"
        for rank in range(int(PAGES * 2.95))
    )
    return f"<!doctype html><html lang=fr><title>Dossier</title><body><h1>Dossier</h1>{criteria}</body></html>"


def _pdf_bare() -> None:
    """WeasyPrint with its own fetcher and the same stylesheet, fonts read from their folder."""
    import weasyprint
    from django.contrib.staticfiles import finders
    from weasyprint.text.fonts import FontConfiguration

    path = finders.find("documents/print.css")
    font = finders.find("dsfr/dist/fonts/Marianne-Regular.woff2").removesuffix("Marianne-Regular.woff2")
    with open(path, encoding="utf-8") as file:
        css = file.read().replace("static:dsfr/dist/fonts/", f"file://{font}")
    fonts = FontConfiguration()
    weasyprint.HTML(string=_html()).write_pdf(
        stylesheets=[weasyprint.CSS(string=css, font_config=fonts)], font_config=fonts, pdf_variant="pdf/ua-1"
    )


def _pdf_ours() -> None:
    from convergence.documents.pdf import render_html

    render_html(_html())


def _set_up() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "convergence.settings.test")
    import django

    django.setup()


if __name__ == "__main__":
    import logging

    logging.getLogger("weasyprint").setLevel(logging.ERROR)
    _set_up()
    from pikepdf import Pdf

    from convergence.documents.pdf import render_html

    with Pdf.open(io.BytesIO(render_html(_html()))) as pages:
        print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}, document of {len(pages.pages)} pages")
    for figure in (workbook(None), document(None)):
        print(figure)

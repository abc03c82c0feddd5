"""Is a frozen dossier still what was frozen? From the database by reference, or from files alone."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import pikepdf

from convergence.documents.signatures import Status, Verification, verify_bytes, verify_pdf
from convergence.kernel.canonical import canonical_json, sha256_hex
from evidence.vault import key_of, private_storage
from referencing.dossier.models import Addendum, AddendumFile, Dossier, DossierFile, RecoveredValue
from referencing.dossier.readers import find_frozen, frozen_evidence, parse_payload
from referencing.dossier.recovered import keeps_commitment

Outcome = Literal["intact", "altered", "unreadable"]
EXIT_CODES: dict[Outcome, int] = {"intact": 0, "altered": 1, "unreadable": 2}


@dataclass(slots=True)
class Verdict:
    """`problems`: French sentences that name what is altered or why nothing can be said."""

    subject: str
    outcome: Outcome = "intact"
    problems: list[str] = field(default_factory=list)
    checked: list[str] = field(default_factory=list)

    def blame(self, problem: str, outcome: Outcome = "altered") -> None:
        self.problems.append(problem)
        if self.outcome == "intact":
            self.outcome = outcome

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def verify_reference(reference: str) -> Verdict:
    """Rehash the payload and every file, check the seal and that the rows agree with the payload.

    `reference` is a dossier’s (`N0001…`) or an addendum’s (`N0001…-A1`).
    """
    verdict = Verdict(subject=reference)
    frozen = _find(reference)
    if frozen is None:
        what = "additif" if "-" in reference else "dossier"
        verdict.blame(f"Aucun {what} ne porte la référence {reference}.", "unreadable")
        return verdict
    what = "de l’additif" if isinstance(frozen, Addendum) else "du dossier"
    payload = bytes(frozen.payload)
    if sha256_hex(payload) != frozen.sha256:
        verdict.blame(f"Le contenu {what} ne correspond plus à son empreinte.")
    verdict.checked.append("contenu")
    _judge(verdict, verify_bytes(payload, bytes(frozen.seal)), "cachet du contenu")
    try:
        content = parse_payload(payload)
    except (ValueError, KeyError, TypeError):
        verdict.blame(f"Le contenu {what} n’est plus lisible.")
        return verdict
    if content.get("reference") != frozen.reference:
        verdict.blame(f"La référence écrite dans le contenu n’est pas celle {what}.")
    try:
        files = _check_evidence(verdict, frozen, content)
    except (KeyError, TypeError, AttributeError):
        verdict.blame(f"Le contenu {what} n’a plus la forme attendue.")
        return verdict
    for sha256, name in sorted(set(files)):
        path = key_of(sha256)
        if not private_storage().exists(path):
            verdict.blame(f"La preuve « {name} » n’est plus dans le stockage.")
        elif _hash_file(path) != sha256:
            verdict.blame(f"La preuve « {name} » a été modifiée.")
        verdict.checked.append(name)
    return verdict


def _check_evidence(verdict: Verdict, frozen: Dossier | Addendum, content: dict[str, Any]) -> list[tuple[str, str]]:
    """Compare what the content lists with what was kept beside it. Returns hash and name of every kept file.

    Raises KeyError, TypeError, AttributeError for a content that is JSON and nothing more.
    """
    if isinstance(frozen, Addendum):
        if content.get("dossier_sha256") != frozen.dossier.sha256:
            verdict.blame("L’additif ne porte pas l’empreinte de son dossier.")
        listed = {(item["criterion"], file["sha256"]) for item in content["items"] for file in item["evidence"]}
        added = list(AddendumFile.objects.filter(addendum=frozen))
        kept = {(row.criterion, row.sha256) for row in added}
        files = [(row.sha256, row.name) for row in added]
    else:
        listed = {
            (item["deposit"], item["sha256"])
            for questionnaire in content["questionnaires"]
            for criterion in questionnaire["criteria"]
            for item in frozen_evidence(criterion)
        }
        rows = list(DossierFile.objects.filter(dossier=frozen))
        kept = {(str(row.deposit_id), row.sha256) for row in rows}
        files = [(row.sha256, row.name) for row in rows]
        _check_commitments(verdict, frozen, content)
    if kept != listed:
        verdict.blame("La liste des preuves ne correspond plus à celle du contenu.")
    return files


def _check_commitments(verdict: Verdict, dossier: Dossier, content: dict[str, Any]) -> None:
    """The verifier’s part still gives the commitments of the payload (A-24); says nothing of what it holds."""
    said = {code: row["recovered"]["commitment"] for code, row in find_frozen(content).items() if row["recovered"]}
    values = list(RecoveredValue.objects.filter(dossier=dossier))
    if said != {each.criterion: each.commitment for each in values}:
        verdict.blame("La liste des réponses récupérées ne correspond plus à celle du contenu.")
    for each in values:
        if not keeps_commitment(each):
            verdict.blame(f"La réponse récupérée au critère {each.criterion} ne correspond plus à son engagement.")
    if values:
        verdict.checked.append("réponses récupérées")


def _find(reference: str) -> Dossier | Addendum | None:
    dossier, _, number = reference.partition("-A")
    if not number:
        return Dossier.objects.filter(reference=dossier).first()
    if not number.isdecimal():
        return None
    return Addendum.objects.filter(dossier__reference=dossier, number=number).select_related("dossier").first()


def verify_file(path: Path) -> Verdict:
    """The sealed PDF, or the JSON beside its detached signature (`<name>.p7s`); no database."""
    verdict = Verdict(subject=path.name)
    try:
        content = path.read_bytes()
    except OSError as error:
        verdict.blame(f"Le fichier ne peut pas être lu : {error.strerror}.", "unreadable")
        return verdict
    if content[:5] == b"%PDF-":
        _verify_pdf(verdict, content)
    else:
        _verify_json(verdict, content, path)
    return verdict


def _verify_pdf(verdict: Verdict, content: bytes) -> None:
    _judge(verdict, verify_pdf(content), "cachet du PDF")
    if verdict.outcome != "intact":
        return
    with pikepdf.open(BytesIO(content)) as document:
        attached = [
            spec.get_file().read_bytes() for name, spec in document.attachments.items() if name.endswith(".json")
        ]
    if len(attached) != 1:
        verdict.blame("Ce PDF ne porte pas le contenu d’un dossier d’évaluation.", "unreadable")
        return
    _check_canonical(verdict, attached[0])


def _verify_json(verdict: Verdict, content: bytes, path: Path) -> None:
    signature = path.with_name(f"{path.name}.p7s")
    if not signature.exists():
        verdict.blame(f"Le cachet détaché « {signature.name} » doit se trouver à côté du fichier JSON.", "unreadable")
        return
    _judge(verdict, verify_bytes(content, signature.read_bytes()), "cachet du contenu")
    if verdict.outcome == "intact":
        _check_canonical(verdict, content)


def _check_canonical(verdict: Verdict, payload: bytes) -> None:
    try:
        parsed = parse_payload(payload)
    except (ValueError, KeyError, TypeError):
        verdict.blame("Ce fichier n’est pas le contenu d’un dossier d’évaluation.", "unreadable")
        return
    if canonical_json(parsed) != payload:
        verdict.blame("Le contenu n’est pas écrit sous sa forme canonique.")
    verdict.checked.append(f"contenu du dossier {parsed.get('reference', '')}")


def _judge(verdict: Verdict, verification: Verification, what: str) -> None:
    verdict.checked.append(what)
    if verification.status is Status.INTACT:
        if not any(check.trusted for check in verification.signatures):
            verdict.blame(f"Le {what} n’est pas celui de cette plateforme.")
        return
    unreadable = verification.status in (Status.UNREADABLE, Status.UNSIGNED)
    verdict.blame(f"{what.capitalize()} : {verification.reason}", "unreadable" if unreadable else "altered")


def _hash_file(path: str) -> str:
    digest = hashlib.sha256()
    with private_storage().open(path) as file:
        for chunk in iter(lambda: file.read(1 << 20), b""):
            digest.update(chunk)
    return digest.hexdigest()

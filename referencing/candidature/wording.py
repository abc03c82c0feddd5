"""How states and events are said to each reader: the editor hears what it means for them, agents what there is to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from convergence.ui.typography import format_date, format_datetime
from convergence.ui.values import Badge, Tone
from referencing.candidature.enums import (
    COMMISSION_STATES,
    CandidatureState,
    Holder,
    Outcome,
    ProducerQuestionState,
    Proposal,
    RequestKind,
    Ruling,
    Severity,
    Side,
)
from referencing.enrolment.enums import Api, Direction

if TYPE_CHECKING:
    from referencing.candidature.models import ProducerQuestion


class Audience(Enum):
    """Who reads a page of a file."""

    EDITOR = "editor"
    AGENT = "agent"
    EXPERT = "expert"


TONES: dict[str, Tone] = {
    CandidatureState.NEW: "new",
    CandidatureState.APPLIED: "info",
    CandidatureState.ADMISSIBILITY: "info",
    CandidatureState.EVALUATION: "info",
    CandidatureState.READY_COMMISSION: "success",
    CandidatureState.SCHEDULED: "info",
    CandidatureState.OPINION: "info",
    CandidatureState.RESERVATIONS: "warning",
    CandidatureState.MINISTER: "info",
    CandidatureState.APPROVED: "success",
    CandidatureState.LISTED: "success",
    CandidatureState.PRE_LISTED: "success",
    CandidatureState.REFUSED: "error",
    CandidatureState.RESCINDED: "error",
    CandidatureState.INADMISSIBLE: "error",
    CandidatureState.CANCELLED: "neutral",
    CandidatureState.WITHDRAWN: "neutral",
    CandidatureState.ABANDONED: "neutral",
}


#: States said otherwise than in the enumeration, which speaks to the listing team.
_EDITOR_STATES: dict[str, str] = {
    CandidatureState.APPLIED: "Déposée, en attente de prise en charge",
    CandidatureState.ADMISSIBILITY: "Recevabilité en cours d’examen",
    CandidatureState.EVALUATION: "En cours d’évaluation",
    CandidatureState.READY_COMMISSION: "En attente de la commission",
    CandidatureState.SCHEDULED: "Bientôt examinée par la commission",
    CandidatureState.OPINION: "Avis de la commission rendu",
    CandidatureState.RESERVATIONS: "Réserves à lever",
    CandidatureState.MINISTER: "En attente de la décision du ministre",
    CandidatureState.APPROVED: "Décision du ministre rendue",
    CandidatureState.REFUSED: "Décision du ministre rendue",
    CandidatureState.ABANDONED: "Close par abandon",
}
_EXPERT_STATES: dict[str, str] = {
    CandidatureState.EVALUATION: "À évaluer",
    **dict.fromkeys([CandidatureState.READY_COMMISSION, *COMMISSION_STATES], "Évaluation terminée"),
}
_STATES: dict[Audience, Mapping[str, str]] = {
    Audience.EDITOR: _EDITOR_STATES,
    Audience.AGENT: {},
    Audience.EXPERT: _EXPERT_STATES,
}


def say_state(state: str, *, audience: Audience = Audience.AGENT) -> str:
    return _STATES[audience].get(state) or str(CandidatureState(state).label)


#: The editor learns the sense of an act by taking note of it, which notifies it (A-32): the file itself does not tell.
VEILED_STATES = (CandidatureState.APPROVED, CandidatureState.REFUSED)


def state_badge(state: str, *, audience: Audience = Audience.AGENT) -> Badge:
    is_veiled = audience is Audience.EDITOR and state in VEILED_STATES
    return Badge(say_state(state, audience=audience), tone="info" if is_veiled else TONES[state])


#: Who has the ball, as (subject, what they do), for agents.
AGENT_BALLS: dict[str, tuple[str, str]] = {
    Holder.EDITOR: ("L’éditeur", "doit répondre"),
    Holder.PRODUCER: ("L’éditeur producteur", "doit répondre sur sa solution"),
    Holder.LISTING_TEAM: ("L’équipe de référencement", "doit avancer sur ce dossier"),
    Holder.EXPERTS: ("Les experts", "évaluent les critères"),
    Holder.TESTS: ("L’équipe de tests", "suit les tests de connexion"),
    Holder.COMMISSION: ("La commission", "examine ce dossier"),
    Holder.MINISTRY: ("Le ministère", "décide"),
    Holder.NOBODY: ("Personne", "n’a plus rien à faire : ce dossier est clos"),
}
#: The same, for the editor.
EDITOR_BALLS: dict[str, tuple[str, str]] = {
    Holder.EDITOR: ("Vous", "devez répondre à ce qui vous est demandé"),
    Holder.PRODUCER: ("L’éditeur producteur", "doit répondre sur des réponses que vous avez récupérées"),
    Holder.LISTING_TEAM: ("L’équipe de référencement", "examine votre dossier"),
    Holder.EXPERTS: ("Les experts", "évaluent votre dossier"),
    Holder.TESTS: ("L’équipe de tests", "examine vos tests de connexion"),
    Holder.COMMISSION: ("La commission", "examine votre dossier"),
    Holder.MINISTRY: ("Le ministère", "décide du référencement de votre service"),
    Holder.NOBODY: ("Personne", "n’a plus rien à faire : cette candidature est close"),
}


#: What is asked of a producer about a recovered answer, by state.
_PRODUCER_TONES: dict[str, Tone] = {
    ProducerQuestionState.OPEN: "new",
    ProducerQuestionState.ANSWERED: "info",
    ProducerQuestionState.LIFTED: "success",
    ProducerQuestionState.MAINTAINED: "error",
    ProducerQuestionState.LAPSED: "warning",
}


def producer_question_badge(question: ProducerQuestion) -> Badge:
    if question.state == ProducerQuestionState.OPEN and question.severity == Severity.OBSERVATION:
        return Badge("Pour information", tone="info")
    if question.waits and question.due_on and question.due_on < timezone.localdate():
        return Badge("En retard", tone="error")
    return Badge(question.get_state_display(), tone=_PRODUCER_TONES.get(question.state, "neutral"))


def ball_words(holder: str, *, is_instructor: bool) -> tuple[str, str]:
    return (AGENT_BALLS if is_instructor else EDITOR_BALLS)[holder]


def say_answer_by(side: str, *, is_instructor: bool) -> str:
    """Whose answer a letter waits for, as this reader is told."""
    is_own = side == (Side.TEAM if is_instructor else Side.EDITOR)
    if is_own:
        return "Attend notre réponse" if is_instructor else "Attend votre réponse"
    return "Attend la réponse de l’éditeur" if is_instructor else "Attend la réponse de l’équipe"


def theme_badge(holder: str, *, is_concluded: bool, is_asked: bool = False, audience: Audience) -> Badge:
    """Where the evaluation of one theme stands; the editor reads a coarse word that tells no verdict."""
    if audience is Audience.EDITOR:
        if is_concluded:
            return Badge("Évaluation terminée", tone="success")
        if is_asked:
            return Badge("Attend votre réponse", tone="new")
        return Badge("En cours d’évaluation", tone="info")
    if is_concluded:
        return Badge("Conclu", tone="success") if holder == Holder.NOBODY else Badge("Seconde lecture", tone="new")
    return Badge(
        str(Holder(holder).label) if holder else "En cours",
        tone="warning" if holder in (Holder.EDITOR, Holder.PRODUCER) else "info",
    )


@dataclass(frozen=True, slots=True)
class Words:
    """What happened, said to each side. An empty `editor` keeps the event between agents whatever its row says.

    `told`: details (keys of the event’s data) that the editor reads too; agents read every detail that `DETAILS` names.
    """

    agent: str
    editor: str = ""
    told: tuple[str, ...] = ()


#: One entry per kind that `services.journal.tell` receives.
EVENTS: dict[str, Words] = {
    # the file itself
    "applied": Words("Candidature déposée", "Candidature déposée", told=("dossier",)),
    "cancelled": Words("Candidature annulée par l’éditeur", "Candidature annulée"),
    "withdrawn": Words("Candidature retirée par l’éditeur", "Candidature retirée", told=("reason",)),
    "taken": Words("Prise en charge", "Candidature prise en charge", told=("referent",)),
    "referent_changed": Words("Changement de référent", "Changement de référent", told=("referent",)),
    "checklist_answered": Words("Liste de recevabilité complétée"),
    "admissible": Words("Déclarée recevable", "Candidature recevable : l’évaluation commence"),
    "inadmissible": Words("Déclarée irrecevable", "Candidature irrecevable", told=("reason",)),
    "expert_assigned": Words("Expert désigné"),
    "expert_removed": Words("Expert déchargé"),
    "verdict_given": Words("Verdict rendu"),
    "verdicts_carried": Words("Verdicts repris d’une candidature précédente"),
    "theme_concluded": Words("Évaluation d’un thème conclue", "Évaluation d’un thème terminée", told=("theme",)),
    "theme_reopened": Words("Évaluation d’un thème rouverte", "Évaluation d’un thème reprise", told=("theme",)),
    "visa_given": Words("Visa de seconde lecture donné"),
    "visa_refused": Words("Seconde lecture : thème renvoyé à son auteur"),
    "concluded": Words("Évaluation conclue", "Instruction terminée : votre dossier va à la commission"),
    "concluded_proposal": Words("Proposition faite à la commission"),
    "reopened": Words("Évaluation rouverte", "L’évaluation de votre dossier reprend"),
    "reopened_reason": Words("Motif de la réouverture"),
    # the commission
    "scheduled": Words(
        "Inscrite à l’ordre du jour de la commission", "Dossier à l’ordre du jour de la commission", told=("held_on",)
    ),
    "postponed": Words("Examen reporté à une autre séance", "Examen reporté à une prochaine séance de la commission"),
    "postponed_reason": Words("Motif du report"),
    "adjourned": Words(
        "Sursis à statuer : la commission demande des documents",
        "La commission demande des documents avant de rendre son avis",
        told=("reason",),
    ),
    "producer_left": Words("La solution de l’éditeur producteur n’est plus pré-référencée"),
    "pre_listed": Words("Solution pré-référencée", "Votre solution est pré-référencée", told=("dossier",)),
    "pre_listing_suspend": Words(
        "Pré-référencement suspendu", "Votre pré-référencement est suspendu", told=("reason",)
    ),
    "pre_listing_resume": Words("Pré-référencement rétabli", "Votre pré-référencement est rétabli"),
    "pre_listing_revoke": Words("Pré-référencement abrogé", "Votre pré-référencement est abrogé", told=("reason",)),
    "pre_listing_withdraw": Words(
        "Pré-référencement retiré par l’éditeur", "Pré-référencement retiré", told=("reason",)
    ),
    "interest_declared": Words("Une personne quitte le dossier après avoir déclaré un lien d’intérêts"),
    "reminded": Words("Relance de l’éditeur", "Relance", told=("what", "due_on")),
    "lapsed": Words("Abandon constaté", "Candidature close par abandon", told=("reason",)),
    "scope_reduced": Words(
        "Périmètre réduit par l’éditeur", "Périmètre réduit", told=("given_up", "criteria", "addendum", "reason")
    ),
    # the minister’s acts, which the editor reads on their own page once it takes note of them
    "decision_signed": Words("Décision du ministre signée", "Une décision du ministre vous attend", told=("decision",)),
    "decision_notified": Words("Décision notifiée à l’éditeur", "Décision notifiée", told=("decision", "act")),
    "appeal_lodged": Words("Recours formé par l’éditeur", "Recours formé", told=("decision",)),
    "appeal_answered": Words("Réponse donnée à un recours", "Réponse donnée à votre recours", told=("decision",)),
    "sent_back_instruction": Words("Dossier repris : retour à l’instruction", "L’évaluation de votre dossier reprend"),
    "sent_back_commission": Words(
        "Dossier repris : nouvel examen par la commission", "La commission va examiner de nouveau votre dossier"
    ),
    "sent_back_reconsidered": Words(
        "Dossier repris : le ministre décide de nouveau", "Le ministre va décider de nouveau"
    ),
    "court_suspend": Words("Décision suspendue par le juge", "Décision suspendue par le juge", told=("decision",)),
    "court_reject": Words("Requête rejetée par le juge", "Requête rejetée par le juge", told=("decision",)),
    "court_annul": Words("Décision annulée par le juge", "Décision annulée par le juge", told=("decision",)),
    "court_end": Words("Désistement ou non-lieu", "Désistement ou non-lieu", told=("decision",)),
    "published": Words(
        "Service publié au catalogue", "Votre service est référencé : il figure au catalogue", told=("until",)
    ),
    # requests and non-conformities
    "request_sent": Words(
        "Demande à l’éditeur", "Demande de l’équipe d’instruction", told=("number", "kind", "criteria", "due_on")
    ),
    "request_withdrawn": Words("Demande retirée", "Demande retirée", told=("number", "reason")),
    "request_reminded": Words("Relance de l’éditeur", "Relance d’une demande", told=("number",)),
    "formal_reminder_sent": Words("Mise en demeure", "Mise en demeure", told=("number", "grace_until")),
    "answers_sent": Words(
        "Réponses de l’éditeur à une demande", "Réponses envoyées", told=("number", "criteria", "addendum")
    ),
    "extension_asked": Words("Délai demandé par l’éditeur", "Délai demandé", told=("number", "wanted_on", "reason")),
    "extension_granted": Words("Délai accordé", "Délai accordé", told=("number", "due_on", "reason")),
    "extension_refused": Words("Délai refusé", "Délai refusé", told=("number", "reason")),
    # asked of the producer of a solution: the distributor learns that it is, on what and until when
    "producer_asked": Words(
        "Demande à l’éditeur producteur",
        "En attente de l’éditeur producteur sur une réponse récupérée",
        told=("due_on",),
    ),
    "producer_reminded": Words("Relance de l’éditeur producteur"),
    "producer_extended": Words(
        "Délai accordé à l’éditeur producteur", "Délai accordé à l’éditeur producteur", told=("due_on",)
    ),
    "producer_delay_asked": Words("Délai demandé par l’éditeur producteur"),
    "producer_delay_refused": Words("Délai refusé à l’éditeur producteur"),
    "producer_answered": Words("Réponse de l’éditeur producteur", "L’éditeur producteur a répondu", told=("addendum",)),
    "producer_withdrawn": Words(
        "Demande à l’éditeur producteur retirée", "L’éditeur producteur n’a plus à répondre sur ce critère"
    ),
    "producer_lapsed": Words(
        "Absence de réponse de l’éditeur producteur constatée",
        "L’éditeur producteur n’a pas répondu : répondez vous-même",
    ),
    "producer_lift": Words(
        "Non-conformité de la réponse récupérée levée", "L’éditeur producteur n’a plus à répondre sur ce critère"
    ),
    "producer_maintain": Words(
        "Non-conformité de la réponse récupérée maintenue",
        "La réponse de l’éditeur producteur ne suffit pas : vous pouvez répondre vous-même",
    ),
    "producer_reopen": Words(
        "Non-conformité de la réponse récupérée rouverte",
        "En attente de l’éditeur producteur sur une réponse récupérée",
        told=("due_on",),
    ),
    "own_answer_chosen": Words(
        "Le distributeur répond lui-même à la place de l’éditeur producteur",
        "Vous répondez vous-même à la place de l’éditeur producteur",
        told=("number",),
    ),
    "non_conformity_opened": Words(
        "Non-conformité ouverte", "Non-conformité relevée", told=("number", "severity", "due_on")
    ),
    "non_conformity_reminded": Words("Relance d’une non-conformité", "Relance d’une non-conformité", told=("number",)),
    "non_conformity_answered": Words(
        "Réponse de l’éditeur à une non-conformité", "Réponse à une non-conformité", told=("number", "addendum")
    ),
    "non_conformity_lifted": Words("Non-conformité levée", "Non-conformité levée", told=("number", "reason")),
    "non_conformity_maintained": Words(
        "Non-conformité maintenue", "Non-conformité maintenue", told=("number", "reason")
    ),
    "non_conformity_reopened": Words(
        "Non-conformité rouverte", "Non-conformité rouverte", told=("number", "due_on", "reason")
    ),
    # what the commission said, and what follows
    "opinion_given": Words("Avis de la commission", "Avis de la commission", told=("opinion",)),
    "reservation_answered": Words("Réponse de l’éditeur à une réserve", "Réponse à une réserve", told=("number",)),
    "reservation_lifted": Words("Réserve levée", "Réserve levée", told=("number", "reason")),
    "reservation_sent_back": Words(
        "Réserve : autre réponse demandée", "Réserve : autre réponse attendue", told=("number", "due_on", "reason")
    ),
    "reservation_overdue": Words(
        "Réserve : échéance dépassée", "Réserve : échéance dépassée", told=("number", "due_on")
    ),
    "reservations_lifted": Words("Réserves suspensives levées", "Réserves suspensives levées"),
    "sent_to_re_examination": Words("Représentée à la commission", "Nouvel examen par la commission", told=("reason",)),
    "transmitted": Words("Transmise au ministre", "Dossier transmis au ministre, qui décide"),
    # discussions and pins of the workspace
    "discussion_opened": Words("Discussion ouverte", "Discussion ouverte sur un critère"),
    "discussion_answered": Words("Message dans une discussion", "Message dans une discussion"),
    "discussion_resolve": Words("Discussion résolue", "Discussion résolue"),
    "discussion_close": Words("Discussion close", "Discussion close"),
    "discussion_resume": Words("Discussion reprise", "Discussion reprise"),
    "discussion_reopen": Words("Discussion rouverte", "Discussion rouverte"),
    "pin_added": Words("Repère posé sur une preuve", "Repère posé sur une de vos preuves"),
    "pin_resolved": Words("Repère résolu", "Repère résolu"),
    "pin_reopened": Words("Repère rouvert", "Repère rouvert"),
    # correspondence
    "message_sent": Words("Message à l’éditeur", "Message de l’équipe de référencement", told=("subject",)),
    "message_received": Words("Message de l’éditeur", "Message envoyé", told=("subject",)),
    "call_noted": Words("Appel téléphonique noté", "Appel téléphonique noté", told=("subject",)),
    "meeting_noted": Words("Réunion notée", "Réunion notée", told=("subject",)),
    "mail_filed": Words("Courrier reçu, classé au dossier", "Courrier reçu, classé au dossier", told=("subject",)),
    "letter_answered": Words(
        "Échange marqué comme ayant reçu sa réponse", "Échange marqué comme ayant reçu sa réponse", told=("subject",)
    ),
    # connection tests
    "tests_opened": Words("Campagne de tests ouverte", "Tests de connexion à faire", told=("reason",)),
    "tests_coach_named": Words("Accompagnateur désigné", "Accompagnateur désigné", told=("coach",)),
    "tests_unit_declared": Words("Tests unitaires déclarés", "Tests unitaires déclarés"),
    "tests_keys_sent": Words("Clés et cahier de tests envoyés", "Clés et cahier de tests envoyés", told=("to",)),
    "tests_begun": Words("Tests de bout en bout commencés", "Tests de bout en bout commencés"),
    "tests_recette_submitted": Words("Dossier de recette déposé", "Dossier de recette déposé"),
    "tests_recette_sent_back": Words("Tests renvoyés à l’éditeur", "Tests à refaire", told=("lines",)),
    "tests_recette_accepted": Words("Dossier de recette accepté", "Dossier de recette accepté"),
    "tests_slot_proposed": Words("Créneau de raccordement proposé", "Créneau de raccordement proposé"),
    "tests_slot_booked": Words("Raccordement fixé", "Raccordement fixé"),
    "tests_slot_cancelled": Words("Créneau de raccordement annulé", "Créneau de raccordement annulé", told=("reason",)),
    "tests_started": Words("Raccordement commencé", "Raccordement commencé"),
    "tests_line_disputed": Words("Remarque contestée par l’éditeur", "Remarque contestée", told=("lines", "reason")),
    "tests_dispute_judged": Words("Contestation tranchée", "Contestation tranchée", told=("lines", "reason")),
    "tests_narrowed": Words("Tests retirés avec le périmètre réduit", "Tests retirés du cahier", told=("lines",)),
    "tests_passed": Words("Tests de connexion réussis", "Tests de connexion réussis"),
    "tests_failed": Words("Tests de connexion en échec", "Tests de connexion en échec", told=("reason",)),
    "tests_cancelled": Words("Campagne de tests annulée", "Campagne de tests annulée", told=("reason",)),
    # life of the listing
    "renewal_started": Words("Renouvellement commencé par l’éditeur", "Renouvellement commencé"),
    "extension_started": Words("Nouveau périmètre d’échange en préparation", "Nouveau périmètre en préparation"),
    "application_started": Words("Nouvelle candidature en préparation", "Nouvelle candidature en préparation"),
    "scope_extended": Words("Nouveau périmètre publié", "Nouveau périmètre publié"),
    "listing_renewed": Words("Référencement renouvelé", "Votre référencement est renouvelé", told=("until",)),
    "listing_extended": Words("Référencement prolongé", "Votre référencement est prolongé", told=("until",)),
    "listing_expired": Words("Référencement expiré", "Votre référencement a pris fin", told=("until",)),
    "listing_suspended": Words("Référencement suspendu", "Votre référencement est suspendu", told=("reason",)),
    "listing_reinstated": Words("Référencement rétabli", "Votre référencement est rétabli"),
    "listing_withdrawn": Words("Référencement retiré", "Votre référencement est retiré", told=("reason",)),
    "listing_withdrawn_by_editor": Words(
        "Service retiré du catalogue par l’éditeur", "Service retiré du catalogue", told=("reason",)
    ),
    "decision_fell": Words("Décision privée d’effet", "Une décision n’a plus d’effet"),
    "decision_held": Words("Décision suspendue par le juge", "Décision suspendue par le juge"),
    "version_minor": Words("Version mineure déclarée", "Version déclarée", told=("version",)),
    "version_major": Words(
        "Version majeure déclarée", "Version majeure déclarée : déclaration à mettre à jour", told=("version", "due_on")
    ),
    "version_submitted": Words("Mise à jour de la déclaration reçue", "Mise à jour transmise", told=("version",)),
    "version_accepted": Words("Mise à jour acceptée", "Mise à jour acceptée", told=("version",)),
    "version_refused": Words("Mise à jour refusée", "Mise à jour refusée", told=("version", "reason")),
    "procedure_proposed": Words("Mesure proposée au ministère"),
    "procedure_opened": Words("Procédure contradictoire ouverte", "Le ministère envisage une mesure", told=("what",)),
    "observations_given": Words("Observations de l’éditeur reçues", "Observations transmises"),
    "procedure_dropped": Words("Procédure abandonnée", "Le ministère abandonne la procédure", told=("reason",)),
    "formal_notice": Words("Mise en demeure adressée", "Mise en demeure reçue", told=("due_on",)),
    "notice_lifted": Words("Mise en demeure levée", "Mise en demeure levée"),
    "publication_late": Words("Publication en retard", "Publication en retard", told=("due_on",)),
    "audit_planned": Words("Audit décidé"),
    "audit_announced": Words("Audit annoncé", "Audit annoncé", told=("starts_on",)),
    "audit_started": Words("Audit commencé", "Audit commencé : documents attendus", told=("due_on",)),
    "audit_filed": Words("Documents d’audit reçus", "Documents transmis"),
    "audit_complements": Words("Compléments demandés pour l’audit", "Compléments demandés", told=("due_on",)),
    "audit_visit": Words("Visite sur place consignée", "Visite sur place consignée", told=("what",)),
    "audit_reported": Words("Rapport d’audit établi", "Rapport d’audit établi"),
    "audit_favourable": Words("Audit conclu favorablement", "Audit conclu favorablement", told=("reason",)),
    "audit_unfavourable": Words(
        "Audit : mise en demeure proposée", "Audit : mise en demeure proposée au ministère", told=("reason",)
    ),
    "audit_cancelled": Words("Audit annulé", "Audit annulé", told=("reason",)),
}

#: Details that may be read, with their label; what is not here stays in the journal.
DETAILS = {
    "number": "Numéro",
    "kind": "Nature",
    "severity": "Gravité",
    "campaign": "Campagne",
    "dossier": "Dossier",
    "decision": "Décision",
    "act": "Acte",
    "addendum": "Additif",
    "given_up": "Échanges abandonnés",
    "starts_at": "Le",
    "held_on": "Séance du",
    "wanted_on": "Date souhaitée",
    "grace_until": "Dernier délai",
    "until": "Jusqu’au",
    "what": "Objet",
    "due_on": "Échéance",
    "starts_on": "À partir du",
    "version": "Version",
    "person": "Personne",
    "referent": "Référent",
    "previous": "Auparavant",
    "theme": "Thème",
    "expert": "Expert",
    "criteria": "Critères",
    "outcome": "Verdict",
    "proposal": "Proposition",
    "opinion": "Avis",
    "subject": "Objet",
    "lines": "Tests",
    "to": "Destinataire",
    "coach": "Accompagnateur",
    "reason": "Motif",
}
_VALUES: dict[str, dict[str, str]] = {
    key: {str(value): str(label) for value, label in choices}
    for key, choices in (
        ("outcome", Outcome.choices),
        ("proposal", Proposal.choices),
        ("kind", RequestKind.choices),
        ("severity", Severity.choices),
        ("ruling", Ruling.choices),
        (
            "given_up",
            [(f"{api}-{way}", f"{api.label} ({way.label.lower()})") for api in Api for way in Direction],
        ),
    )
}
#: Details that are days.
DATES = {"due_on", "wanted_on", "grace_until", "held_on", "until", "starts_on"}


def say_event(kind: str, *, audience: Audience) -> str:
    """Empty when this audience is not told of such an event."""
    words = EVENTS.get(kind)
    if audience is Audience.EDITOR:
        return words.editor if words else ""
    return words.agent if words else kind


def list_details(
    kind: str, data: Mapping[str, Any], *, audience: Audience, themes: Mapping[str, str]
) -> list[tuple[str, str]]:
    """(label, text) of what the event’s data says to this audience; `themes`: titles by code."""
    words = EVENTS.get(kind)
    told = words.told if words else ()
    return [
        (label, _say_value(key, data[key], themes))
        for key, label in DETAILS.items()
        if (key in told or audience is not Audience.EDITOR)
        and data.get(key) not in (None, "", [])
        and not isinstance(data[key], dict)
    ]


def _say_value(key: str, value: Any, themes: Mapping[str, str]) -> str:
    if isinstance(value, list):
        return ", ".join(_say_value(key, item, themes) for item in value)
    if key == "theme":
        return themes.get(str(value), str(value))
    if key in DATES:
        return format_date(date.fromisoformat(value))
    if key == "starts_at":
        return format_datetime(datetime.fromisoformat(value))
    return _VALUES.get(key, {}).get(str(value), str(value))


#: What the silence of the administration means, by regime of the démarche’s settings (A-17).
SILENCE_EFFECTS = {"acceptance": "le silence vaut acceptation", "rejection": "le silence vaut rejet"}


def effect_of_silence(silence: Mapping[str, Any]) -> str:
    """« le silence vaut rejet »; neutral while the operator has not set the regime."""
    return SILENCE_EFFECTS.get(silence.get("regime", ""), "le silence produit ses effets")

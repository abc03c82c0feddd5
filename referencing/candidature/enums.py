from django.db import models


class CandidatureState(models.TextChoices):
    NEW = "new", "En préparation"
    APPLIED = "applied", "Déposée"
    ADMISSIBILITY = "admissibility", "Recevabilité en cours"
    EVALUATION = "evaluation", "Évaluation en cours"
    READY_COMMISSION = "ready_commission", "Prête pour la commission"
    SCHEDULED = "scheduled", "Inscrite à l’ordre du jour"
    OPINION = "opinion", "Avis rendu"
    RESERVATIONS = "reservations", "Réserves à lever"
    MINISTER = "minister", "Transmise au ministre"
    APPROVED = "approved", "Référencement décidé"
    LISTED = "listed", "Référencée"
    PRE_LISTED = "pre_listed", "Pré-référencée"
    REFUSED = "refused", "Référencement refusé"
    RESCINDED = "rescinded", "Décision annulée ou abrogée"
    INADMISSIBLE = "inadmissible", "Irrecevable"
    CANCELLED = "cancelled", "Annulée"
    WITHDRAWN = "withdrawn", "Retirée"
    ABANDONED = "abandoned", "Abandonnée"


#: The file is with those who instruct it, or waits for a session.
INSTRUCTION_STATES = [
    CandidatureState.APPLIED,
    CandidatureState.ADMISSIBILITY,
    CandidatureState.EVALUATION,
    CandidatureState.READY_COMMISSION,
]

#: From the agenda of the commission to the decision: the editor may still withdraw (A-16).
COMMISSION_STATES = [
    CandidatureState.SCHEDULED,
    CandidatureState.OPINION,
    CandidatureState.RESERVATIONS,
    CandidatureState.MINISTER,
]

#: The minister decided; what follows is a new decision, never a withdrawal.
DECIDED_STATES = [
    CandidatureState.APPROVED,
    CandidatureState.LISTED,
    CandidatureState.REFUSED,
    CandidatureState.RESCINDED,
]

#: States that keep the enrolment from applying again (BR-096, A-16). A listed service may: for its renewal, or a new
#: exchange (A-31).
OPEN_STATES = [*INSTRUCTION_STATES, *COMMISSION_STATES, CandidatureState.APPROVED]

#: States that the editor may still leave by withdrawing (A-16).
WITHDRAWABLE_STATES = [
    CandidatureState.ADMISSIBILITY,
    CandidatureState.EVALUATION,
    CandidatureState.READY_COMMISSION,
    *COMMISSION_STATES,
]

#: The instruction is concluded: its proposal is known, its clock stands still.
CONCLUDED_STATES = [CandidatureState.READY_COMMISSION, *COMMISSION_STATES, *DECIDED_STATES]

#: States reached only through « recevable »: `admissible_at` is known.
ADMISSIBLE_STATES = [CandidatureState.EVALUATION, *CONCLUDED_STATES, CandidatureState.PRE_LISTED]

#: States that nobody took in charge yet, or ever.
UNTAKEN_STATES = [CandidatureState.NEW, CandidatureState.APPLIED, CandidatureState.CANCELLED]

TRANSITIONS: list[tuple[str, str]] = [
    (CandidatureState.NEW, CandidatureState.APPLIED),
    (CandidatureState.APPLIED, CandidatureState.ADMISSIBILITY),
    (CandidatureState.APPLIED, CandidatureState.CANCELLED),
    (CandidatureState.ADMISSIBILITY, CandidatureState.EVALUATION),
    (CandidatureState.ADMISSIBILITY, CandidatureState.INADMISSIBLE),
    (CandidatureState.ADMISSIBILITY, CandidatureState.ABANDONED),
    (CandidatureState.EVALUATION, CandidatureState.ABANDONED),
    (CandidatureState.EVALUATION, CandidatureState.PRE_LISTED),
    (CandidatureState.EVALUATION, CandidatureState.READY_COMMISSION),
    (CandidatureState.READY_COMMISSION, CandidatureState.EVALUATION),
    (CandidatureState.READY_COMMISSION, CandidatureState.SCHEDULED),
    (CandidatureState.SCHEDULED, CandidatureState.READY_COMMISSION),
    (CandidatureState.SCHEDULED, CandidatureState.EVALUATION),
    (CandidatureState.SCHEDULED, CandidatureState.OPINION),
    (CandidatureState.OPINION, CandidatureState.RESERVATIONS),
    (CandidatureState.OPINION, CandidatureState.READY_COMMISSION),
    (CandidatureState.OPINION, CandidatureState.MINISTER),
    (CandidatureState.RESERVATIONS, CandidatureState.OPINION),
    (CandidatureState.RESERVATIONS, CandidatureState.READY_COMMISSION),
    (CandidatureState.RESERVATIONS, CandidatureState.MINISTER),
    (CandidatureState.MINISTER, CandidatureState.APPROVED),
    (CandidatureState.MINISTER, CandidatureState.REFUSED),
    (CandidatureState.APPROVED, CandidatureState.LISTED),
    (CandidatureState.APPROVED, CandidatureState.RESCINDED),
    (CandidatureState.LISTED, CandidatureState.RESCINDED),
    *(
        (state, target)
        for state in (CandidatureState.REFUSED, CandidatureState.RESCINDED)
        for target in (CandidatureState.EVALUATION, CandidatureState.READY_COMMISSION, CandidatureState.MINISTER)
    ),
    *((state, CandidatureState.WITHDRAWN) for state in WITHDRAWABLE_STATES),
]


class Holder(models.TextChoices):
    """Who must act now (« la balle »)."""

    EDITOR = "editor", "Éditeur"
    PRODUCER = "producer", "Éditeur producteur"
    LISTING_TEAM = "listing_team", "Équipe de référencement"
    EXPERTS = "experts", "Experts"
    TESTS = "tests", "Équipe de tests"
    COMMISSION = "commission", "Commission"
    MINISTRY = "ministry", "Ministère"
    NOBODY = "nobody", "Personne"


class Proposal(models.TextChoices):
    """What the instruction proposes to the commission (T24, T24b)."""

    FAVOURABLE = "favourable", "Favorable"
    UNFAVOURABLE = "unfavourable", "Défavorable"


class Outcome(models.TextChoices):
    """Verdict on one criterion."""

    COMPLIANT = "compliant", "Conforme"
    NON_COMPLIANT = "non_compliant", "Non conforme"
    TO_COMPLETE = "to_complete", "À compléter"
    NOT_APPLICABLE = "not_applicable", "Sans objet"


class RequestKind(models.TextChoices):
    PIECES = "pieces", "Pièces manquantes"
    CRITERIA = "criteria", "Compléments sur des critères"


class RequestState(models.TextChoices):
    OPEN = "open", "En attente de réponse"
    ANSWERED = "answered", "Répondue"
    WITHDRAWN = "withdrawn", "Retirée"
    ENDED = "ended", "Close sans réponse"


REQUEST_TRANSITIONS: list[tuple[str, str]] = [
    (RequestState.OPEN, RequestState.ANSWERED),
    (RequestState.OPEN, RequestState.WITHDRAWN),
    (RequestState.OPEN, RequestState.ENDED),
]


class Severity(models.TextChoices):
    MAJOR = "major", "Majeure"
    MINOR = "minor", "Mineure"
    OBSERVATION = "observation", "Observation"


class NonConformityState(models.TextChoices):
    OPEN = "open", "Ouverte"
    ANSWERED = "answered", "Répondue"
    LIFTED = "lifted", "Levée"
    MAINTAINED = "maintained", "Maintenue"


NON_CONFORMITY_TRANSITIONS: list[tuple[str, str]] = [
    (NonConformityState.OPEN, NonConformityState.ANSWERED),
    (NonConformityState.ANSWERED, NonConformityState.LIFTED),
    (NonConformityState.ANSWERED, NonConformityState.MAINTAINED),
    (NonConformityState.OPEN, NonConformityState.MAINTAINED),
    (NonConformityState.OPEN, NonConformityState.LIFTED),
    (NonConformityState.LIFTED, NonConformityState.OPEN),
    (NonConformityState.MAINTAINED, NonConformityState.OPEN),
]


class ProducerQuestionKind(models.TextChoices):
    COMPLEMENT = "complement", "Complément"
    NON_CONFORMITY = "non_conformity", "Non-conformité"


class ProducerQuestionState(models.TextChoices):
    """What is asked of a producer about an answer that a distributor recovered (A-25)."""

    OPEN = "open", "En attente de l’éditeur producteur"
    ANSWERED = "answered", "Répondue"
    LIFTED = "lifted", "Levée"
    MAINTAINED = "maintained", "Maintenue"
    LAPSED = "lapsed", "Restée sans réponse"
    WITHDRAWN = "withdrawn", "Retirée"
    TAKEN_OVER = "taken_over", "Reprise par l’éditeur distributeur"
    ENDED = "ended", "Close avec la candidature"


PRODUCER_QUESTION_TRANSITIONS: list[tuple[str, str]] = [
    *(
        (ProducerQuestionState.OPEN, target)
        for target in (
            ProducerQuestionState.ANSWERED,
            ProducerQuestionState.LIFTED,
            ProducerQuestionState.MAINTAINED,
            ProducerQuestionState.LAPSED,
            ProducerQuestionState.WITHDRAWN,
            ProducerQuestionState.TAKEN_OVER,
            ProducerQuestionState.ENDED,
        )
    ),
    (ProducerQuestionState.ANSWERED, ProducerQuestionState.LIFTED),
    (ProducerQuestionState.ANSWERED, ProducerQuestionState.MAINTAINED),
    (ProducerQuestionState.LIFTED, ProducerQuestionState.OPEN),
    (ProducerQuestionState.MAINTAINED, ProducerQuestionState.OPEN),
    (ProducerQuestionState.MAINTAINED, ProducerQuestionState.TAKEN_OVER),
    (ProducerQuestionState.LAPSED, ProducerQuestionState.TAKEN_OVER),
    (ProducerQuestionState.LAPSED, ProducerQuestionState.ENDED),
]


class LetterKind(models.TextChoices):
    MESSAGE = "message", "Message"
    CALL = "call", "Appel téléphonique"
    MEETING = "meeting", "Réunion"
    INCOMING_MAIL = "incoming_mail", "Courrier reçu"


class StopReason(models.TextChoices):
    """Why the delays of a file do not run (A-19)."""

    PIECES = "pieces", "Pièces attendues de l’éditeur"
    ANSWERS = "answers", "Réponses attendues de l’éditeur"
    CONCLUDED = "concluded", "Instruction conclue"


class ReminderKind(models.TextChoices):
    SOON = "soon", "Échéance proche"
    PASSED = "passed", "Échéance dépassée"
    LEGAL = "legal", "Échéance légale proche"


class CheckResult(models.TextChoices):
    """What an agent answers on a line of the admissibility checklist."""

    YES = "yes", "Oui"
    NO = "no", "Non"
    NOT_APPLICABLE = "not_applicable", "Sans objet"


class DocumentKind(models.TextChoices):
    """Documents that the platform makes once for a file; the value stands in their address."""

    ACKNOWLEDGEMENT = "accuse-de-reception", "Accusé de réception"
    INADMISSIBILITY = "irrecevabilite", "Décision d’irrecevabilité"


class DiscussionState(models.TextChoices):
    OPEN = "open", "Ouverte"
    RESOLVED = "resolved", "Résolue"
    CLOSED = "closed", "Close"


DISCUSSION_TRANSITIONS: list[tuple[str, str]] = [
    (DiscussionState.OPEN, DiscussionState.RESOLVED),
    (DiscussionState.OPEN, DiscussionState.CLOSED),
    (DiscussionState.RESOLVED, DiscussionState.OPEN),
    (DiscussionState.RESOLVED, DiscussionState.CLOSED),
    (DiscussionState.CLOSED, DiscussionState.OPEN),
]

#: Themes whose experts open encrypted containers (A-14).
ENCRYPTED_THEMES = frozenset({"rgpd", "maturite-securite", "securite-echanges"})


class CampaignState(models.TextChoices):
    """Connection tests of a service that exchanges data (domain.md §3.3, X1–X9). « Sans objet » is computed, never a row."""

    UNIT_SELF_CHECK = "unit_self_check", "Tests unitaires"
    KEYS_SENT = "keys_sent", "Clés et cahier envoyés"
    E2E_RUNNING = "e2e_running", "Tests de bout en bout en cours"
    ACCEPTANCE_SUBMITTED = "acceptance_submitted", "Dossier de recette déposé"
    E2E_REDO = "e2e_redo", "Tests à refaire"
    CONNECTION_PLANNED = "connection_planned", "Raccordement à planifier"
    CONNECTION_RUNNING = "connection_running", "Raccordement en cours"
    REMARK_DISPUTED = "remark_disputed", "Remarque contestée"
    PASSED = "passed", "Tests réussis"
    FAILED = "failed", "Tests en échec"
    CANCELLED = "cancelled", "Campagne annulée"


#: A campaign that ended so leaves room for another one (X9).
REPLACEABLE_CAMPAIGN_STATES = [CampaignState.FAILED, CampaignState.CANCELLED]
#: Nothing moves any more.
ENDED_CAMPAIGN_STATES = [CampaignState.PASSED, *REPLACEABLE_CAMPAIGN_STATES]
LIVE_CAMPAIGN_STATES = [state for state in CampaignState if state not in ENDED_CAMPAIGN_STATES]
#: The editor fills the dossier de recette.
EDITOR_FILLS_STATES = [CampaignState.KEYS_SENT, CampaignState.E2E_RUNNING, CampaignState.E2E_REDO]
#: The tests team holds the ball, or shares it while a slot is being fixed.
TEAM_CAMPAIGN_STATES = [state for state in LIVE_CAMPAIGN_STATES if state not in EDITOR_FILLS_STATES]
#: The tests team fills the final workbook (BR-135).
FINAL_WORKBOOK_STATES = [CampaignState.CONNECTION_RUNNING, CampaignState.REMARK_DISPUTED]
#: Slots are proposed and booked.
SLOT_STATES = [CampaignState.CONNECTION_PLANNED, *FINAL_WORKBOOK_STATES]
#: The lead may declare failure: something was tested, and no dispute waits (X8).
FAILABLE_CAMPAIGN_STATES = [
    *EDITOR_FILLS_STATES,
    CampaignState.ACCEPTANCE_SUBMITTED,
    CampaignState.CONNECTION_PLANNED,
    CampaignState.CONNECTION_RUNNING,
]

CAMPAIGN_TRANSITIONS: list[tuple[str, str]] = [
    (CampaignState.UNIT_SELF_CHECK, CampaignState.KEYS_SENT),
    (CampaignState.KEYS_SENT, CampaignState.E2E_RUNNING),
    (CampaignState.E2E_RUNNING, CampaignState.ACCEPTANCE_SUBMITTED),
    (CampaignState.E2E_REDO, CampaignState.ACCEPTANCE_SUBMITTED),
    (CampaignState.ACCEPTANCE_SUBMITTED, CampaignState.E2E_REDO),
    (CampaignState.ACCEPTANCE_SUBMITTED, CampaignState.CONNECTION_PLANNED),
    (CampaignState.CONNECTION_PLANNED, CampaignState.CONNECTION_RUNNING),
    (CampaignState.CONNECTION_RUNNING, CampaignState.REMARK_DISPUTED),
    (CampaignState.REMARK_DISPUTED, CampaignState.CONNECTION_RUNNING),
    (CampaignState.CONNECTION_RUNNING, CampaignState.PASSED),
    *((state, CampaignState.FAILED) for state in FAILABLE_CAMPAIGN_STATES),
    *((state, CampaignState.CANCELLED) for state in LIVE_CAMPAIGN_STATES),
]


class TestResult(models.TextChoices):
    OK = "ok", "OK"
    KO = "ko", "KO"
    NOT_APPLICABLE = "na", "Sans objet"


class KeysChannel(models.TextChoices):
    """How the keys of the référencement environment were handed over: never through this platform."""

    SAFE = "safe", "Coffre-fort numérique partagé"
    ENCRYPTED_MAIL = "encrypted_mail", "Courriel chiffré"
    PHONE = "phone", "Téléphone"
    IN_PERSON = "in_person", "En main propre"


class Ruling(models.TextChoices):
    """What the lead says of a disputed remark."""

    UPHELD = "upheld", "Remarque maintenue"
    OVERTURNED = "overturned", "Remarque levée"


class Side(models.TextChoices):
    """The two sides of a file."""

    EDITOR = "editor", "L’éditeur"
    TEAM = "team", "L’équipe d’instruction"

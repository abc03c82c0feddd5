"""From text to plan: every thing wrong with a script at once, each at its line and column (docs/ecoscore.md)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from urllib.parse import SplitResult, urlsplit

from ecoscore.addresses import is_local_name, is_public, literal
from ecoscore.gdsl.commands import BROWSERS, COMMANDS, LONGEST_RUN_MS, RANGES, Command, Kind
from ecoscore.gdsl.nearest import Guesser
from ecoscore.gdsl.plan import Diagnostic, Instruction, Plan, Platform, Step, StepKind
from ecoscore.gdsl.scanner import Field, Line, scan, split_lines

#: Variables that every script may use, in milliseconds; whoever starts a measure gives its own values.
DEFAULT_VARIABLES: Mapping[str, str] = MappingProxyType({"PAUSEDURATION": "30000", "PAUSEAFTERLOAD": "3000"})
SECRET_PREFIX = "SECRET_"  # noqa: S105 the beginning of a name

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_STEP_NAME = re.compile(r"\w{1,64}")
_VARIABLE = re.compile(r"\$\{([^}]*)(\}?)")
_SECRET = re.compile(r"SECRET_[A-Z0-9_]+")
_PACKAGE = re.compile(r"[A-Za-z]\w*(?:\.[A-Za-z]\w*)+", re.ASCII)
_FILE = re.compile(r"[\w-][\w.-]*\.(?:apk|aab)", re.ASCII)
_DURATION = re.compile(r"(\d+)\s*(ms|s|min)", re.IGNORECASE)
_UNITS = {"ms": 1, "s": 1000, "min": 60_000}
_PREFIXES = {
    kind.value: kind for kind in StepKind if kind not in (StepKind.REFERENCE, StepKind.BACKGROUND, StepKind.OTHER)
}
_WORDS_OF_SECRETS = re.compile(
    r"pass ?word|passwd|\bpwd\b|mot ?de ?passe|\bmdp\b|secret|\bpin\b|\botp\b|jeton|token|code (?:confidentiel|secret|d.acc[eè]s)",
    re.IGNORECASE,
)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|[_\-.]+")


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found, in the order of the file. `plan` is there only when nothing forbids the measure."""

    diagnostics: tuple[Diagnostic, ...]
    plan: Plan | None
    is_final: bool = False
    is_empty: bool = False
    secrets: tuple[str, ...] = ()

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        return tuple(each for each in self.diagnostics if each.is_error)

    @property
    def blockers(self) -> tuple[Diagnostic, ...]:
        """What forbids the measure: errors; and the mandatory steps that are missing (W101), for a final one or without any step."""
        needs_steps = self.is_final or self.is_empty
        return tuple(each for each in self.diagnostics if each.is_error or (needs_steps and each.code == "W101"))


def check(
    text: str,
    platform: Platform = Platform.WEB,
    *,
    variables: Mapping[str, str] | None = None,
    allow_private: bool = False,
    final: bool = False,
) -> Checked:
    """Check a script and give its plan.

    `variables` add to and replace the default ones. `allow_private` accepts addresses of the bench’s own network, for a
    site on this machine. `final` makes the absence of a mandatory step a reason to refuse. `secrets` of the result are
    the names, without braces, that the bench must be given.
    """
    return _Check(platform, {**DEFAULT_VARIABLES, **(variables or {})}, allow_private).run(text, final)


def kind_of(step: str) -> StepKind:
    """The kind of a step by its name: REFERENCE, BACKGROUND, or its prefix before the first underscore."""
    if step in (StepKind.REFERENCE.value, StepKind.BACKGROUND.value):
        return StepKind(step)
    prefix, underscore, rest = step.partition("_")
    return _PREFIXES.get(prefix, StepKind.OTHER) if underscore and rest else StepKind.OTHER


class _OpenStep:
    """A step whose measureStop has not been read yet."""

    def __init__(self, line: Line, name: str) -> None:
        self.line = line.number
        self.column = line.fields[0].column
        self.name = name
        self.kind = kind_of(name)
        self.instructions: list[Instruction] = []


class _Check:
    """One check: walks the lines once, gathers diagnostics and parts."""

    def __init__(self, platform: Platform, variables: Mapping[str, str], allow_private: bool) -> None:
        self.platform = platform
        self.variables = variables
        self.allow_private = allow_private
        self.guesser = Guesser()
        self.diagnostics: list[Diagnostic] = []
        self.parts: list[Instruction | Step] = []
        self.open: _OpenStep | None = None
        self.first_lines: dict[str, int] = {}
        self.order: list[tuple[str, int]] = []
        self.pauses_ms = 0
        self.last_target = ""
        self.secrets: dict[str, None] = {}

    def run(self, text: str, final: bool) -> Checked:
        for line in scan(text):
            self.read(line)
        last = len(split_lines(text))
        if self.open is not None:
            self.say(
                self.open.line,
                self.open.column,
                "E007",
                f"L’étape « {self.open.name} » n’est pas fermée.",
                "measureStop",
            )
        self.look_at_the_whole(last)
        self.diagnostics.sort(key=lambda each: (each.line, each.column, each.code))
        checked = Checked(tuple(self.diagnostics), None, final, not self.order, tuple(self.secrets))
        return checked if checked.blockers else replace(checked, plan=Plan(self.platform, tuple(self.parts)))

    def say(self, line: int, column: int, code: str, message: str, suggestion: str = "") -> None:
        self.diagnostics.append(Diagnostic(line, column, code, message, suggestion))

    # one line

    def read(self, line: Line) -> None:
        name, given = line.fields[0], line.fields[1:]
        command = COMMANDS.get(name.text)
        if command is None:
            self.go_on_after(line, self.say_unknown(line, name))
            return
        if self.platform not in command.platforms:
            self.say(
                line.number,
                name.column,
                "E010",
                f"La commande « {name.text} » n’existe pas pour une application web.",
                "browserPrepareAndOpenForReference" if name.text in ("applicationStart", "applicationClear") else "",
            )
        args = self.read_arguments(line, command, given)
        if command.name == "measureStart":
            self.start(line, given, args)
        elif command.name == "measureStop":
            self.stop(line)
        else:
            self.add(line, command, args)

    def go_on_after(self, line: Line, meant: str) -> None:
        """Open or close the step that a wrong name meant, so that one slip is said once."""
        name, *args = (part.strip() for part in meant.split(","))
        if name == "measureStart" and (args := args or [field.text for field in line.fields[1:]]):
            self.start(line, (line.fields[1:] or line.fields)[:1], tuple(args[:1]))
        elif name == "measureStop" and self.open is not None:
            self.close()

    def say_unknown(self, line: Line, name: Field) -> str:
        """Say that this is no command; returns what it probably meant."""
        if _NAME.fullmatch(name.text):
            guess = self.guesser.guess(name.text)
            self.say(line.number, name.column, "E001", f"La commande « {_short(name.text)} » n’existe pas.", guess)
            return guess
        first = _NAME.match(name.text)
        if not name.text:
            message, guess = "Le nom de la commande manque avant la virgule.", ""
        elif first is None:
            message, guess = (
                f"« {_short(name.text)} » n’est pas un nom de commande.",
                self.guesser.guess(re.sub(r"[^A-Za-z0-9]", "", name.text)),
            )
        else:
            word = first.group() if first.group() in COMMANDS else self.guesser.guess(first.group())
            after = name.text[first.end()]
            rest = name.text[first.end() :].lstrip(" \t\u00a0\u202f;:=(").rstrip(");")
            if word and (after.isspace() or after in ";:=("):
                separator = "d’une espace" if after.isspace() else f"de « {after} »"
                message = f"Le nom de la commande est suivi {separator} : une virgule le sépare de ses paramètres."
                guess = ",".join([word, *([rest] if rest else []), *(field.text for field in line.fields[1:])])
            else:
                message = f"« {_short(name.text)} » n’est pas un nom de commande : lettres et chiffres seulement."
                guess = self.guesser.guess(re.sub(r"[^A-Za-z0-9]", "", name.text))
        self.say(line.number, name.column, "E002", message, _short(guess, 200))
        return guess

    def read_arguments(self, line: Line, command: Command, given: tuple[Field, ...]) -> tuple[str, ...]:
        """The arguments with their variables replaced; says which are missing, too many or not what they must be."""
        if len(given) == 1 and not given[0].text and not command.parameters:
            given = ()  # a comma too many after a command alone hurts nobody
        for parameter in command.parameters[len(given) : command.required]:
            self.say(
                line.number,
                line.end,
                "E003",
                f"Il manque un paramètre : {parameter.label}.",
                command.example,
            )
        args: list[str] = []
        for place, field in enumerate(given):
            if place >= len(command.parameters):
                self.say_extra(line, command, field)
                break
            parameter = command.parameters[place]
            if not field.text and parameter.kind is not Kind.TYPED:
                if parameter.default is None:
                    self.say(
                        line.number,
                        field.column,
                        "E003",
                        f"Il manque un paramètre : {parameter.label}.",
                        command.example,
                    )
                else:
                    args.append(parameter.default)
                continue
            value = self.substitute(line, field, parameter.kind)
            if value is not None:
                self.look_at(line, field, value, parameter.kind)
            args.append(field.text if value is None else value)
        return tuple(args)

    def say_extra(self, line: Line, command: Command, field: Field) -> None:
        if not command.parameters:
            message = f"La commande « {command.name} » n’a pas de paramètre."
        elif command.parameters[-1].kind in (Kind.TEXT, Kind.TYPED, Kind.STEP, Kind.URL):
            message = "Un paramètre de trop : la virgule n’est pas permise dans un paramètre."
        else:
            count = len(command.parameters)
            message = f"Un paramètre de trop : « {command.name} » en a {count} au plus. La virgule n’est pas permise dans un paramètre."
        self.say(line.number, field.column, "E004", message, command.signature)

    def substitute(self, line: Line, field: Field, kind: Kind) -> str | None:
        """The argument with its variables replaced, secrets left as written; None when one of them is wrong."""
        if "${" not in field.text:
            return field.text
        is_wrong = False

        def value(match: re.Match[str]) -> str:
            nonlocal is_wrong
            name, brace = match.groups()
            column = field.column + match.start()
            if not brace:
                self.say(
                    line.number, column, "E006", "L’accolade de la variable n’est pas fermée.", match.group() + "}"
                )
            elif name.startswith(SECRET_PREFIX) and not _SECRET.fullmatch(name):
                message = "Le nom d’un secret s’écrit en majuscules : ${SECRET_MOT_DE_PASSE}."
                plain = re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_")
                self.say(line.number, column, "E006", message, f"${{{plain}}}" if _SECRET.fullmatch(plain) else "")
            elif name.startswith(SECRET_PREFIX):
                if kind is Kind.TYPED:
                    self.secrets[name] = None
                    return match.group()
                self.say(line.number, column, "E006", "Un secret ne sert que dans enterText.")
            elif name in self.variables:
                return self.variables[name]
            else:
                known = ", ".join(f"${{{each}}}" for each in self.variables)
                guess = self.nearest_variable(name)
                self.say(
                    line.number,
                    column,
                    "E006",
                    f"La variable « {_short(name)} » n’existe pas. Variables : {known}.",
                    guess,
                )
            is_wrong = True
            return match.group()

        replaced = _VARIABLE.sub(value, field.text)
        return None if is_wrong else replaced

    def nearest_variable(self, name: str) -> str:
        plain = re.sub(r"[^A-Z0-9]", "", name.upper())
        for known in self.variables:
            if plain == re.sub(r"[^A-Z0-9]", "", known.upper()) or (len(plain) > 5 and known.startswith(plain[:6])):
                return f"${{{known}}}"
        return ""

    def look_at(self, line: Line, field: Field, value: str, kind: Kind) -> None:
        """Is this value what its parameter asks for?"""
        match kind:
            case Kind.MS | Kind.COUNT | Kind.RANK | Kind.PERCENT:
                self.look_at_number(line, field, value, kind)
            case Kind.STEP:
                if not _STEP_NAME.fullmatch(value):
                    guess = re.sub(r"_{2,}", "_", re.sub(r"\W", "_", value)).strip("_")[:64]
                    message = "Un nom d’étape se compose de lettres, de chiffres et de « _ », 64 caractères au plus."
                    self.say(line.number, field.column, "E002", message, guess)
            case Kind.PACKAGE:
                if not _PACKAGE.fullmatch(value):
                    message = f"« {_short(value)} » n’est pas un nom de paquet."
                    self.say(line.number, field.column, "E002", message, "fr.exemple.sante")
            case Kind.FILE:
                if not _FILE.fullmatch(value):
                    message = "Le fichier de l’application se nomme sans dossier et finit par .apk."
                    self.say(line.number, field.column, "E002", message, "exemple.apk")
            case Kind.BROWSER:
                if value.lower() not in BROWSERS:
                    message = f"Le banc n’a pas le navigateur « {_short(value)} »."
                    self.say(line.number, field.column, "E010", message, "setBrowser,chrome")
            case Kind.URL:
                self.look_at_url(line, field, value)

    def look_at_number(self, line: Line, field: Field, value: str, kind: Kind) -> None:
        low, high = RANGES[kind]
        if value.isascii() and value.isdigit():
            if len(value) <= 9 and low <= int(value) <= high:
                return
            message = f"« {_short(value)} » est hors des bornes : de {low} à {high}."
            self.say(line.number, field.column, "E005", message, str(high if int(value[:9]) > high else low))
            return
        message, guess = f"« {_short(value)} » n’est pas un nombre entier ({kind.value}).", ""
        if duration := _DURATION.fullmatch(value[:20]):
            guess = str(int(duration[1]) * _UNITS[duration[2].lower()]) if kind is Kind.MS else ""
        elif "#" in value:
            message = f"« {_short(value)} » n’est pas un nombre entier : un commentaire s’écrit sur sa propre ligne."
            guess = value.partition("#")[0].strip()
        self.say(line.number, field.column, "E005", message, guess)

    def look_at_url(self, line: Line, field: Field, value: str) -> None:
        reason, guess = _why_not(value, allow_private=self.allow_private)
        if reason:
            self.say(line.number, field.column, "E009", reason, guess)
        elif "@" in urlsplit(value).netloc:
            message = "L’adresse contient un identifiant ou un mot de passe en clair : saisissez-le dans la page, comme un secret."
            self.say(line.number, field.column, "W106", message, "enterText,${SECRET_MOT_DE_PASSE}")

    # steps

    def start(self, line: Line, given: tuple[Field, ...], args: tuple[str, ...]) -> None:
        name = args[0] if args else ""
        column = line.fields[0].column
        if self.open is not None:
            message = f"Une étape ne s’ouvre pas dans une autre : « {self.open.name} », ligne {self.open.line}, n’est pas fermée."
            self.say(line.number, column, "E007", message, "measureStop")
            self.close()
        if name:
            if name in self.first_lines:
                message = f"L’étape « {_short(name)} » existe déjà, ligne {self.first_lines[name]}."
                self.say(line.number, given[0].column, "E008", message, self.free_name(name))
            elif kind_of(name) is StepKind.OTHER and _STEP_NAME.fullmatch(name):
                self.say(
                    line.number,
                    given[0].column,
                    "W103",
                    "Le nom de l’étape ne commence par aucun préfixe connu : CHRGT_, ACTION_, SCROLL_ ou PAUSE_. Elle est notée comme une étape ACTION.",
                    _prefixed(name),
                )
            self.first_lines.setdefault(name, line.number)
            self.order.append((name, line.number))
        self.open = _OpenStep(line, name)

    def free_name(self, name: str) -> str:
        base = name[:60].rstrip("_")
        number = 2
        while f"{base}_{number}" in self.first_lines:
            number += 1
            if number > 20:
                return ""
        return f"{base}_{number}"

    def stop(self, line: Line) -> None:
        if self.open is None:
            message = "measureStop ne ferme aucune étape : measureStart manque plus haut."
            self.say(line.number, line.fields[0].column, "E007", message, "measureStart,CHRGT_…")
            return
        self.close()

    def close(self) -> None:
        step, self.open = self.open, None
        assert step is not None  # noqa: S101 - both callers looked
        if step.kind is StepKind.LOAD and not any(each.name.startswith("waitUntil") for each in step.instructions):
            message = "Une étape CHRGT attend le dernier élément de la page : sans attente, le temps de réponse n’est pas mesuré."
            self.say(step.line, step.column, "W102", message, "waitUntilText,…")
        self.parts.append(Step(step.line, step.name, step.kind, tuple(step.instructions)))

    def add(self, line: Line, command: Command, args: tuple[str, ...]) -> None:
        instruction = Instruction(line.number, command.name, args)
        if self.open is None:
            self.parts.append(instruction)
        else:
            self.open.instructions.append(instruction)
            if self.open.kind in (StepKind.PAUSE, StepKind.REFERENCE) and not command.is_passive:
                message = f"Une étape {self.open.kind.value} mesure le repos : « {command.name} » agit sur l’application, fermez l’étape avant."
                self.say(line.number, line.fields[0].column, "W104", message, "measureStop")
        if command.name == "pause" and args and args[0].isascii() and args[0].isdigit():
            self.pauses_ms += min(int(args[0][:9]), 10 * LONGEST_RUN_MS)
        if command.name == "enterText":
            if args and self.is_secret(args[0]):
                message = "Ce texte ressemble à un mot de passe : le script et son rapport sont lus par d’autres."
                self.say(line.number, line.fields[1].column, "W106", message, "enterText,${SECRET_MOT_DE_PASSE}")
        elif command.name.startswith("click"):
            self.last_target = args[0] if args else ""
        elif command.name in ("pressEnter", "browserGoToUrl"):
            self.last_target = ""

    def is_secret(self, text: str) -> bool:
        if not text or "${" in text:
            return False
        target = " ".join(_CAMEL.split(self.last_target[:200]))
        if _WORDS_OF_SECRETS.search(target) or _WORDS_OF_SECRETS.search(text[:200]):
            return True
        if not 8 <= len(text) <= 64 or " " in text or "@" in text:
            return False
        classes = (str.islower, str.isupper, str.isdigit, lambda letter: not letter.isalnum())
        return all(any(map(belongs, text)) for belongs in classes)

    # the whole script

    def look_at_the_whole(self, last: int) -> None:
        first_line = self.order[0][1] if self.order else 1
        last_line = self.order[-1][1] if self.order else last
        if not self.order or self.order[0][0] != StepKind.REFERENCE:
            where = self.first_lines.get(StepKind.REFERENCE)
            message = "La première étape d’une mesure finale est REFERENCE : le terminal sans l’application."
            if where:
                message = f"L’étape REFERENCE, ligne {where}, doit être la première."
            self.say(where or first_line, 1, "W101", message, "measureStart,REFERENCE")
        if not self.order or self.order[-1][0] != StepKind.BACKGROUND:
            where = self.first_lines.get(StepKind.BACKGROUND)
            message = "La dernière étape d’une mesure finale est BACKGROUND : l’application à l’arrière-plan."
            if where:
                message = f"L’étape BACKGROUND, ligne {where}, doit être la dernière."
            self.say(where or last_line, 1, "W101", message, "measureStart,BACKGROUND")
        if self.pauses_ms > LONGEST_RUN_MS:
            seconds = self.pauses_ms // 1000
            message = f"Les pauses durent {seconds} s en tout : le banc arrête une exécution au bout de {LONGEST_RUN_MS // 1000} s. Raccourcissez les pauses ou divisez le scénario."
            self.say(last_line, 1, "W105", message)


def _why_not(url: str, *, allow_private: bool) -> tuple[str, str]:
    """Why the bench does not go to this address, and what to write instead; two empty texts when it does."""
    wrong = "Cette adresse est mal écrite."
    if not url.isprintable() or url.split() != [url] or "\\" in url:
        return wrong, ""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        return wrong, ""
    if parts.scheme not in ("http", "https"):
        return "L’adresse doit commencer par https:// ou http://.", _with_scheme(url, parts)
    if not host:
        return "Il manque le nom du site après https://.", ""
    if allow_private:
        return "", ""
    try:
        address = literal(host)
    except ValueError:
        return wrong, ""
    if (address is not None and not is_public(address)) or (address is None and is_local_name(host)):
        return "Le banc ne va pas sur un réseau privé : indiquez une adresse publique.", ""
    return "", ""


def _with_scheme(url: str, parts: SplitResult) -> str:
    """`exemple.fr/a` or `htps://exemple.fr/a` as it was probably meant."""
    if parts.netloc:
        return f"https://{parts.netloc}{parts.path}"
    return f"https://{url}" if re.fullmatch(r"[\w-]+(?:\.[\w-]+)+(?::\d+)?(?:/.*)?", url[:200]) else ""


def _prefixed(name: str) -> str:
    """The same step name with a known prefix, if what it begins with resembles one."""
    upper = name.upper()
    if upper in (StepKind.REFERENCE.value, StepKind.BACKGROUND.value):
        return upper
    for beginning, prefix in (
        ("CH", "CHRGT"),
        ("LOAD", "CHRGT"),
        ("ACT", "ACTION"),
        ("SC", "SCROLL"),
        ("PAU", "PAUSE"),
    ):
        if upper.startswith(beginning):
            rest = name.partition("_")[2]
            return f"{prefix}_{rest or name}"[:64]
    return f"ACTION_{name}"[:64]


def _short(text: str, longest: int = 40) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"

"""What the services of this app raise; each carries French reasons."""

from collections.abc import Iterable

from convergence.kernel.errors import Blocker


class UploadRefused(Exception):
    """A file was not kept. `problems` holds every reason, in the order in which people should read them."""

    def __init__(self, problems: Iterable[Blocker]) -> None:
        self.problems: tuple[Blocker, ...] = tuple(problems)
        if not self.problems:
            raise ValueError("a refusal needs at least one problem")
        super().__init__(self.problems)

    def __str__(self) -> str:
        return " ".join(problem.message for problem in self.problems)


class FileWithheld(Exception):
    """A kept file is not handed over (not scanned yet, infected, page that does not exist): `problem` says why."""

    def __init__(self, problem: Blocker) -> None:
        self.problem = problem
        super().__init__(problem.message)

"""Read one request on standard input, do it under limits, answer on standard output.

Request: one JSON object; `fd` is the number of the inherited file to look at, `task` what to do with it.
Answer: one line of JSON, then the raw bytes asked for, if any (a rendered page, an opened entry).
"""

import json
import os
import resource
import sys
from typing import Any

from evidence.child.answer import Answer, Refused
from evidence.core.limits import CHILD_MEMORY, CHILD_SECONDS


def limit_myself() -> None:
    """Bound what a hostile file can take. Done here and not before `exec`: forking hooks are unsafe with threads."""
    limits = {
        resource.RLIMIT_CPU: CHILD_SECONDS,
        resource.RLIMIT_FSIZE: 0,  # the child writes to its pipe only
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: 64,
    }
    for name, value in limits.items():
        resource.setrlimit(name, (value, value))
    if sys.platform == "linux":  # macOS knows the limit and refuses to set it
        resource.setrlimit(resource.RLIMIT_AS, (CHILD_MEMORY, CHILD_MEMORY))


def perform(request: dict[str, Any]) -> Answer:
    # Imported by task: each library costs start-up time and address space.
    with os.fdopen(request["fd"], "rb") as file:
        match request["task"]:
            case "check":
                from evidence.child.check import check

                return check(file, code=request["format"])
            case "read_workbook":
                from evidence.child.workbook import read_rows

                return read_rows(file)
            case "render":
                from evidence.child.render import render

                return render(file, code=request["format"], page=request["page"], width=request["width"])
            case "search":
                from evidence.child.text import search

                return search(file, code=request["format"], query=request["query"])
            case "check_container":
                from evidence.child.container import check_container

                return check_container(file, passphrases=request["passphrases"])
            case "list_container":
                from evidence.child.container import list_entries

                return list_entries(file)
            case "open_container":
                from evidence.child.container import open_entry

                return open_entry(file, index=request["index"], passphrase=request["passphrase"])
            case "search_container":
                from evidence.child.container import search_entry

                return search_entry(
                    file, index=request["index"], passphrase=request["passphrase"], query=request["query"]
                )
            case "render_container":
                from evidence.child.container import render_entry

                return render_entry(
                    file,
                    index=request["index"],
                    passphrase=request["passphrase"],
                    page=request["page"],
                    width=request["width"],
                )
    raise ValueError(request["task"])


def main() -> None:
    request = json.load(sys.stdin)
    limit_myself()
    try:
        answer = perform(request)
    except Refused as refusal:
        answer = Answer(problems=[refusal.problem])
    except MemoryError:
        answer = Answer(problems=[{"code": "too_complex"}])
    head = json.dumps({"problems": answer.problems, "facts": answer.facts})
    sys.stdout.buffer.write(head.encode() + b"\n" + answer.payload)
    sys.stdout.buffer.flush()
    os._exit(0)  # nothing to tidy; destructors of native libraries may crash on hostile input


if __name__ == "__main__":
    main()

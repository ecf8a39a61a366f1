"""What the two account exports share: all of an export is one account's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from clio.conversations.files import ZIP_FAULTS, magic, open_source
from clio.conversations.json_stream import parse
from clio.conversations.records import archive
from clio.conversations.types import UnreadableError
from clio.conversations.values import clean, name_of
from clio.errors import InputError

_OWNER = re.compile(r"(?:^|/)users?\.json$")
_OWNER_BYTES = 2**20


def owner(path: Path, max_depth: int) -> str:
    """The account that an export is of, for records that do not tell it.

    The id in the export's ``user.json`` or ``users.json``; else the name of the folder where it lies, so that all files
    of one folder count as one account. Too few accounts make thresholds stricter, too many would break them.
    """
    told: list[bytes] = []
    if magic(path).startswith(b"PK"):
        with archive(path) as opened:
            for name in filter(_OWNER.search, opened.namelist()):
                with suppress(*ZIP_FAULTS), opened.open(name) as file:
                    told.append(file.read(_OWNER_BYTES))
    else:
        for name in ("user.json", "users.json"):
            with suppress(InputError, OSError), open_source(path.with_name(name)) as file:
                told.append(file.read(_OWNER_BYTES))
    owners = {found for data in told for found in _ids(data, max_depth)}
    if len(owners) == 1:
        return owners.pop()
    # The folder's name and not its whole path: the same export gives the same run wherever it lies.
    return f"export:{clean(path.resolve().parent.name)}"


def _ids(data: bytes, max_depth: int) -> Iterator[str]:
    try:
        value: Any = parse(data, max_depth)
    except UnreadableError:
        return
    for user in value if isinstance(value, list) else [value]:
        if isinstance(user, Mapping) and (found := name_of(user.get("id"), user.get("uuid"))):
            yield found

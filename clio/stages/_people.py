"""Who counts as one: accounts that post the same text over and over are one voice for every threshold."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from clio.privacy.duplicates import effective_accounts, groups
from clio.runs.context import Context


def people(context: Context) -> dict[str, int]:
    """For every conversation of ``conversations`` the number of the account that it counts for.

    Numbers go by first appearance. See :mod:`clio.privacy.duplicates` for which accounts are joined.
    """
    known = context.read("conversations").select(["conversation_id", "account_id"])
    names = known.column("conversation_id").to_pylist()
    return dict(zip(names, _joined(context, names, known.column("account_id")).tolist(), strict=True))


def own_accounts(context: Context) -> dict[str, int]:
    """The same without joining any: every account is one, whatever it posts."""
    known = context.read("conversations").select(["conversation_id", "account_id"])
    return dict(
        zip(known.column("conversation_id").to_pylist(), _codes(known.column("account_id")).tolist(), strict=True)
    )


def _joined(context: Context, names: list[str], accounts: pa.ChunkedArray) -> NDArray[np.int64]:
    signed = context.read("signatures")
    by_name = dict(
        zip(signed.column("conversation_id").to_pylist(), signed.column("signature").to_pylist(), strict=True)
    )
    signatures = [by_name.get(name, b"") for name in names]
    return effective_accounts(groups(signatures), _codes(accounts), [bool(one) for one in signatures])


def _codes(accounts: pa.ChunkedArray) -> NDArray[np.int64]:
    codes: NDArray[np.int64] = accounts.combine_chunks().dictionary_encode().indices.to_numpy().astype(np.int64)
    return codes

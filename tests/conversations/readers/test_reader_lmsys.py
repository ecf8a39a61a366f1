from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq

from clio.conversations.types import Turn

GOOD = {
    "conversation_id": "l1",
    "model": "vicuna",
    "conversation": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Good day"}],
    "turn": 1,
    "language": "Portuguese",
    "redacted": True,
}


def test_lines_and_parquet(write, tmp_path, reading) -> None:
    pq.write_table(pa.Table.from_pylist([GOOD]), tmp_path / "l.parquet")
    for path in (write([GOOD]), tmp_path / "l.parquet"):
        found, rejected = reading(path)
        assert rejected == []
        assert found[0].turns == (Turn("user", "Hello"), Turn("assistant", "Good day"))
        assert (found[0].source_id, found[0].account, found[0].started_at) == ("l1", None, None)
        assert found[0].metadata == {"model": "vicuna", "language": "Portuguese", "redacted": "true"}


def test_malformed(malformed) -> None:
    malformed("lmsys", GOOD)

from pathlib import Path

import numpy as np
import pytest

from clio.errors import ModelSetupError, RunError, TableError
from clio.vectors.store import open_vectors, write_vectors
from tests.vectors.blobs import unit


class Counting:
    """Vectors that follow from each text alone; counts, and stops when told to."""

    dimensions = 6

    def __init__(self, name: str = "counting", stop_after: int | None = None, bad: bool = False) -> None:
        self.id, self.stop_after, self.bad = name, stop_after, bad
        self.seen: list[str] = []

    def encode(self, texts):
        if self.stop_after is not None and len(self.seen) + len(texts) > self.stop_after:
            raise KeyboardInterrupt
        self.seen += texts
        rows = [np.random.default_rng(list(text.encode("utf-8", "surrogatepass"))).normal(size=6) for text in texts]
        out = unit(np.array(rows))
        return out * np.nan if self.bad else out


TEXTS = [f"text {i % 23}" for i in range(50)]


def test_rows_are_the_texts_vectors_in_order(tmp_path: Path) -> None:
    encoder, done = Counting(), []
    assert write_vectors(TEXTS, encoder, tmp_path, 20, done.append) == tmp_path / "vectors.npy"
    vectors = open_vectors(tmp_path)
    assert isinstance(vectors, np.memmap)
    assert vectors.dtype == np.float32
    np.testing.assert_array_equal(vectors, Counting().encode(TEXTS))
    assert sum(done) == 50
    assert len(encoder.seen) == 20 + 20 + 10  # 20, 20 and 10 distinct texts in the three shards
    assert sorted(p.name for p in tmp_path.iterdir()) == ["vectors.json", "vectors.npy"]


def test_a_killed_run_goes_on_where_it_was(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        write_vectors(TEXTS, Counting(stop_after=45), tmp_path / "killed", 20)
    with pytest.raises(RunError):
        open_vectors(tmp_path / "killed")
    assert len(list((tmp_path / "killed").glob("shard-*.npy"))) == 2
    (tmp_path / "killed" / "shard-00002.0.npy.part").write_bytes(b"half a sha")
    encoder, done = Counting(), []
    write_vectors(TEXTS, encoder, tmp_path / "killed", 20, done.append)
    assert len(encoder.seen) == 10
    assert sum(done) == 50
    write_vectors(TEXTS, Counting(), tmp_path / "whole", 20)
    for name in ("vectors.npy", "vectors.json"):
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    again = Counting()
    write_vectors(TEXTS, again, tmp_path / "killed", 20)
    assert again.seen == []


@pytest.mark.parametrize("damage", ["truncated", "emptied"])
def test_a_damaged_shard_is_made_anew(tmp_path: Path, damage: str) -> None:
    with pytest.raises(KeyboardInterrupt):
        write_vectors(TEXTS, Counting(stop_after=20), tmp_path, 20)
    (shard,) = tmp_path.glob("shard-*.npy")
    shard.write_bytes(shard.read_bytes()[: 200 if damage == "truncated" else 0])
    write_vectors(TEXTS, Counting(), tmp_path, 20)
    np.testing.assert_array_equal(open_vectors(tmp_path), Counting().encode(TEXTS))


def test_other_texts_or_another_encoder_are_encoded_anew(tmp_path: Path) -> None:
    write_vectors(TEXTS, Counting(), tmp_path, 20)
    for texts, name, expected in ((TEXTS, "other", 50), ([*TEXTS[:-1], "new"], "other", 50), (TEXTS[:5], "other", 5)):
        encoder = Counting(name)
        write_vectors(texts, encoder, tmp_path, 20)
        assert len(encoder.seen) == expected
        assert len(open_vectors(tmp_path)) == len(texts)


@pytest.mark.parametrize("texts", [[], [""], ["\ud800 lone surrogate", "\x00"]])
def test_odd_texts(tmp_path: Path, texts) -> None:
    write_vectors(texts, Counting(), tmp_path, 20)
    assert open_vectors(tmp_path).shape == (len(texts), 6)


def test_what_is_not_vectors_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError):
        open_vectors(tmp_path)
    (tmp_path / "vectors.json").write_text("{}")
    for content in (b"", b"\x93NUMPY\x01\x00"):
        (tmp_path / "vectors.npy").write_bytes(content)
        with pytest.raises(TableError):
            open_vectors(tmp_path)
    np.save(tmp_path / "vectors.npy", np.zeros(3))
    with pytest.raises(TableError):
        open_vectors(tmp_path)
    with pytest.raises(ModelSetupError):
        write_vectors(TEXTS, Counting(bad=True), tmp_path / "bad")

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from clio.errors import InputError
from clio.runs.context import Context
from clio.stages import embed as stage
from clio.stages._texts import read_texts
from clio.stages.embed import embed
from clio.vectors.store import open_vectors
from tests.fakes import HashingEncoder
from tests.stages.workspaces import Workspace, draw_workspace

TEXTS = ("bake bread", "plan a train journey", "bake bread", "sort a list")


def context_of(drawn: Workspace, folder: Path) -> Context:
    context = drawn.context(folder, **{"encoder.input": "facet"})
    context.given_encoder = HashingEncoder()
    return context


def test_one_row_per_text_in_order(tmp_path: Path) -> None:
    target = embed(TEXTS, HashingEncoder(), tmp_path, shard_rows=2)
    vectors = open_vectors(tmp_path)
    assert np.array_equal(vectors, HashingEncoder().encode(TEXTS))
    assert np.array_equal(np.load(target), vectors)
    assert not list(tmp_path.glob("shard-*"))


def test_shards_of_a_run_that_was_killed_are_taken_over(tmp_path: Path) -> None:
    class Dying(HashingEncoder):
        def encode(self, texts):  # type: ignore[no-untyped-def]
            if self.calls >= 2:
                raise KeyboardInterrupt
            return super().encode(texts)

    with pytest.raises(KeyboardInterrupt):
        embed(TEXTS, Dying(), tmp_path, shard_rows=2)
    again = HashingEncoder()
    embed(TEXTS, again, tmp_path, shard_rows=2)
    assert again.calls == 2
    assert np.array_equal(open_vectors(tmp_path), HashingEncoder().encode(TEXTS))


def test_the_stage_embeds_what_was_answered(tmp_path: Path) -> None:
    drawn = draw_workspace(1, 40)
    context = context_of(drawn, tmp_path)
    stage.run(context.config, context)
    answered = [row for row in drawn.facets if row["facet"] == "request" and row["status"] == "answered"]
    texts = read_texts(context.config, context)
    assert texts.conversation_id == tuple(row["conversation_id"] for row in answered)
    assert texts.texts == tuple(row["value"] for row in answered)
    vectors = open_vectors(context.workspace / "vectors")
    assert np.array_equal(vectors, HashingEncoder().encode(texts.texts))
    assert context.notes["vectors"] == len(answered)
    assert context.manifest.data["models"]["encoder"] == "hashing-256"
    account = {row["conversation_id"]: row["account_id"] for row in drawn.conversations}
    pairs = {
        (number, account[name]) for number, name in zip(texts.account.tolist(), texts.conversation_id, strict=True)
    }
    assert len(pairs) == len({a for _, a in pairs}) == len({n for n, _ in pairs})


def test_languages_come_from_the_facet_that_computes_them_only(tmp_path: Path) -> None:
    """A facet of the user's own called `language` may hold anything."""
    drawn = draw_workspace(1, 3)
    own = {"name": "language", "kind": "category", "question": "?", "options": [{"value": "en"}, {"value": "x y z"}]}
    request = {"name": "request", "kind": "text", "question": "?", "cluster": True}
    told = {"name": "spoken", "kind": "computed", "compute": "language"}
    for row in list(drawn.facets):
        if row["facet"] == "use":
            row |= {"facet": "language", "status": "answered", "value": "x y z"}
            drawn.facets.append(row | {"facet": "spoken", "value": "de"})
        elif row["facet"] == "request":
            row |= {"status": "answered", "value": "something"}
    for asked, expected in (([request, own], ""), ([request, own, told], "de")):
        use = {"use": [facet["name"] for facet in asked], "define": asked, "intersections": []}
        context = drawn.context(tmp_path / expected, facets=use)
        assert set(read_texts(context.config, context).language) == {expected}


def test_nothing_to_embed_is_said_without_a_word_of_text(tmp_path: Path) -> None:
    drawn = draw_workspace(1, 10)
    for row in drawn.facets:
        if row["facet"] == "request":
            row |= {"status": "refused", "value": None}
    context = context_of(drawn, tmp_path)
    with pytest.raises(InputError, match="`request`"):
        stage.run(context.config, context)

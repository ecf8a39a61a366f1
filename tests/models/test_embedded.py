from __future__ import annotations

from collections.abc import Sequence

import pytest

from clio.config.facets import Facet
from clio.config.models import EmbeddedWriter as Config
from clio.config.models import EncoderConfig
from clio.errors import WeightsError
from clio.models import weights
from clio.models.embedded import (
    EmbeddedWriter,
    compose_summary,
    foreign_description,
    name_of,
    terms_sentence,
    tidy_wish,
    wish_fault,
)
from clio.models.factory import make_writer
from clio.models.protocol import Evidence, StructuredWriter, Transcript, Writer
from clio.prompts.facets import shipped
from tests.models.fakes import WordEncoder, transcript

BREAD = [
    "how do i bake rye bread at home",
    "rye bread recipe please",
    "why is my rye bread so dense",
    "bake bread without yeast",
    "my bread dough does not rise",
]


class Scripted:
    """Stands where the model stands."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts, self.prompts = list(texts), list[str]()

    def complete(self, prompt: str, *, prefix: str = "", max_tokens: int = 0, stop: Sequence[str] = ()) -> str:
        self.prompts.append(prompt)
        return self.texts[(len(self.prompts) - 1) % len(self.texts)]


def writer(texts: Sequence[str] = (), **config: object) -> EmbeddedWriter:
    made = EmbeddedWriter(Config.model_validate({"names": "model", **config}), WordEncoder())
    if texts:
        made._completer = Scripted(texts)  # type: ignore[assignment]
    return made


def test_one_row_of_answers_per_transcript_in_order_of_the_facets() -> None:
    facets = [*shipped().values()]
    rows = list(writer().answer([transcript("Fix my python loop. It never ends."), transcript("")], facets))
    asked = [facet for facet in facets if facet.answered_by_model]
    assert [len(row) for row in rows] == [len(asked)] * 2
    by_name = dict(zip([facet.name for facet in asked], rows[0], strict=True))
    assert by_name["request"].writer == "extractive"
    assert by_name["request"].value == by_name["task"].value
    assert by_name["concern"].writer == "similarity"
    assert all(answer.status == "na" for answer in rows[1])


def test_text_by_config() -> None:
    said = "Good day. Bake rye bread? I bake bread with rye."
    asked = Transcript("c", f"User: {said}", said, 1.0)
    values = {}
    for text in ("opening", "extractive"):
        (((values[text]),),) = writer(text=text).answer([asked], [shipped()["request"]])
        assert values[text].writer == "extractive"
    assert values["opening"].value == said
    assert values["extractive"].value in ("Bake rye bread?", "I bake bread with rye.")


def test_no_model_is_loaded_for_what_needs_none(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setenv("CLIO_MODELS_DIR", str(tmp_path))
    made = writer(names="terms")
    list(made.answer([transcript("Fix my python loop.")], [shipped()["request"]]))
    assert list(made.describe([Evidence(BREAD, [], [])])) == [[]]
    with pytest.raises(WeightsError, match="clio models pull"):
        list(writer().describe([Evidence(BREAD, [], [])]))


def test_a_written_text_counts_only_when_it_holds() -> None:
    facet: list[Facet] = [shipped()["request"]]
    rows = writer(["help with rye bread.", "food food food food"], text="model").answer(
        [transcript("How do I bake rye bread? I need help"), transcript("How do I bake rye bread? I need help")], facet
    )
    (good,), (bad,) = rows
    assert (good.value, good.writer, good.reason) == ("Asked for help with rye bread.", "smollm2-135m-instruct", "")
    assert (bad.writer, bad.reason) == ("extractive", "repetition")
    assert bad.status == "answered"


def test_names_come_nearest_first_and_faulty_ones_not_at_all() -> None:
    made = writer(["bake a cake.", "bake rye bread.", "call aunt Matilda about bread.", "bake bread without yeast."])
    ((*found,),) = made.describe([Evidence(BREAD, ["write a poem"], ["rye", "bread"])])
    names = [description.name for description in found]
    assert names[0] == "Bake rye bread"
    assert "Bake bread without yeast" not in names  # a member's very words
    assert found[0].writer == "smollm2-135m-instruct"
    assert found[0].summary == "Users wanted to bake rye bread. Words that many of them used: rye and bread."


def test_the_order_of_members_does_not_matter() -> None:
    texts = ["bake rye bread.", "bake bread.", "know why bread is dense.", "bake a rye bread."]
    one = writer(texts).describe([Evidence(BREAD, [], [])])
    other = writer(texts).describe([Evidence(BREAD[::-1], [], [])])
    assert list(one) == list(other)


@pytest.mark.parametrize(
    ("raw", "wish", "name"),
    [
        (" fix an error in code.", "fix an error in code", "Fix an error in code"),
        ("know how to bake bread.", "know how to bake bread", "Find out how to bake bread"),
        ("book a hotel in the north of the", "book a hotel in the north", "Book a hotel in the north"),
        ("find my keys. Then go home.", "find their keys", "Find their keys"),
        ("unfinished", "", ""),
        ("", "", ""),
    ],
)
def test_tidying(raw: str, wish: str, name: str) -> None:
    assert tidy_wish(raw) == wish
    assert name_of(wish) == name


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("Bake rye bread", ""),
        ("Prepare sourdough loaves", ""),
        ("Bake bread without yeast", "verbatim"),
        ("Improve dense bread", "one member's word"),
        ("Bake 12 breads", "number"),
        ("Do it", "says nothing"),
        ("Bake", "says nothing"),
        ("", "malformed"),
    ],
)
def test_what_one_member_brought_is_no_name(name: str, fault: str) -> None:
    assert wish_fault(name, BREAD) == fault


def test_words_among_the_terms_may_stand() -> None:
    assert wish_fault("Improve dense bread", BREAD, ["dense"]) == ""
    assert wish_fault("Bake 12 breads", BREAD, ["12"]) == ""


def test_a_cluster_in_another_language_gets_an_honest_english_name() -> None:
    notes = ["cómo hago pan de centeno", "receta de pan", "mi pan no sube"]
    evidence = Evidence(notes, [], [], languages=("es", "en"))
    ((found,),) = writer(["never asked"]).describe([evidence])
    assert found.name == "Requests in Spanish"
    assert found.summary == "Users wrote to the assistant in Spanish."
    near = Evidence(["recipe or meal plan"] * 3, [], [], languages=("pt-BR",))
    assert foreign_description(near, WordEncoder()).name == "Requests in Portuguese about daily life and leisure"


def test_summaries() -> None:
    assert compose_summary("Bake bread") == "Users wanted to bake bread."
    assert terms_sentence([]) == ""
    assert terms_sentence(["a", "a", "b", "c"]) == "Words that many of them used: a, b and c."


def test_what_it_is_called(tmp_path: object) -> None:
    made = make_writer(Config(model=f"{tmp_path}/mine.gguf", names="model"), WordEncoder())
    assert made.id == "mine"
    assert isinstance(made, Writer)
    assert not isinstance(made, StructuredWriter)
    with pytest.raises(WeightsError, match="neither a GGUF file nor a known writer"):
        list(made.describe([Evidence(BREAD, [], [])]))
    with pytest.raises(WeightsError, match="does not write text"):
        list(writer(model="all-minilm-l6-v2").describe([Evidence(BREAD, [], [])]))


def test_nothing_to_do() -> None:
    assert list(writer().answer([], [shipped()["request"]])) == []
    assert list(writer().describe([])) == []
    assert list(writer().describe([Evidence([], [], [])])) == [[]]


@pytest.mark.models
def test_with_the_real_models() -> None:
    wanted = ("smollm2-135m-instruct", "all-minilm-l6-v2")
    if not all(row.installed for row in weights.available() if row.name in wanted):
        pytest.skip("the default weights are not installed (clio models pull)")
    pytest.importorskip("xllamacpp", reason="the `embedded` extra is not installed")
    from clio.models.encoder import SentenceEncoder

    made = EmbeddedWriter(Config(threads=1, names="model"), SentenceEncoder(EncoderConfig()), candidates=2)
    asked = Transcript("c", "", "Fix the NameError in my python script. Thanks!", 1.0)
    ((request, use, concern),) = made.answer([asked], [shipped()[name] for name in ("request", "use", "concern")])
    assert request.value == "Fix the NameError in my python script. Thanks!"
    assert use.value == "programming"
    assert (concern.value or 1) <= 2
    (found,) = made.describe([Evidence(BREAD, ["write a poem"], ["rye", "bread"])])
    assert any("bread" in description.name.casefold() for description in found)

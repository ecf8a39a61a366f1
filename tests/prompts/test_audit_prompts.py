from __future__ import annotations

import pytest

from clio.models.protocol import Request
from clio.models.schema import faults, sendable
from clio.privacy.sensitive import KINDS
from clio.prompts import audit, fence, measure, reword
from clio.prompts.facets import prompt_hashes
from clio.testing._fit import Filler
from clio.testing._text import Draw, Material

LINES = [f"Bake bread {n}: People asked about dough." for n in range(3)]
BANDS = ["20 to 49 accounts", "fewer than 20 accounts", "1,000 accounts or more"]
REQUESTS = {
    "audit": audit.request(LINES, BANDS),
    "measure": measure.request(LINES, BANDS),
    "reword": reword.request("Bake bread", "People asked.", BANDS[0], ["health"], ["dough"]),
}


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
def test_the_material_is_fenced_and_the_task_comes_after_it(request_: Request) -> None:
    assert request_.purpose == "audit"
    assert fence.DATA_RULE in request_.system
    end = request_.user.rindex("</data-")
    assert "Bake bread" in request_.user[:end]
    assert "Bake bread" not in request_.user[end:]
    assert len(request_.user[end:].split()) > 20


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
def test_the_scripted_server_fits_the_schema(request_: Request) -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": request_.user}]}
    for seed in range(5):
        material = Material(body, seed)
        value = Filler(material, sendable(request_.schema)).value(sendable(request_.schema), "", Draw(material.key))
        assert faults(value, request_.schema) == []


@pytest.mark.parametrize("name", ["audit", "measure"])
def test_each_text_has_a_key_of_its_own_and_its_band(name: str) -> None:
    request = REQUESTS[name]
    keys = request.schema["required"]
    assert len(keys) == len(set(keys)) == len(LINES)
    after = request.user[request.user.rindex("</data-") :]
    for key, band in zip(keys, BANDS, strict=True):
        assert band in after.split(key, 1)[1]


def test_requests_of_one_size_share_a_schema() -> None:
    """An endpoint compiles a schema once: batches must not each bring their own."""
    assert audit.request(LINES, BANDS).schema == audit.request(LINES[::-1], BANDS).schema
    assert audit.request(LINES, BANDS).system == audit.request(["x"], ["y"]).system


def test_both_scales_and_every_kind_are_explained() -> None:
    for word in ("identifiability", "sensitivity", "1:", "5:", "health", "sexuality", "immigration", "religion"):
        assert word in audit.SYSTEM
    assert audit.VERDICT["properties"]["kinds"]["items"]["enum"] == list(KINDS)


def test_the_wording_is_hashed() -> None:
    hashes = prompt_hashes()
    assert {"audit", "measure", "reword", "propose", "deduplicate", "assign", "rename"} <= set(hashes)
    assert len(set(hashes.values())) == len(hashes)

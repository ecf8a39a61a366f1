"""Stability stands beside every cluster of a run that tells it, in every format, and is explained once."""

from __future__ import annotations

import dataclasses
import html
import re
from typing import Any

import pytest

from clio.config.report import ReportConfig
from clio.explore.release import Release
from clio.report.content import Report, build, compose
from clio.report.document import Document, Node, Table, Tree
from tests.report.documents import bare, said, section

pytest.importorskip("vl_convert")


def nodes(document: Document) -> list[Node]:
    (tree,) = (block for block in section(document, "hierarchy").blocks if isinstance(block, Tree))
    found = list(tree.nodes)
    for node in found:
        found += node.children
    return found


def clusters(document: Document) -> Table:
    blocks = section(document, "appendix").blocks
    return next(b for b in blocks if isinstance(b, Table) and len(b.columns) > 6 and b.folded)


@pytest.mark.parametrize(("language", "word", "point"), [("en", "stability", "."), ("de", "Stabilität", ",")])
def test_every_node_and_every_row_tells_it(release: Release, language: Any, word: str, point: str) -> None:
    told = {name: f"{row['stability']:.2f}".replace(".", point) for name, row in release.rows.items()}
    assert "nan" not in told.values()
    assert len(set(told.values())) > 1
    document = build(release, ReportConfig(language=language))
    assert {node.cluster_id: node.facts.split(" · ")[-1] for node in nodes(document)} == {
        name: f"{word} {value}" for name, value in told.items()
    }
    table = clusters(document)
    column = table.columns.index(word.capitalize())
    assert column in table.numeric
    assert {row[0]: row[column] for row in table.rows} == told
    assert said(section(document, "hierarchy")).count("Hennig 2007") == 1


def of_html(report: Report) -> str:
    from clio.report.html import page

    return re.sub(r"<[^>]+>", " ", html.unescape(page(report).decode()))


def of_pdf(report: Report) -> str:
    pytest.importorskip("typst")
    from clio.report.pdf import pdf_bytes, pdf_text

    return pdf_text(pdf_bytes(report.document))


def of_docx(report: Report) -> str:
    pytest.importorskip("docx")
    from clio.report.docx import docx_bytes
    from clio.report.scan import office_texts

    return "\n".join(office_texts(docx_bytes(report.document)))


def of_md(report: Report) -> str:
    from clio.report.markdown import markdown_text

    return markdown_text(report.document).replace("\\", "")


@pytest.mark.parametrize("written", [of_html, of_pdf, of_docx, of_md], ids=lambda way: way.__name__)
def test_every_format_has_all_of_it(release: Release, written: Any) -> None:
    report = compose(release, ReportConfig(sections=("hierarchy", "privacy", "limits")))
    text = bare(written(report))
    for node in nodes(report.document):
        assert bare(node.facts) in text
    assert "Hennig2007" in text


def test_where_a_release_tells_none_nothing_is_said(release: Release) -> None:
    unknown = dataclasses.replace(release, clusters=release.clusters.assign(stability=float("nan")))
    document = build(unknown, ReportConfig())
    assert not [text for text in said(document).split("\n") if "tability" in text]


def test_one_that_is_not_known_is_no_number(release: Release) -> None:
    """After an edit, what the run found again was another cluster."""
    first = next(iter(release.rows))
    frame = release.clusters
    steady = frame["stability"].where(frame["cluster_id"] != first)
    document = build(dataclasses.replace(release, clusters=frame.assign(stability=steady)), ReportConfig())
    told = {node.cluster_id: node.facts for node in nodes(document)}
    assert [name for name, facts in told.items() if "stability" not in facts] == [first]
    table = clusters(document)
    assert next(row for row in table.rows if row[0] == first)[table.columns.index("Stability")] == "not told"

"""A report as PDF, set by typst (extra ``report``): no browser, no system package, nothing fetched.

The document goes to the template as data, never as source: ``*x*`` or ``#emph[y]`` in a name is printed as it is.
The same document, template and fonts give the same bytes: the file has no date of its own.

Fonts: the text is set in Libertinus Serif, which comes with typst and has Latin, Greek, Cyrillic and Hebrew letters.
Other scripts are taken from the fonts that this computer has, as are the letters in figures; a character that no font
has is printed as an empty box and cannot be copied out of the file (:func:`pdf_text` gives U+FFFD for it, and
:func:`undrawn` says which they are). Noto fonts cover nearly everything; ``fonts`` names further folders.
"""

from __future__ import annotations

import io
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clio.errors import ClioError, ConfigError, MissingExtraError
from clio.privacy.wall import clean_text
from clio.report._print import BREAK, DEEPEST, LONG_WORD, breakable, language, pictures, widths, words
from clio.report.document import Block, Document, Metrics, Node, Paragraph, Picture, Points, Section, Table, Tree

if TYPE_CHECKING:
    from types import ModuleType

    from pypdf import PdfReader

TEMPLATE = Path(__file__).parent / "templates" / "report.typ"
_PROBE = Path(__file__).parent / "templates" / "letters.typ"
_NEAR = 0x17F
"""The last letter of Latin Extended-A: fonts that come with typst have all up to it."""
_LINE = 112
"""Characters of a line of table text at its usual size."""
_RUNNING = 70
"""Characters of the title in the footer."""
_LIMITS = ("xform_maximum_invocations_per_extraction", "stream_parsing_work_maximum_count")
_NO_LIMIT = 10**12
_SIZE = re.compile(r"<svg\b[^>]*?\b(width|height)=\"([\d.]+)(?:px)?\"[^>]*?\b(width|height)=\"([\d.]+)(?:px)?\"")
_WIDE, _TALL = 470.0, 560.0
"""Points that a figure may take of a page."""
_PLAIN_TAGS = frozenset({"/P", "/TD", "/TH", "/Lbl"})
"""Tags of texts, which hold no figures."""
_UNPRINTED = ("svg", "alt", "id", "key", "kind")
"""Of the data of a report: names of things, and what stands for a figure where it is not seen."""
Data = dict[str, Any]


def pdf_bytes(document: Document, template: Path | None = None, fonts: Sequence[Path] = ()) -> bytes:
    """The document as a PDF with contents, page numbers, tags for screen readers and figures as vectors.

    ``template`` is a typst file that reads ``json(bytes(sys.inputs.report))``: see ``templates/report.typ``.

    Raises:
        MissingExtraError: typst is not installed.
        ConfigError: the template is not there, or does not compile.
    """
    typst = _typst()
    return bytes(_compile(typst, document, template, fonts, "pdf"))


def pdf_pages(document: Document, template: Path | None = None, ppi: float = 96) -> list[bytes]:
    """The pages of the same as PNG pictures. Raises as :func:`pdf_bytes`."""
    pages = _compile(_typst(), document, template, (), "png", ppi)
    return [pages] if isinstance(pages, bytes) else list(pages)


def pdf_text(data: bytes) -> str:
    """All text of a PDF, with its title, author and the texts that stand for figures, for a scan of the finished file.

    Words that were broken over lines are whole again where they are longer than what the line breaker takes whole.
    U+FFFD stands for a character that no font had.

    Raises:
        MissingExtraError: pypdf is not installed.
    """
    reader = _reader(data)
    about = [str(value) for value in (reader.metadata or {}).values()]
    parts = [*about, *(_whole(text.replace(BREAK, "")) for text in _printed(reader)), *_alternatives(reader)]
    return "\n".join(parts).replace("\0", "\N{REPLACEMENT CHARACTER}")


def undrawn(document: Document, fonts: Sequence[Path] = ()) -> list[str]:
    """Characters of the document that no font has, each by itself; marks that join a letter are not looked at.

    Raises:
        MissingExtraError: typst or pypdf is not installed.
    """
    far = sorted(letter for letter in _letters(_data(document)) if ord(letter) > _NEAR and _stands_alone(letter))
    if not far:
        return []
    data = bytes(_set(_typst(), _PROBE, {"letters": far}, fonts, "pdf"))
    printed = "".join(_printed(_reader(data)))
    there = set(printed) | set(unicodedata.normalize("NFKC", printed))
    return [letter for letter in far if letter not in there and unicodedata.normalize("NFKC", letter) not in there]


def _stands_alone(letter: str) -> bool:
    return letter.isprintable() and not letter.isspace() and unicodedata.category(letter)[0] != "M"


def _letters(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set().union(*(_letters(item) for key, item in value.items() if key not in _UNPRINTED), set())
    if isinstance(value, list):
        return set().union(*(_letters(item) for item in value), set())
    return set(value) if isinstance(value, str) else set()


def _reader(data: bytes) -> PdfReader:
    try:
        from pypdf import PdfReader
    except ImportError:
        raise MissingExtraError("Reading a report in PDF", "report") from None
    return PdfReader(io.BytesIO(data))


def _printed(reader: PdfReader) -> list[str]:
    """The text of every page, that of figures of any size too.

    By itself pypdf stops after some thousands of marks of one figure, which protects against files of strangers; this
    one is our own, and what is skipped would not be scanned.
    """
    import pypdf

    limits = getattr(pypdf, "apply_configuration", None)  # versions without it have no such limit
    with limits(**dict.fromkeys(_LIMITS, _NO_LIMIT)) if limits else nullcontext():
        return [page.extract_text() for page in reader.pages]


def _alternatives(reader: PdfReader) -> Iterator[str]:
    """Texts that stand for figures: in the structure of the document, not on its pages."""
    root: Any = reader.trailer["/Root"]
    waiting = [root.get("/StructTreeRoot")]
    while waiting:
        node = waiting.pop()
        node = node.get_object() if node is not None else None
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict):
            yield from (str(node[key]) for key in ("/Alt", "/ActualText", "/E") if key in node)
            if node.get("/S") not in _PLAIN_TAGS:
                waiting.append(node.get("/K"))


def _whole(text: str) -> str:
    """Join lines that a long word was broken over: a break at a space leaves the space at the line's end."""
    lines: list[str] = []
    for line in text.split("\n"):
        if lines and lines[-1] and line and not lines[-1][-1].isspace() and not line[0].isspace():
            last = lines[-1][-LONG_WORD - 1 :].split()[-1]
            if len(last) + len(line.split(maxsplit=1)[0]) > LONG_WORD:
                lines[-1] += line
                continue
        lines.append(line)
    return "\n".join(lines)


def _typst() -> ModuleType:
    try:
        import typst
    except ImportError:
        raise MissingExtraError("A report in PDF", "report") from None
    module: ModuleType = typst
    return module


def _compile(
    typst: ModuleType, document: Document, template: Path | None, fonts: Sequence[Path], kind: str, ppi: float = 96
) -> Any:
    source = template or TEMPLATE
    if not source.is_file():
        raise ConfigError(
            f"the report template {source} is not there; `templates` of the report's config names its folder"
        )
    report = json.dumps(_data(document), ensure_ascii=True)
    try:
        return typst.compile(
            source, root=source.parent, font_paths=list(fonts), format=kind, ppi=ppi, sys_inputs={"report": report},
            timestamp=0,
        )  # fmt: skip
    except typst.TypstError as error:
        # The message names what typst did not understand of the template; the data are not quoted in it.
        reason = clean_text(str(error.message))[:200]
        if template is not None:
            raise ConfigError(f"the report template {template} does not compile: {reason}") from None
        raise ClioError(f"typst could not set this report: {reason}; --format html needs no typst") from None


def _set(
    typst: ModuleType, source: Path, data: Mapping[str, Any], fonts: Sequence[Path], kind: str, ppi: float = 96
) -> Any:
    return typst.compile(
        source, root=source.parent, font_paths=list(fonts), format=kind, ppi=ppi, timestamp=0,
        sys_inputs={"report": json.dumps(data, ensure_ascii=True)},
    )  # fmt: skip


def _data(document: Document) -> Data:
    said = words(document)
    title = clean_text(document.title)
    data_of = {picture.key: number for number, picture in enumerate(pictures(document.sections), 1)}
    tables = [
        {**_table(picture.table), "caption": _captioned(said["figure"], data_of[picture.key], picture.table.caption)}
        for picture in pictures(document.sections)
        if picture.table.columns
    ]
    return {
        "title": title, "title_set": breakable(title),
        "running": title if len(title) <= _RUNNING else title[: _RUNNING - 1].rstrip() + "…",
        "subtitle": breakable(document.subtitle), "organisation": clean_text(document.organisation),
        "organisation_set": breakable(document.organisation), "language": language(document),
        "facts": [[breakable(key), breakable(value, 24)] for key, value in document.facts],
        "words": said, "sections": [_section(section) for section in document.sections], "tables": tables,
    }  # fmt: skip


def _captioned(figure: str, number: int, caption: str) -> str:
    return breakable(f"{figure} {number}: {caption}" if caption else f"{figure} {number}")


def _section(section: Section, depth: int = 1) -> Data:
    return {
        "key": section.key, "title": breakable(section.title), "level": min(depth, DEEPEST),
        "blocks": [_block(block) for block in section.blocks],
        "sections": [_section(below, depth + 1) for below in section.sections],
    }  # fmt: skip


def _block(block: Block) -> Data:
    match block:
        case Paragraph():
            return {"kind": "paragraph", "text": breakable(block.text), "quiet": block.quiet}
        case Points():
            return {"kind": "points", "items": [breakable(item) for item in block.items]}
        case Metrics():
            items = [[breakable(text, 14) for text in (item.label, item.value, item.note)] for item in block.items]
            return {"kind": "metrics", "items": items}
        case Table():
            return _table(block)
        case Picture():
            return _picture(block)
        case Tree():
            return {"kind": "tree", "nodes": list(_nodes(block.nodes)), "note": breakable(block.note)}


def _table(table: Table) -> Data:
    wanted = widths(table, _LINE)
    total = sum(wanted)
    # A table of many columns is set smaller rather than past the margin.
    scale = min(1.0, max(_LINE / max(total, 1), 0.7))
    fits = [int(width / total * _LINE / scale) - 2 for width in wanted]
    rows = [[breakable(cell, fits[index]) for index, cell in enumerate(row)] for row in table.rows]
    columns = [breakable(column, fits[index]) for index, column in enumerate(table.columns)]
    return {
        "kind": "table", "caption": breakable(table.caption), "columns": columns, "rows": rows, "widths": wanted,
        "numeric": sorted(table.numeric), "scale": scale, "full": total > _LINE * 0.6,
    }  # fmt: skip


def _picture(picture: Picture) -> Data:
    width, height = _size(picture.light)
    share = min(1.0, _WIDE / width, _TALL / height)
    return {
        "kind": "picture", "key": picture.key, "title": breakable(picture.title), "svg": picture.light,
        "width": round(width * share, 2), "alt": clean_text(picture.alt), "note": breakable(picture.note),
    }  # fmt: skip


def _size(svg: str) -> tuple[float, float]:
    """Width and height of an SVG in points; its pixels are 96 to the inch."""
    if found := _SIZE.search(svg[:2_000]):
        sizes = {found[1]: float(found[2]) * 0.75, found[3]: float(found[4]) * 0.75}
        if sizes.get("width") and sizes.get("height"):
            return sizes["width"], sizes["height"]
    return _WIDE, _TALL / 2


def _nodes(nodes: tuple[Node, ...], depth: int = 0) -> list[Data]:
    """A tree flat, in reading order, each node with its depth."""
    flat: list[Data] = []
    for node in nodes:
        flat.append(
            {"id": clean_text(node.cluster_id), "name": breakable(node.name), "summary": breakable(node.summary),
             "facts": breakable(node.facts), "depth": min(depth, DEEPEST)}
        )  # fmt: skip
        flat += _nodes(node.children, depth + 1)
    return flat

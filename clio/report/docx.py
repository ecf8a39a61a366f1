"""A report as DOCX for word processors, by python-docx (extra ``report``).

Real headings, so that the navigation pane and the contents work; tables whose header row repeats; figures as pictures
with the text that stands for them. Page numbers in the contents appear when the reader updates the field (F9 in Word):
only a word processor knows the pages. The same document gives the same bytes with the same packages.
"""

from __future__ import annotations

import datetime
import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clio.errors import ConfigError, MissingExtraError
from clio.privacy.wall import clean_text
from clio.report._print import DEEPEST, language, pictures, widths, words
from clio.report.document import Block, Document, Metrics, Node, Paragraph, Picture, Points, Section, Table, Tree

if TYPE_CHECKING:
    from docx.document import Document as Word

_EPOCH = datetime.datetime(1980, 1, 1, tzinfo=datetime.UTC)
"""The earliest date that a zip file can hold: a report has no date of its own."""
_ACCENT, _SOFT = "0B4F8A", "5A6472"
_STYLES = ("Title", "Heading 1", "Heading 2", "Heading 3", "Caption", "List Bullet")
_OUTSIDE = b'TargetMode="External"'
_LINE = 96
_INCHES = 6.5


def docx_bytes(document: Document, template: Path | None = None) -> bytes:
    """The document as a DOCX file.

    ``template`` is a DOCX file whose page, styles, header and footer are taken; what its body holds is left out. It has
    to have the styles Title, Heading 1 to 3, Caption and List Bullet; tables are of Light List Accent 1 or Table Grid.

    Raises:
        MissingExtraError: python-docx or vl-convert is not installed.
        ConfigError: the template is no DOCX file, lacks a style, or points outside of itself.
    """
    try:
        import docx
    except ImportError:
        raise MissingExtraError("A report in DOCX", "report") from None
    writer = _Writer(docx.Document() if template is None else _based_on(template), document, own=template is not None)
    writer.write()
    out = io.BytesIO()
    writer.word.save(out)
    return _dateless(out.getvalue())


def _based_on(template: Path) -> Word:
    """The template without what its body holds, but for the page it sets."""
    import docx
    from docx.opc.exceptions import OpcError

    try:
        word = docx.Document(str(template))
        with zipfile.ZipFile(template) as parts:
            links = [name for name in parts.namelist() if name.endswith(".rels") and _OUTSIDE in parts.read(name)]
    except (KeyError, ValueError, OSError, zipfile.BadZipFile, OpcError):
        raise ConfigError(f"the report template {template} is no DOCX file") from None
    if links:
        raise ConfigError(
            f"the report template {template} points outside of itself; a report asks no host for anything"
        )
    there = {str(style.name) for style in word.styles}
    lacking = [name for name in _STYLES if name not in there]
    if lacking:
        raise ConfigError(f"the report template {template} lacks the styles {', '.join(lacking)}")
    for element in list(word.element.body):
        if element.tag != _q("w:sectPr"):
            word.element.body.remove(element)
    return word


class _Writer:
    def __init__(self, word: Word, document: Document, *, own: bool = False) -> None:
        self.word, self.document, self.words, self.own = word, document, words(document), own
        self.figure = self.table = self.bookmark = 0
        there = {str(style.name) for style in word.styles}
        self.deepest = next((level for level in range(1, 9) if f"Heading {level + 1}" not in there), 9)

    def write(self) -> None:
        self._about()
        self._look()
        self._title_page()
        self._contents()
        for section in self.document.sections:
            self._section(section, 1)
        shown = [picture for picture in pictures(self.document.sections) if picture.table.columns]
        if shown:
            self._heading(self.words["data_of_figures"], 1)
        for number, picture in enumerate(pictures(self.document.sections), 1):
            if picture.table.columns:
                self._table(picture.table, f"{self.words['figure']} {number}")

    def _about(self) -> None:
        about, title = self.word.core_properties, clean_text(self.document.title)
        about.title, about.author = title[:255], clean_text(self.document.organisation)[:255]
        about.language, about.comments, about.last_modified_by = language(self.document), "", ""
        about.created = about.modified = _EPOCH

    def _look(self) -> None:
        from docx.shared import Pt, RGBColor

        styles: Any = self.word.styles
        if not self.own:
            styles["Normal"].font.name, styles["Normal"].font.size = "Calibri", Pt(10.5)
            for name, size in (("Title", 30), ("Heading 1", 18), ("Heading 2", 13.5), ("Heading 3", 11.5)):
                styles[name].font.size = Pt(size)
                styles[name].font.color.rgb = RGBColor.from_string(_ACCENT)
        spoken = styles.element.find(f".//{_q('w:rPrDefault')}//{_q('w:lang')}")
        if spoken is not None:
            spoken.set(_q("w:val"), language(self.document))
        self._foot()

    def _foot(self) -> None:
        """Title and page number; below what the footer of a template of one's own says."""
        footer = self.word.sections[0].footer
        foot = next((paragraph for paragraph in footer.paragraphs if not paragraph.text), None)
        foot = foot or footer.add_paragraph()
        foot.add_run(f"{clean_text(self.document.title)[:80]}\t\t{self.words['page']} ")
        _field(foot, "PAGE", "1")
        foot.add_run(f" {self.words['of']} ")
        _field(foot, "NUMPAGES", "1")

    def _title_page(self) -> None:
        self._text(self.document.organisation, quiet=True)
        self.word.add_paragraph(clean_text(self.document.title), style="Title")
        self._text(self.document.subtitle)
        if self.document.facts:
            self._grid(Table("", (), tuple(self.document.facts)), [14, 50])

    def _contents(self) -> None:
        """A contents field that already holds the headings, each a link to its own."""
        self.word.add_page_break()
        self.word.add_paragraph(self.words["contents"], style="Title")
        entries = list(_headings(self.document.sections))
        if any(picture.table.columns for picture in pictures(self.document.sections)):
            entries.append((1, self.words["data_of_figures"]))
        paragraph = self.word.add_paragraph()
        _field_start(paragraph, 'TOC \\o "1-2" \\h \\z \\u')
        for number, (level, title) in enumerate(entries, 1):
            if level > 2:
                continue
            from docx.shared import Pt

            paragraph = self.word.add_paragraph() if number > 1 else paragraph
            paragraph.paragraph_format.left_indent = Pt(14 * (level - 1))
            paragraph.paragraph_format.space_after = Pt(2)
            link = _element("w:hyperlink", {"w:anchor": f"s{number}", "w:history": "1"})
            run = paragraph.add_run(clean_text(title))
            link.append(run._r)
            paragraph._p.append(link)
        _field_end(paragraph)
        self.word.add_page_break()

    def _heading(self, title: str, level: int) -> None:
        paragraph = self.word.add_heading(clean_text(title), min(level, self.deepest))
        self.bookmark += 1
        number = str(self.bookmark)
        paragraph._p.insert(1, _element("w:bookmarkStart", {"w:id": number, "w:name": f"s{number}"}))
        paragraph._p.append(_element("w:bookmarkEnd", {"w:id": number}))

    def _section(self, section: Section, level: int) -> None:
        self._heading(section.title, level)
        for block in section.blocks:
            self._block(block)
        for below in section.sections:
            self._section(below, level + 1)

    def _block(self, block: Block) -> None:
        match block:
            case Paragraph():
                self._text(block.text, quiet=block.quiet)
            case Points():
                for item in block.items:
                    self.word.add_paragraph(clean_text(item), style="List Bullet")
            case Metrics():
                self._metrics(block)
            case Table():
                self.table += 1
                self._table(block, f"{self.words['table']} {self.table}")
            case Picture():
                self._picture(block)
            case Tree():
                self._text(block.note, quiet=True)
                self._nodes(block.nodes, 0)

    def _text(self, text: str, *, quiet: bool = False) -> None:
        from docx.shared import Pt, RGBColor

        if not (said := clean_text(text)):
            return
        run = self.word.add_paragraph().add_run(said)
        if quiet:
            run.font.size, run.font.color.rgb = Pt(9), RGBColor.from_string(_SOFT)

    def _metrics(self, block: Metrics) -> None:
        rows = tuple((item.label, item.value, item.note) for item in block.items)
        self._grid(Table("", (), rows, frozenset({1})), [24, 16, 50], bold=1)

    def _caption(self, numbered: str, title: str) -> None:
        paragraph = self.word.add_paragraph(style="Caption")
        paragraph.paragraph_format.keep_with_next = True
        paragraph.add_run(f"{numbered}  {clean_text(title)}".rstrip())

    def _table(self, table: Table, numbered: str) -> None:
        if table.columns:
            self._caption(numbered, table.caption)
            self._grid(table, widths(table, _LINE))

    def _table_style(self, ruled: bool) -> str | None:
        there = {str(style.name) for style in self.word.styles}
        wanted = ("Light List Accent 1", "Table Grid") if ruled else ("Normal Table",)
        return next((name for name in wanted if name in there), None)

    def _grid(self, table: Table, wanted: list[int], bold: int | None = None) -> None:
        """Written element by element: python-docx walks the whole table for each cell."""
        grid = self.word.add_table(0, len(wanted), style=self._table_style(bool(table.columns)))
        element, total = grid._tbl, sum(wanted) or 1
        twips = [str(round(width / total * _INCHES * 1440)) for width in wanted]
        for column, width in zip(element.tblGrid, twips, strict=True):
            column.set(_q("w:w"), width)
        if table.columns:
            element.append(_row(table.columns, table.numeric, twips, head=True))
        for row in table.rows:
            element.append(_row(row, table.numeric, twips, bold=bold))
        self.word.add_paragraph()

    def _picture(self, picture: Picture) -> None:
        from docx.shared import Inches

        self.figure += 1
        self._caption(f"{self.words['figure']} {self.figure}", picture.title)
        if picture.light:
            drawn = self.word.add_picture(io.BytesIO(_png(picture.light)))
            high, wide = drawn.height or 1, drawn.width or 1
            share = min(1.0, Inches(_INCHES) / wide, Inches(7.5) / high)
            drawn.width, drawn.height = round(wide * share), round(high * share)
            about = drawn._inline.docPr
            about.set("descr", clean_text(picture.alt))
            about.set("name", f"{self.words['figure']} {self.figure}")
        else:
            self._text(picture.alt)
        self._text(picture.note, quiet=True)

    def _nodes(self, nodes: tuple[Node, ...], depth: int) -> None:
        from docx.shared import Pt, RGBColor

        for node in nodes:
            paragraph = self.word.add_paragraph()
            paragraph.paragraph_format.left_indent = Pt(16 * min(depth, DEEPEST))
            paragraph.paragraph_format.space_after = Pt(4)
            paragraph.add_run(clean_text(node.name)).bold = True
            facts = paragraph.add_run(f"  {clean_text(node.facts)}")
            facts.font.size, facts.font.color.rgb = Pt(9), RGBColor.from_string(_SOFT)
            if node.summary:
                paragraph.add_run().add_break()
                paragraph.add_run(clean_text(node.summary))
            self._nodes(node.children, depth + 1)


def _headings(sections: tuple[Section, ...], level: int = 1) -> list[tuple[int, str]]:
    """Levels and titles of all headings, in order: the place in it is the number of the bookmark."""
    found: list[tuple[int, str]] = []
    for section in sections:
        found += [(level, section.title), *_headings(section.sections, level + 1)]
    return found


def _row(
    cells: tuple[str, ...], numeric: frozenset[int], twips: list[str], *, head: bool = False, bold: int | None = None
) -> Any:
    row = _element("w:tr")
    about = _element("w:trPr")
    about.append(_element("w:cantSplit"))
    if head:
        about.append(_element("w:tblHeader"))
    row.append(about)
    for index, (text, width) in enumerate(zip(cells, twips, strict=False)):
        cell, paragraph, run, said = _element("w:tc"), _element("w:p"), _element("w:r"), _element("w:t")
        shape, look = _element("w:tcPr"), _element("w:pPr")
        shape.append(_element("w:tcW", {"w:w": width, "w:type": "dxa"}))
        look.append(_element("w:spacing", {"w:before": "20", "w:after": "20"}))
        if index in numeric:
            look.append(_element("w:jc", {"w:val": "right"}))
        style = _element("w:rPr")
        if head or index == bold:
            style.append(_element("w:b"))
        style.append(_element("w:sz", {"w:val": "17"}))
        said.text = clean_text(text)
        run.extend([style, said])
        paragraph.extend([look, run])
        cell.extend([shape, paragraph])
        row.append(cell)
    return row


def _png(svg: str) -> bytes:
    try:
        import vl_convert
    except ImportError:
        raise MissingExtraError("A figure in DOCX", "report") from None
    return bytes(vl_convert.svg_to_png(svg, scale=2))


def _q(name: str) -> str:
    from docx.oxml.ns import qn

    return str(qn(name))


def _element(name: str, attributes: dict[str, str] | None = None) -> Any:
    from docx.oxml.parser import OxmlElement

    element = OxmlElement(name)
    for key, value in (attributes or {}).items():
        element.set(_q(key), value)
    return element


def _field(paragraph: Any, code: str, shown: str) -> None:
    _field_start(paragraph, code)
    paragraph.add_run(shown)
    _field_end(paragraph)


def _field_start(paragraph: Any, code: str) -> None:
    said = _element("w:instrText", {"xml:space": "preserve"})
    said.text = code
    for part in (_element("w:fldChar", {"w:fldCharType": "begin"}), said,
                 _element("w:fldChar", {"w:fldCharType": "separate"})):  # fmt: skip
        paragraph.add_run()._r.append(part)


def _field_end(paragraph: Any) -> None:
    paragraph.add_run()._r.append(_element("w:fldChar", {"w:fldCharType": "end"}))


def _dateless(data: bytes) -> bytes:
    """The same zip with a fixed date on every part."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as given, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as fixed:
        for part in given.infolist():
            about = zipfile.ZipInfo(part.filename, date_time=_EPOCH.timetuple()[:6])
            about.compress_type, about.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            fixed.writestr(about, given.read(part))
    return out.getvalue()

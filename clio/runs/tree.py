"""The hierarchy for a terminal and for plain text.

A release may come from anybody: its texts are shown, never obeyed.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import TYPE_CHECKING, Any

from clio.privacy.wall import clean_text

if TYPE_CHECKING:
    from rich.tree import Tree

    from clio.runs.read import Run


def _walk(run: Run, finest: int | None) -> Iterator[tuple[int, dict[Hashable, Any]]]:
    """Depth and row of every cluster, parents before children, the largest first; an only child of its parent's name
    is left out.
    """
    frame = run.clusters.sort_values(["conversations", "cluster_id"], ascending=[False, True])
    if finest is not None and len(frame):
        finest = min(finest, int(frame["level"].max()))  # there is always a top to show
    children: dict[str, list[dict[Hashable, Any]]] = {}
    for row in frame.to_dict("records"):
        parent = row["parent_id"] if isinstance(row["parent_id"], str) else ""
        children.setdefault(parent, []).append(row)
    waiting = [(0, row) for row in reversed(children.get("", []))]
    while waiting:
        depth, row = waiting.pop()
        if finest is not None and row["level"] < finest:
            continue
        yield depth, row
        below = children.get(row["cluster_id"], [])
        # A cluster that is alone under its parent has its name and numbers: it is said once.
        while len(below) == 1 and below[0]["name"] == row["name"]:
            below = children.get(below[0]["cluster_id"], [])
        waiting += [(depth + 1, child) for child in reversed(below)]


def headline(run: Run) -> str:
    """One line: title, conversations, accounts, clusters."""
    about = run.released
    if "noise" in about:
        return (
            f"{clean_text(str(about['title']))}: about {about['conversations']:,} conversations of at least "
            f"{about['accounts']:,} accounts counted in {about['clusters']:,} clusters, with noise (epsilon "
            f"{about['noise']['epsilon']:g})"
        )
    return (
        f"{clean_text(str(about['title']))}: {about['conversations']:,} conversations of {about['accounts']:,} "
        f"accounts in {about['clusters']:,} clusters"
    )


def plain_tree(run: Run, finest: int | None = None) -> str:
    """Indented text, one cluster a line."""
    lines = [headline(run)]
    for depth, row in _walk(run, finest):
        lines.append(f"{'  ' * (depth + 1)}{clean_text(row['name'])}  ({row['conversations']:,}, {row['share']:.1%})")
    return "\n".join(lines)


def rich_tree(run: Run, finest: int | None = None, summaries: bool = False) -> Tree:
    """A rich tree; names are shown as text, whatever markup or escape sequences they may hold."""
    from rich.text import Text
    from rich.tree import Tree

    root = Tree(Text(headline(run), style="bold"), guide_style="dim")
    path: list[Tree] = [root]
    for depth, row in _walk(run, finest):
        line = Text()
        line.append(clean_text(row["name"]), style="bold cyan" if depth == 0 else "bold" if depth == 1 else "")
        line.append(
            f"  {row['conversations']:,} conversations, {row['accounts']:,} accounts, {row['share']:.1%}",
            style="dim",
        )
        if summaries:
            line.append(f"\n{clean_text(row['summary'])}", style="italic dim")
        del path[depth + 1 :]
        path.append(path[depth].add(line))
    return root


HTML_ROWS = 12
"""Clusters that a notebook shows of a run: the top of the hierarchy."""


def html_summary(run: Run, most: int = HTML_ROWS) -> str:
    """Headline and the largest clusters of the two coarsest levels, for a notebook; every name is text, none is markup.

    It has no style of its own but indents, and no script: the notebook's theme decides how it looks.
    """
    from clio.explore.safe import html, percent

    top = int(run.clusters["level"].max()) if len(run.clusters) else 0
    found = list(_walk(run, max(0, top - 1)))
    rows = [
        f'<tr><td style="text-align:left;padding-left:{0.5 + 1.5 * depth}em">{html(row["name"], 120)}</td>'
        f"<td>{row['conversations']:,}</td><td>{row['accounts']:,}</td><td>{percent(row['share'])}</td></tr>"
        for depth, row in found[:most]
    ]
    left = len(found) - len(rows)
    more = f"<p>{left:,} more at these levels, and finer ones below: <code>print(run.tree())</code></p>" if left else ""
    heads = "".join(f'<th scope="col">{name}</th>' for name in ("cluster", "conversations", "accounts", "share"))
    table = f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    nothing = "<p>No cluster passed the thresholds.</p>"
    return f"<p><strong>{html(headline(run))}</strong></p>{table if rows else nothing}{more}"

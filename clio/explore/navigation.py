"""The pages of the app, in the order of the menu. A new page is one line here and one file in ``app_pages``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PageSpec:
    """``restricted`` pages exist only where the app was started with ``--restricted`` and a purpose."""

    name: str
    title: str
    icon: str
    help: str
    section: str = "Explore"
    restricted: bool = False
    without_release: bool = False
    """Whether it works where there is nothing to explore (a page to start a run, for example)."""

    @property
    def file(self) -> str:
        """Relative to the entry script."""
        return f"app_pages/{self.name}.py"


PAGES = (
    PageSpec("explore", "Map and tree", "map", "The shape of usage: the map, the hierarchy, and search over both."),
    PageSpec("cluster", "Cluster", "bubble_chart", "Everything the release tells about one cluster."),
    PageSpec("trends", "Trends", "trending_up", "Weeks: areas over time, fastest movers, before and after a date."),
    PageSpec("compare", "Compare", "compare_arrows", "Two slices of a release, or two runs, side by side."),
    PageSpec("privacy", "Privacy", "shield", "What is protected, what is hidden and why, and what is not promised."),
    PageSpec("curate", "Curate", "edit_note", "Rename, merge, move, hide, note; with history and undo."),
    PageSpec(
        "conversations",
        "Conversations",
        "visibility_lock",
        "Restricted: answers about single conversations of a cluster. Every opening is written down.",
        restricted=True,
    ),
    PageSpec(
        "runs", "Runs", "play_circle", "Runs of this folder: start, watch, stop, go on, open.", without_release=True
    ),
    PageSpec("take_away", "Download", "download", "Tables, the map as one file, and files that other tools open."),
)


def pages(*, restricted: bool = False, release: bool = True) -> tuple[PageSpec, ...]:
    """Those that are shown."""
    return tuple(page for page in PAGES if (restricted or not page.restricted) and (release or page.without_release))

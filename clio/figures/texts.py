"""Fixed text of figures and how they write numbers: English, unless a report hands in another language's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from clio.figures.words import LABEL, cut

_SPAN = re.compile(r"(?P<low>\d[\d,]*) to (?P<high>\d[\d,]*)")
_MORE = re.compile(r"(?P<low>\d[\d,]*) and more")

_SAMPLE = (
    "Lines are 95 % intervals for another sample of as many accounts of the same users; they are not about mistakes of "
    "the models, nor about other ways to cluster."
)
_MANY = "Coloured: clear after correction for the number of comparisons (Benjamini and Hochberg, 5 %)."
_CROSSED_OUT = "Crossed grey cells are not shown: absent, or held by too few people. They are not zero."

ENGLISH_TEXTS: Mapping[str, str] = {
    # Numbers and names
    "span": "{low} to {high}", "and_more": "{low} and more", "times": "{n} times",
    "not_shown": "not shown", "not_known": "not known", "date": "%-d %b %Y", "date_lines": "%-d %b\n%Y",
    "all": "All conversations", "no_answer": "n/a",
    # Of a cluster, in hover boxes
    "size": "{conversations} conversations ({share}), {accounts} accounts",
    "size_of_all": "{conversations} conversations ({share} of all), {accounts} accounts",
    "size_alone": "{conversations} conversations ({share} of all)",
    "conversations": "{n} conversations",
    "of_accounts": "{conversations} conversations of {accounts} accounts",
    "interval": "95 % interval {span}",
    # Rows
    "smaller": "{n} smaller ones", "together": "{share} together", "each_in_table": "Each one is in the table.",
    "more_values": "{n} more values", "in_table": "in the table", "they_in_table": "They are in the table.",
    "other": "other, together", "too_few": "too few people", "more": "{n} more", "n_not_shown": "{n} not shown",
    "why_other": "values held by few people, together", "why_hidden": "absent, or too few people: not shown",
    "why_none": "every value is held by too few people here: not shown",
    "why_row": "Absent, or held by too few people. Not zero.",
    "share_axis": "Share of conversations", "row": "{name} {said}", "row_sentence": "{name}: {said}.",
    "areas": "Largest areas", "areas_none": "No cluster is released.",
    "areas_alt": "Bars of {n} of {total} clusters. The largest is {name} with {share} of all conversations ({span}).",
    "areas_note": f"Share of all released conversations. {_SAMPLE} A cluster's size is not a prevalence.",
    "breakdown": "{facet} in: {name}", "breakdown_all": "{facet}, all conversations",
    "breakdown_none": "No value of {facet} is shown here: it is no facet here, or too few people hold each value.",
    "breakdown_alt": "Bars of {facet} in {name}: {rows}.",
    "breakdown_note": f"Share of the conversations there. {_SAMPLE} Grey hatching: values that too few people hold, "
    "never zero.",
    # Rows of ratios
    "ratio_interval": "95 % interval {low} to {high} times; q = {q}",
    "two_shares": "{one} {first}, {other} {second}",
    "over_hidden": "over, count not shown", "under_hidden": "under, count not shown",
    "ratio_alt": "{what}: {clear} clear differences among {n} comparisons; {hidden} cannot be shown. {rows}",
    "apart": "What sets apart: {name}", "apart_what": "{name} against everything else",
    "in_it": "in it", "in_rest": "in everything else",
    "apart_note": f"How many times as common in the cluster as outside of it. {_MANY} {_SAMPLE}",
    "apart_axis": "Times as common as elsewhere",
    "apart_none": "Nothing of this cluster can be compared: no facet has values that are shown.",
    "slices": "{facet} {one} against {other}",
    "slices_note": "How many times as often a cluster is where {facet} is {one} as where it is {other}. "
    f"{_MANY} {_SAMPLE}",
    "slices_axis": "Times as often with {one} as with {other}",
    "slices_few": "{what}: both are shown for the whole, but too few people hold them in each cluster of this level to "
    "tell a difference.",
    "slices_none": "{what}: one of the two values is not shown in this release.",
    "runs": "{facet}: {one} against {other}",
    "runs_note": "How many times as common a value is in {one} as in {other}. Facets are compared, not clusters: those "
    f"of two runs are different groups. {_MANY} {_SAMPLE}",
    "runs_axis": "Times as common in {one} as in {other}", "runs_none": "{facet}: no value is shown in either run.",
    "movement": "What moved", "movement_what": "Change of share between two periods",
    "before": "before", "after": "after",
    "movement_note": "Share of the later weeks' conversations as a multiple of the earlier weeks'. "
    f"{_MANY} {_SAMPLE}",
    "movement_axis": "Times the earlier share",
    "movement_none": "Nothing can be compared: in every cluster, weeks of one period or the other are held by too few "
    "people.",
    "growth": "Fastest movers", "growth_what": "Change of share per week",
    "growth_note": "By what factor the share changes each week, over the weeks that are shown. "
    f"{_MANY} {_SAMPLE}",
    "growth_axis": "Factor per week",
    "growth_none": "No cluster is shown in {n} weeks or more: no change can be told.",
    # Map and tree
    "map": "Map of conversations", "other_areas": "Other areas",
    "map_none": "No cluster of this release has a place on the map.",
    "map_alt": "Map of {n} clusters by meaning, over the density of {conversations} conversations. Largest marks: "
    "{names}.",
    "map_note": "Near means similar, far means little: the axes have no unit, and sizes of empty spaces say nothing. "
    "Shading: density of conversations in squares that each hold enough people; unshaded is empty. "
    "Marks: clusters, by size. {colour}",
    "colour_value": "Colour: {title}; grey where not shown.", "colour_area": "Colour: top area.",
    "tree": "Tree of clusters", "tree_alt": "Tree of {n} clusters below {name}. Largest: {names}.",
    "tree_node": "{name} ({share})", "none": "none",
    "tree_note": "Area: conversations. Every cluster lies within the one above it. {colour}",
    # Weeks
    "weeks": "Weeks", "weeks_of": "Weeks: {name}", "week_axis": "Share of the week",
    "week_count_axis": "Conversations a week", "week_of": "Week of {week}: {said}",
    "by_chance": "By chance: {low} to {high}",
    "weeks_none": "No week is shown: the input has no dates, or every week is held by too few people.",
    "weeks_alt": "Lines of {n} over {weeks} weeks: {names}. {outside} weeks lie outside the band of chance; {hidden} "
    "are not shown.",
    "weeks_note": "Band: where 95 % of weeks would lie if the share were steady and only chance made them differ "
    "(binomial, with variance times conversations per account); one week in twenty lies outside of it by chance. Gaps "
    "are weeks that too few people hold, never zero{hidden}. The first and the last week may be incomplete.",
    "weeks_hidden": ": {n} of them",
    # Grids
    "cell_hidden": "not shown: absent, or too few people",
    "cell": "{share} of this cluster ({conversations} conversations), {all} of all",
    "cell_ratio": "; {ratio} times the rest ({low} to {high})",
    "grid": "{facet} by cluster", "grid_none": "No value of {facet} is shown in any cluster of this level.",
    "grid_alt": "Grid of {rows} clusters by {columns} values of {facet}; {shown} cells shown, {hidden} not.",
    "grid_note": f"Colour: share of the cluster's conversations. {_CROSSED_OUT}",
    "grid_ratio_note": "Colour: how many times as common as in everything else, where that is clear after correction "
    f"for their number (Benjamini and Hochberg, 5 %). {_CROSSED_OUT}",
    "bar_share": "share of cluster", "bar_ratio": "times as common", "bar_count": "conversations",
    "crossed": "{one} by {other}",
    "crossed_none": "{one} by {other} is not in this release: name the pair under facets.intersections; or too few "
    "people are in every cell.",
    "crossed_alt": "Grid of {one} by {other}, all conversations: {shown} cells are shown, {hidden} are not.",
    "crossed_note": f"Conversations of the whole release. {_CROSSED_OUT}",
    "crossed_ratio_note": "Times as many as if the two had nothing to do with each other; no correction for chance. "
    f"{_CROSSED_OUT}",
    "crossed_cell": "{n} conversations, {expected} expected",
    # Concern against flag
    "concern": "{concern} against {flag}", "concern_and": " and no facet ",
    "concern_absent": "This release shows no facet {names}.",
    "concern_hidden": "In every cluster the values are held by too few people to be shown.",
    "concern_alt": "Scatter of {n} clusters by share of {concern} {high} and share of {flag} {flagged}; {partly} more "
    "are known to bounds, {rest} cannot be placed.",
    "concern_note": "Shares of each cluster's conversations. Open marks: hidden values leave a range, which the lines "
    "cover. Neither axis is the truth: one is a model's judgement, the other is what was caught.",
    "concern_axis": "{facet}: share that is high", "flag_axis": "{facet}: share flagged",
    "concern_told": "high concern: {share}", "flag_told": "flagged: {share}",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wording:
    """The fixed text of figures in one language. What a release holds (names, values, summaries) stays as it is."""

    texts: Mapping[str, str]
    decimal: str = "."
    thousands: str = ","
    facets: Mapping[str, str] = field(default_factory=dict)
    """Names of facets for a reader; any other keeps its own."""
    values: Mapping[str, str] = field(default_factory=dict)
    """Values that Clio itself writes (weekdays), for a reader."""

    def __call__(self, key: str, **values: object) -> str:
        """The text of a key, its places filled. A value is never itself read for places."""
        return self.texts[key].format(**values)

    def facet(self, name: str) -> str:
        """A facet for a reader, cut to a label."""
        return cut(self.facets.get(name, name.replace("_", " ")))

    def value(self, value: str, length: int | None = None) -> str:
        """A value of a facet for a reader: ranges, weekdays and what is no answer in this language."""
        if value == "n/a":
            return self("no_answer")
        for key, form in (("span", _SPAN), ("and_more", _MORE)):
            if found := form.fullmatch(value):
                ends = {name: number.replace(",", self.thousands) for name, number in found.groupdict().items()}
                return self(key, **ends)
        told = self.values.get(value, value)
        return told if length is None else cut(told, length)

    def percent(self, share: float) -> str:
        """``12 %``; one decimal below 10."""
        return f"{self._hundredths(share)} %" if share == share else self("not_known")

    def between(self, low: float, high: float) -> str:
        """``9.5 to 15 %``; empty where there is none."""
        if low != low or high != high:
            return ""
        return self("span", low=self._hundredths(low), high=self.percent(high))

    def times(self, ratio: float) -> str:
        """``1.8 times``, ``0.4 times``; what is hidden is said so."""
        if ratio != ratio:
            return self("not_shown")
        near, tiny = 0.8 < ratio < 1.25, ratio < 0.095
        return self("times", n=self.figure(ratio, ".2f" if near else ".2g" if tiny else ".1f"))

    def number(self, count: float) -> str:
        """``1,234``, or ``not shown``."""
        return self("not_shown") if count != count else self.figure(count, ",.0f")

    def figure(self, number: float, form: str) -> str:
        """A number by a format of Python's, with this language's marks."""
        if number == float("inf"):
            return "∞"
        marks = {".": self.decimal, ",": self.thousands}
        return "".join(marks.get(mark, mark) for mark in format(number, form))

    def _hundredths(self, share: float) -> str:
        return self.figure(100 * share, ".0f" if share >= 0.0995 else ".1f")


ENGLISH = Wording(ENGLISH_TEXTS)


def list_of(names: list[str], length: int = LABEL) -> str:
    """Names after one another, each cut."""
    return ", ".join(cut(name, length) for name in names)

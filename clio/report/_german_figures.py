"""Fixed text of figures, German: the keys of the English one, each with the same places."""

from __future__ import annotations

from clio.figures.texts import Wording

_SAMPLE = (
    "Die Linien sind 95-%-Intervalle für eine andere Stichprobe von ebenso vielen Konten derselben Nutzer; von Fehlern "
    "der Modelle und von anderen Einteilungen handeln sie nicht."
)
_MANY = "Farbig: klar nach Korrektur für die Zahl der Vergleiche (Benjamini und Hochberg, 5 %)."
_CROSSED_OUT = (
    "Durchkreuzte graue Felder sind nicht gezeigt: es gibt sie nicht, oder zu wenige Menschen stehen dahinter. Sie "
    "sind nicht null."
)

GERMAN_TEXTS = {
    # Numbers and names
    "span": "{low} bis {high}", "and_more": "{low} und mehr", "times": "{n}-mal",
    "not_shown": "nicht gezeigt", "not_known": "nicht bekannt", "date": "%-d.%-m.%Y", "date_lines": "%-d.%-m.\n%Y",
    "all": "Alle Unterhaltungen", "no_answer": "keine Angabe",
    # Of a cluster, in hover boxes
    "size": "{conversations} Unterhaltungen ({share}), {accounts} Konten",
    "size_of_all": "{conversations} Unterhaltungen ({share} von allen), {accounts} Konten",
    "size_alone": "{conversations} Unterhaltungen ({share} von allen)",
    "conversations": "{n} Unterhaltungen",
    "of_accounts": "{conversations} Unterhaltungen von {accounts} Konten",
    "interval": "95-%-Intervall {span}",
    # Rows
    "smaller": "{n} kleinere", "together": "zusammen {share}", "each_in_table": "Jede steht in der Tabelle.",
    "more_values": "{n} weitere Werte", "in_table": "in der Tabelle", "they_in_table": "Sie stehen in der Tabelle.",
    "other": "andere, zusammen", "too_few": "zu wenige Menschen", "more": "{n} weitere",
    "n_not_shown": "{n} nicht gezeigt",
    "why_other": "Werte weniger Menschen, zusammen",
    "why_hidden": "nicht vorhanden, oder zu wenige Menschen: nicht gezeigt",
    "why_none": "hinter jedem Wert stehen hier zu wenige Menschen: nicht gezeigt",
    "why_row": "Nicht vorhanden, oder zu wenige Menschen stehen dahinter. Nicht null.",
    "share_axis": "Anteil der Unterhaltungen", "row": "{name} {said}", "row_sentence": "{name}: {said}.",
    "areas": "Größte Bereiche", "areas_none": "Keine Gruppe ist freigegeben.",
    "areas_alt": "Balken für {n} von {total} Gruppen. Die größte ist {name} mit {share} aller Unterhaltungen ({span}).",
    "areas_note": f"Anteil an allen freigegebenen Unterhaltungen. {_SAMPLE} Die Größe einer Gruppe ist keine "
    "Häufigkeit.",
    "breakdown": "{facet} in: {name}", "breakdown_all": "{facet}, alle Unterhaltungen",
    "breakdown_none": "Kein Wert von {facet} ist hier gezeigt: es ist hier kein Merkmal, oder hinter jedem Wert stehen "
    "zu wenige Menschen.",
    "breakdown_alt": "Balken für {facet} in {name}: {rows}.",
    "breakdown_note": f"Anteil an den Unterhaltungen dort. {_SAMPLE} Grau schraffiert: Werte, hinter denen zu wenige "
    "Menschen stehen, nie null.",
    # Rows of ratios
    "ratio_interval": "95-%-Intervall {low}- bis {high}-mal; q = {q}",
    "two_shares": "{one} {first}, {other} {second}",
    "over_hidden": "mehr, Zahl nicht gezeigt", "under_hidden": "weniger, Zahl nicht gezeigt",
    "ratio_alt": "{what}: {clear} klare Unterschiede bei {n} Vergleichen; {hidden} können nicht gezeigt werden. {rows}",
    "apart": "Was {name} unterscheidet", "apart_what": "{name} gegen alles andere",
    "in_it": "darin", "in_rest": "in allem anderen",
    "apart_note": f"Wievielmal so häufig in der Gruppe wie außerhalb. {_MANY} {_SAMPLE}",
    "apart_axis": "Wievielmal so häufig wie sonst",
    "apart_none": "Nichts an dieser Gruppe lässt sich vergleichen: kein Merkmal hat Werte, die gezeigt sind.",
    "slices": "{facet}: {one} gegen {other}",
    "slices_note": "Wievielmal so oft eine Gruppe ist, wo {facet} {one} ist, wie wo es {other} ist. "
    f"{_MANY} {_SAMPLE}",
    "slices_axis": "Wievielmal so oft bei {one} wie bei {other}",
    "slices_few": "{what}: beide sind für das Ganze gezeigt, aber in jeder Gruppe dieser Ebene stehen zu wenige "
    "Menschen dahinter, um einen Unterschied zu nennen.",
    "slices_none": "{what}: einer der beiden Werte ist in dieser Veröffentlichung nicht gezeigt.",
    "runs": "{facet}: {one} gegen {other}",
    "runs_note": "Wievielmal so häufig ein Wert in {one} ist wie in {other}. Verglichen werden Merkmale, nicht "
    f"Gruppen: die zweier Läufe sind verschiedene. {_MANY} {_SAMPLE}",
    "runs_axis": "Wievielmal so häufig in {one} wie in {other}",
    "runs_none": "{facet}: in keinem der beiden Läufe ist ein Wert gezeigt.",
    "movement": "Was sich bewegt hat", "movement_what": "Änderung des Anteils zwischen zwei Zeiträumen",
    "before": "vorher", "after": "nachher",
    "movement_note": "Anteil an den Unterhaltungen der späteren Wochen als Vielfaches des früheren. "
    f"{_MANY} {_SAMPLE}",
    "movement_axis": "Vielfaches des früheren Anteils",
    "movement_none": "Nichts lässt sich vergleichen: hinter Wochen des einen oder des anderen Zeitraums stehen in "
    "jeder Gruppe zu wenige Menschen.",
    "growth": "Was sich am schnellsten ändert", "growth_what": "Änderung des Anteils je Woche",
    "growth_note": "Um welchen Faktor sich der Anteil jede Woche ändert, über die gezeigten Wochen. "
    f"{_MANY} {_SAMPLE}",
    "growth_axis": "Faktor je Woche",
    "growth_none": "Keine Gruppe ist in {n} Wochen oder mehr gezeigt: keine Änderung lässt sich nennen.",
    # Map and tree
    "map": "Karte der Unterhaltungen", "other_areas": "Übrige Bereiche",
    "map_none": "Keine Gruppe dieser Veröffentlichung hat einen Platz auf der Karte.",
    "map_alt": "Karte von {n} Gruppen nach Bedeutung, über der Dichte von {conversations} Unterhaltungen. Größte "
    "Punkte: {names}.",
    "map_note": "Nah heißt ähnlich, fern heißt wenig: die Achsen haben keine Einheit, und die Größe leerer Flächen "
    "sagt nichts. Schattierung: Dichte der Unterhaltungen in Quadraten, in denen jeweils genug Menschen sind; ohne "
    "Schattierung ist leer. Punkte: Gruppen, nach Größe. {colour}",
    "colour_value": "Farbe: {title}; grau, wo nicht gezeigt.", "colour_area": "Farbe: oberster Bereich.",
    "tree": "Baum der Gruppen", "tree_alt": "Baum von {n} Gruppen unter {name}. Die größten: {names}.",
    "tree_node": "{name} ({share})", "none": "keine",
    "tree_note": "Fläche: Unterhaltungen. Jede Gruppe liegt in der über ihr. {colour}",
    # Weeks
    "weeks": "Wochen", "weeks_of": "Wochen: {name}", "week_axis": "Anteil an der Woche",
    "week_count_axis": "Unterhaltungen je Woche", "week_of": "Woche ab {week}: {said}",
    "by_chance": "Durch Zufall: {low} bis {high}",
    "weeks_none": "Keine Woche ist gezeigt: die Quelle nennt keine Daten, oder hinter jeder Woche stehen zu wenige "
    "Menschen.",
    "weeks_alt": "Linien für {n} über {weeks} Wochen: {names}. {outside} Wochen liegen außerhalb des Zufallsbandes; "
    "{hidden} sind nicht gezeigt.",
    "weeks_note": "Band: wo 95 % der Wochen lägen, wenn der Anteil gleich bliebe und nur Zufall sie unterschiede "
    "(binomial, die Varianz mal Unterhaltungen je Konto); eine von zwanzig Wochen liegt durch Zufall außerhalb. Lücken "
    "sind Wochen, hinter denen zu wenige Menschen stehen, nie null{hidden}. Die erste und die letzte Woche können "
    "unvollständig sein.",
    "weeks_hidden": ": {n} davon",
    # Grids
    "cell_hidden": "nicht gezeigt: nicht vorhanden, oder zu wenige Menschen",
    "cell": "{share} dieser Gruppe ({conversations} Unterhaltungen), {all} von allen",
    "cell_ratio": "; {ratio}-mal der Rest ({low} bis {high})",
    "grid": "{facet} nach Gruppe", "grid_none": "Kein Wert von {facet} ist in einer Gruppe dieser Ebene gezeigt.",
    "grid_alt": "Gitter von {rows} Gruppen und {columns} Werten von {facet}; {shown} Felder gezeigt, {hidden} nicht.",
    "grid_note": f"Farbe: Anteil an den Unterhaltungen der Gruppe. {_CROSSED_OUT}",
    "grid_ratio_note": "Farbe: wievielmal so häufig wie in allem anderen, wo das nach Korrektur für ihre Zahl klar ist "
    f"(Benjamini und Hochberg, 5 %). {_CROSSED_OUT}",
    "bar_share": "Anteil der Gruppe", "bar_ratio": "wievielmal so häufig", "bar_count": "Unterhaltungen",
    "crossed": "{one} nach {other}",
    "crossed_none": "{one} nach {other} ist nicht in dieser Veröffentlichung: das Paar gehört unter "
    "facets.intersections; oder in jedem Feld sind zu wenige Menschen.",
    "crossed_alt": "Gitter von {one} nach {other}, alle Unterhaltungen: {shown} Felder sind gezeigt, {hidden} nicht.",
    "crossed_note": f"Unterhaltungen der ganzen Veröffentlichung. {_CROSSED_OUT}",
    "crossed_ratio_note": "Wievielmal so viele, wie wenn die beiden nichts miteinander zu tun hätten; ohne Korrektur "
    f"für Zufall. {_CROSSED_OUT}",
    "crossed_cell": "{n} Unterhaltungen, {expected} erwartet",
    # Concern against flag
    "concern": "{concern} gegen {flag}", "concern_and": " und kein Merkmal ",
    "concern_absent": "Diese Veröffentlichung zeigt kein Merkmal {names}.",
    "concern_hidden": "In jeder Gruppe stehen hinter den Werten zu wenige Menschen, um gezeigt zu werden.",
    "concern_alt": "Punkte für {n} Gruppen nach dem Anteil von {concern} {high} und dem von {flag} {flagged}; von "
    "{partly} weiteren sind Grenzen bekannt, {rest} haben keinen Platz.",
    "concern_note": "Anteile an den Unterhaltungen jeder Gruppe. Offene Punkte: verborgene Werte lassen einen Bereich "
    "offen, den die Linien abdecken. Keine der Achsen ist die Wahrheit: die eine ist das Urteil eines Modells, die "
    "andere das, was auffiel.",
    "concern_axis": "{facet}: Anteil, der hoch ist", "flag_axis": "{facet}: Anteil, der auffiel",
    "concern_told": "hohe Bedenken: {share}", "flag_told": "aufgefallen: {share}",
}  # fmt: skip

WEEKDAYS = {
    "Monday": "Montag", "Tuesday": "Dienstag", "Wednesday": "Mittwoch", "Thursday": "Donnerstag", "Friday": "Freitag",
    "Saturday": "Samstag", "Sunday": "Sonntag",
}  # fmt: skip
GERMAN_FIGURES = Wording(GERMAN_TEXTS, ",", ".", values=WEEKDAYS)

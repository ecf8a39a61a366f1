"""German for what a run says of its own privacy.

A run writes its statement in English, from fixed sentences with numbers in them. They are known here by their English,
so that releases of every age are told in German; what is not known stays as the run wrote it.
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from functools import lru_cache

SENTENCES: Mapping[str, str] = {
    # Against whom, and for whom
    "Somebody who has every file of this release and of all earlier ones of this run, knows how the system works and a "
    "great deal about the person they look for and about many other users, and may themselves have had conversations "
    "with the assistant that are counted here. They do not have the private workspace.":
    "Jemand, der jede Datei dieser Veröffentlichung und aller früheren dieses Laufs hat, weiß, wie das System "
    "arbeitet, sehr viel über den gesuchten Menschen und über viele andere Nutzer weiß und vielleicht selbst "
    "Unterhaltungen mit dem Assistenten hatte, die hier mitzählen. Den privaten Arbeitsbereich hat er nicht.",
    "An account: every conversation of one account together. Every threshold counts distinct accounts beside "
    "conversations; accounts that post nearly the same texts count as one.":
    "Ein Konto: alle Unterhaltungen eines Kontos zusammen. Jede Schwelle zählt neben Unterhaltungen auch verschiedene "
    "Konten; Konten mit fast gleichen Texten zählen als eines.",
    # What is not promised
    "Clusters are formed from the conversations themselves. Unless the counts carry noise (epsilon below), this is "
    "aggregation with thresholds and not differential privacy: that a group of this size exists is itself shown.":
    "Gruppen entstehen aus den Unterhaltungen selbst. Tragen die Zahlen kein Rauschen (Epsilon weiter unten), so ist "
    "dies Zusammenfassung mit Schwellen und kein Differential Privacy: dass es eine Gruppe dieser Größe gibt, ist "
    "selbst sichtbar.",
    "A person with several accounts and different texts counts as several people.":
    "Ein Mensch mit mehreren Konten und verschiedenen Texten zählt als mehrere.",
    "Names and summaries are written or chosen by models and judged by models and lists. Each of these can be wrong.":
    "Namen und Zusammenfassungen werden von Modellen geschrieben oder gewählt und von Modellen und Listen beurteilt. "
    "Jedes davon kann irren.",
    "Names of people are looked for in the languages listed under `languages` only.":
    "Nach Personennamen wird nur in den Sprachen gesucht, die unter „Sprachen“ genannt sind.",
    "Rates of what is left are measured by detectors that miss things: 0 found is not 0 there.":
    "Was übrig ist, messen Erkenner, die manches übersehen: 0 gefunden heißt nicht 0 vorhanden.",
    "A cluster's size is not a prevalence: conversations were sampled, screened, clustered and in part hidden.":
    "Die Größe einer Gruppe ist keine Häufigkeit: Unterhaltungen wurden ausgewählt, gesiebt, gruppiert und zum Teil "
    "verborgen.",
    "Nothing is promised about the private workspace here: keep it, encrypt it or purge it.":
    "Über den privaten Arbeitsbereich verspricht dies nichts: bewahren, verschlüsseln oder löschen Sie ihn.",
    # Rules
    "Every number shown is about at least {n} conversations.":
    "Jede gezeigte Zahl handelt von mindestens {n} Unterhaltungen.",
    "Every number shown is about at least {n} distinct accounts.":
    "Jede gezeigte Zahl handelt von mindestens {n} verschiedenen Konten.",
    "No conversation names an account: each of these counts as an account of its own, so that for them this rule "
    "protects no more than the one on conversations.":
    "Keine Unterhaltung nennt ein Konto: jede zählt als eigenes, sodass diese Regel für sie nicht mehr schützt als die "
    "über Unterhaltungen.",
    "Some conversations do not name an account: each of these counts as an account of its own, so that for them this "
    "rule protects no more than the one on conversations.":
    "Manche Unterhaltungen nennen kein Konto: jede davon zählt als eigenes, sodass diese Regel für sie nicht mehr "
    "schützt als die über Unterhaltungen.",
    "No account is more than {n}% of what a cluster counts.":
    "Kein Konto macht mehr als {n} % dessen aus, was eine Gruppe zählt.",
    "A facet value or week with too few people in a cluster is not shown there.":
    "Ein Wert oder eine Woche mit zu wenigen Menschen in einer Gruppe ist dort nicht gezeigt.",
    "Where one hidden cell could be worked out from a total, a further cell is hidden too.":
    "Wo sich eine verborgene Zelle aus einer Summe errechnen ließe, ist eine weitere verborgen.",
    "A word of a term, name or summary is shown only where at least {n} accounts of the cluster used it, and up to so "
    "many more, which nobody knows, or where it comes from a public list and no conversation. A listed word for a "
    "sensitive attribute needs as many accounts that used it as that rule below says.":
    "Ein Wort eines Begriffs, eines Namens oder einer Zusammenfassung ist nur gezeigt, wo mindestens {n} Konten der "
    "Gruppe es benutzten, dazu bis zu so viele mehr, was niemand weiß, oder wo es aus einer öffentlichen Liste und "
    "keiner Unterhaltung stammt. Ein Wort der Liste für heikle Merkmale braucht so viele Konten, wie die Regel dazu "
    "sagt.",
    "Clusters, names and summaries were given in a file before the run: none of their words comes from a conversation "
    "of it, and nothing judged them. A conversation is counted in the cluster it is nearest to.":
    "Gruppen, Namen und Zusammenfassungen standen vor dem Lauf in einer Datei: keines ihrer Worte stammt aus einer "
    "seiner Unterhaltungen, und nichts hat sie beurteilt. Eine Unterhaltung zählt in der Gruppe, der sie am nächsten "
    "ist.",
    "Identifiers and secrets are taken out of every text before a model reads it and of all that a model wrote.":
    "Kennungen und Geheimnisse werden aus jedem Text genommen, bevor ein Modell ihn liest, und aus allem, was ein "
    "Modell schrieb.",
    "Person names were not looked for: that is turned off.":
    "Nach Personennamen wurde nicht gesucht: das ist ausgeschaltet.",
    "Person names were looked for by their surroundings only: the optional detector is not installed.":
    "Nach Personennamen wurde nur anhand ihrer Umgebung gesucht: der zusätzliche Erkenner ist nicht eingerichtet.",
    "Clusters are formed from the conversations themselves: this is aggregation with thresholds, not differential "
    "privacy, and a cluster's size is not a prevalence.":
    "Gruppen entstehen aus den Unterhaltungen selbst: dies ist Zusammenfassung mit Schwellen, kein Differential "
    "Privacy, und die Größe einer Gruppe ist keine Häufigkeit.",
    "Conversations are put into given clusters: this is aggregation with thresholds, not differential privacy, and a "
    "cluster's size is not a prevalence.":
    "Unterhaltungen kommen in vorgegebene Gruppen: dies ist Zusammenfassung mit Schwellen, kein Differential Privacy, "
    "und die Größe einer Gruppe ist keine Häufigkeit.",
    "A model rated every name and summary from 1 to 5 for what it tells of a person or small group and for sensitive "
    "attributes of few; below {n} it was rewritten once or withheld. It can be wrong.":
    "Ein Modell bewertete jeden Namen und jede Zusammenfassung von 1 bis 5: was sie über einen Menschen oder wenige "
    "verraten, und heikle Merkmale von wenigen; unter {n} wurde einmal neu geschrieben oder zurückgehalten. Es kann "
    "irren.",
    "No model judged names and summaries in this run. They were held to the other rules of this table only.":
    "Kein Modell beurteilte in diesem Lauf Namen und Zusammenfassungen. Für sie galten nur die anderen Regeln dieser "
    "Tabelle.",
    "A listed word for health, sexuality, immigration, crime, religion, politics, origin or violence is shown only of "
    "at least {n} accounts. The list is short and English: what it does not hold, it does not see.":
    "Ein Wort der Liste für Gesundheit, Sexualität, Einwanderung, Straftaten, Religion, Politik, Herkunft oder Gewalt "
    "ist nur bei mindestens {n} Konten gezeigt. Die Liste ist kurz und englisch: was nicht darin steht, sieht sie "
    "nicht.",
    "No list of sensitive words was applied.": "Keine Liste heikler Wörter wurde angewandt.",
    "A name or summary in which a detector finds an identifier, a secret or a person was rewritten once or withheld; "
    "such a term is left out. Detectors miss things and see things.":
    "Ein Name oder eine Zusammenfassung, worin ein Erkenner eine Kennung, ein Geheimnis oder einen Menschen findet, "
    "wurde einmal neu geschrieben oder zurückgehalten; ein solcher Begriff fällt weg. Erkenner übersehen manches und "
    "sehen manches, was nicht da ist.",
    "Counts are shown as they are.": "Zahlen sind gezeigt, wie sie sind.",
    "Every count of conversations and accounts is rounded to the nearest {n}, each by itself, and shares are made of "
    "rounded counts: they need not add up. What is hidden was decided before rounding.":
    "Jede Zahl von Unterhaltungen und Konten ist für sich auf ein Vielfaches von {n} gerundet, und Anteile sind aus "
    "gerundeten Zahlen: sie müssen nicht aufgehen. Was verborgen ist, wurde vor dem Runden entschieden.",
    # Earlier releases
    "Earlier releases of this run, if any, are left out of account: its owner says nobody was shown any.":
    "Frühere Veröffentlichungen dieses Laufs bleiben außer Betracht: laut Eigentümer hat niemand eine gesehen.",
    "There was no earlier release of this run.": "Eine frühere Veröffentlichung dieses Laufs gab es nicht.",
    "{n} earlier releases count the same clusters and are taken as known. Of the cells hidden now, {m} were already "
    "released, and {k} can be worked out or bounded closely from earlier releases alone.":
    "{n} frühere Veröffentlichungen zählen dieselben Gruppen und gelten als bekannt. Von den jetzt verborgenen Zellen "
    "waren {m} schon veröffentlicht, und {k} lassen sich allein aus früheren errechnen oder eng eingrenzen.",
    "{n} earlier releases have other clusters or conversations: what follows from subtracting them is not protected.":
    "{n} frühere Veröffentlichungen haben andere Gruppen oder Unterhaltungen: was aus ihrer Differenz folgt, ist nicht "
    "geschützt.",
    "Answers changed since, so this is not promised for: {names}.":
    "Antworten haben sich seither geändert, daher gilt dies nicht für: {names}.",
    # Noise
    "A number is shown only where it is at least {n} with its noise.":
    "Eine Zahl ist nur gezeigt, wo sie mit ihrem Rauschen mindestens {n} ist.",
    "A number is shown only where, with its noise, it stands for at least {n} accounts. A conversation that names no "
    "account counts as an account of its own.":
    "Eine Zahl ist nur gezeigt, wo sie mit ihrem Rauschen für mindestens {n} Konten steht. Eine Unterhaltung, die kein "
    "Konto nennt, zählt als eigenes.",
    "Of one account no cell counts more conversations than this, and no table more cells than its bound.":
    "Von einem Konto zählt keine Zelle mehr Unterhaltungen als so viele, und keine Tabelle mehr Zellen als ihr "
    "zusteht.",
    "Nothing is promised of the private side of the run, of running times, or of what else is published of the same "
    "data: exact counts above all. A cluster's size is not a prevalence.":
    "Nichts ist versprochen über die private Seite des Laufs, über Laufzeiten und über anderes, was aus denselben "
    "Daten veröffentlicht wird: vor allem genaue Zahlen. Die Größe einer Gruppe ist keine Häufigkeit.",
    "Given the clusters, the counts are differentially private for accounts: whether one account is in the data "
    "changes the probability of any release by at most the factor exp({e}), but for a probability of {d}.":
    "Bei gegebenen Gruppen gilt für die Zahlen Differential Privacy je Konto: ob ein Konto in den Daten ist, ändert "
    "die Wahrscheinlichkeit jeder Veröffentlichung höchstens um den Faktor exp({e}), bis auf eine Wahrscheinlichkeit "
    "von {d}.",
    "The whole release is differentially private for accounts: whether one account is in the data changes the "
    "probability of any release by at most the factor exp({e}), but for a probability of {d}.":
    "Für die ganze Veröffentlichung gilt Differential Privacy je Konto: ob ein Konto in den Daten ist, ändert die "
    "Wahrscheinlichkeit jeder Veröffentlichung höchstens um den Faktor exp({e}), bis auf eine Wahrscheinlichkeit von "
    "{d}.",
    "What was spent over {n} release(s) that are on file, by basic composition.":
    "Was über {n} verzeichnete Veröffentlichung(en) ausgegeben wurde, nach einfacher Zusammensetzung.",
    "Every count carries noise and is bounded per account, so that it is a little off and sums do not agree to the "
    "last digit; accounts are a lower bound.":
    "Jede Zahl trägt Rauschen und ist je Konto begrenzt, sodass sie etwas abweicht und Summen nicht auf die letzte "
    "Stelle stimmen; Konten sind eine untere Grenze.",
    "The clusters, their names and terms were learned from the same conversations.":
    "Die Gruppen, ihre Namen und Begriffe sind aus denselben Unterhaltungen gelernt.",
    "Ingest.sampling.size draws a fixed number of conversations, so that one account decides which others are in: use "
    "per_account or dates.":
    "`ingest.sampling.size` zieht eine feste Zahl von Unterhaltungen, sodass ein Konto entscheidet, welche anderen "
    "dabei sind: per_account oder Daten tun das nicht.",
    "This run made {n} release(s) without noise: who has one of them has exact counts, and noise on later ones "
    "protects nothing that those tell.":
    "Dieser Lauf hat {n} Veröffentlichung(en) ohne Rauschen gemacht: wer eine davon hat, hat genaue Zahlen, und "
    "Rauschen auf späteren schützt nichts von dem, was jene sagen.",
}  # fmt: skip

WORDS: Mapping[str, str] = {
    # Names of rules
    "least conversations": "Mindestzahl an Unterhaltungen", "least accounts": "Mindestzahl an Konten",
    "largest share of one account": "größter Anteil eines Kontos", "share of one account": "Anteil eines Kontos",
    "cells under threshold": "Zellen unter der Schwelle",
    "cells hidden against subtraction": "gegen Abziehen verborgene Zellen", "terms": "Begriffe",
    "given names": "vorgegebene Namen", "redaction": "Schwärzung", "privacy audit": "Prüfung der Namen",
    "sensitive attributes": "heikle Merkmale", "detectors on names and summaries": "Erkenner an Namen und Texten",
    "rounding": "Rundung", "earlier releases": "frühere Veröffentlichungen",
    "what this does not promise": "was dies nicht verspricht", "noise": "Rauschen",
    "noise, all releases of these data": "Rauschen, alle Veröffentlichungen dieser Daten",
    "numbers are noisy": "Zahlen tragen Rauschen", "what the noise does not cover": "was das Rauschen nicht abdeckt",
    # Settings
    "names: model and cues": "Namen: Modell und Umgebung", "names: cues only": "Namen: nur Umgebung",
    "names: off": "Namen: aus", "not audited: no capable model": "nicht geprüft: kein fähiges Modell",
    "nothing to audit": "nichts zu prüfen", "protect": "schützen", "ignore": "außer Betracht", "off": "aus",
    "taxonomy": "Taxonomie", "{n} + 0 to {m}": "{n} + 0 bis {m}",
    "{model}; least verdict {n}": "{model}; Mindesturteil {n}",
    # Noise
    "discrete Laplace noise on bounded counts, with a threshold":
    "diskretes Laplace-Rauschen auf begrenzten Zahlen, mit einer Schwelle",
    "an account with all its conversations, or a conversation that names no account; inputs are neighbours where one "
    "has one of them more":
    "ein Konto mit allen Unterhaltungen oder eine Unterhaltung, die kein Konto nennt; Eingaben sind benachbart, wo die "
    "eine davon eines mehr hat",
    "the whole release: the clusters and their names were fixed in advance":
    "die ganze Veröffentlichung: die Gruppen und ihre Namen standen vorher fest",
    "the counts, with the exceptions under not_covered": "die Zahlen, mit den Ausnahmen unter not_covered",
    "the counts, given the clusters; which clusters there are, and their names, were learned from the same accounts":
    "die Zahlen bei gegebenen Gruppen; welche es gibt und wie sie heißen, ist von denselben Konten gelernt",
    "basic composition: epsilons add up, deltas add up":
    "einfache Zusammensetzung: Epsilons und Deltas zählen zusammen",
    # Units
    "clusters": "Gruppen", "cells": "Zellen", "conversations": "Unterhaltungen", "accounts": "Konten",
    "names": "Namen", "texts": "Texte", "counts": "Zahlen",
}  # fmt: skip


_NUMBER = r"\S{1,40}?"
_PLACES = {"names": ".{1,400}?", "model": ".{1,400}?"}


def in_german(text: str) -> str:
    """The German of a sentence or several, of a rule's name, its setting or its unit; what is not known unchanged."""
    for english, german in _known(sentences=False):
        if found := english.fullmatch(text):
            return german.format(**found.groupdict())
    told, at = [], 0
    while at < len(text):
        both = next(((found, german) for english, german in _known() if (found := english.match(text, at))), None)
        if both is None:
            return text
        told.append(both[1].format(**both[0].groupdict()))
        at = both[0].end()
    return " ".join(told)


@lru_cache(maxsize=2)
def _known(sentences: bool = True) -> tuple[tuple[re.Pattern[str], str], ...]:
    found = (SENTENCES if sentences else WORDS).items()
    end = r"(?:\s+|$)" if sentences else ""
    return tuple((re.compile(_form(english) + end), german) for english, german in found)


def _form(english: str) -> str:
    parts = string.Formatter().parse(english)
    return "".join(re.escape(text) + (f"(?P<{place}>{_PLACES.get(place, _NUMBER)})" if place else "")
                   for text, place, _, _ in parts)  # fmt: skip

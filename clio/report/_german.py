"""Fixed text, German: the keys of the English one, each with the same places."""

from __future__ import annotations

GERMAN = {
    # For writers
    "contents": "Inhalt", "table": "Tabelle", "figure": "Abbildung", "page": "Seite", "of": "von",
    "data_of_figure": "Zahlen dieser Abbildung", "data_of_figures": "Zahlen der Abbildungen",
    "skip": "Zum Bericht springen",
    "content_hash": "Prüfsumme des Berichts",
    # Numbers and names
    "to": "bis", "at_least": "mindestens", "at_most": "höchstens {n}", "not_shown": "nicht gezeigt",
    "no_answer": "keine Angabe", "untitled": "Nutzung",
    "facet_language": "Sprache", "facet_turns": "Beiträge", "facet_hour": "Tagesstunde",
    "facet_time_of_day": "Tageszeit", "facet_weekday": "Wochentag", "facet_week": "Woche",
    "facet_model": "Modell des Assistenten", "facet_surface": "Produktoberfläche",
    "over": "mehr", "under": "weniger", "unclear": "nicht klar",
    # Columns
    "c_area": "Bereich", "c_cluster": "Gruppe", "c_name": "Name", "c_level": "Ebene",
    "c_conversations": "Unterhaltungen", "c_accounts": "Konten", "c_share": "Anteil", "c_interval": "95-%-Intervall",
    "c_value": "Wert", "c_facet": "Merkmal", "c_here": "Anteil hier", "c_elsewhere": "Anteil sonst",
    "c_times": "Wievielmal so häufig", "c_before": "Anteil vorher", "c_after": "Anteil nachher", "c_change": "Änderung",
    "c_clear": "Klar?", "c_week": "Woche ab", "c_of_week": "Anteil an der Woche", "c_clusters": "Gruppen",
    "c_smallest": "Kleinste", "c_largest": "Größte", "c_rule": "Regel", "c_setting": "Einstellung",
    "c_hidden": "Verborgen", "c_promise": "Was sie besagt", "c_stage": "Stufe", "c_looked_for": "Gesucht",
    "c_texts": "Texte", "c_found": "Gefunden in", "c_same": "Derselbe Erkenner filterte", "c_what": "Was",
    "c_setting_value": "Wert", "c_digest": "Prüfsumme", "c_prompt": "Anweisung", "c_question": "Frage",
    "c_kind": "Art", "c_writer": "Benannt von", "c_above": "Teil von", "c_of_area": "Anteil am Bereich",
    "c_high_steps": "Obere Stufen, mindestens", "c_stability": "Stabilität", "c_low_steps": "Untere Stufen, mindestens",
    # Title page
    "f_period": "Zeitraum", "f_conversations": "Unterhaltungen", "f_accounts": "Konten", "f_clusters": "Gruppen",
    "f_version": "Erstellt mit", "f_run": "Prüfsumme des Laufs", "f_hash": "Prüfsumme des Berichts",
    "f_edits": "Eingriffe von Hand", "no_dates": "die Quelle nennt keine Daten",
    "weeks_from_to": "Wochen vom {first} bis {last}",
    "version": "Clio Toolkit, Version {version}",
    "subtitle": "Wofür Menschen den Assistenten nutzen, gemessen, ohne dass jemand ihre Unterhaltungen liest",
    # Summary
    "s_summary": "Die Antwort auf einer Seite",
    "lead": "Dieser Bericht beschreibt {conversations} Unterhaltungen von {accounts} Konten, nach dem Gewollten "
    "in {clusters} Gruppen auf {levels} Ebenen geordnet. Niemand hat die Unterhaltungen gelesen; jede Zahl handelt von "
    "mindestens {least_conversations} Unterhaltungen von mindestens {least_accounts} Konten.",
    "lead_nothing": "Jede Gruppe dieses Laufs liegt unter seinen Schwellen ({least_conversations} Unterhaltungen von "
    "{least_accounts} Konten); es gibt nichts, das gezeigt werden darf. Was galt, steht unten.",
    "m_conversations": "Unterhaltungen", "m_accounts": "Konten", "m_clusters": "Gruppen", "m_areas": "Bereiche",
    "m_weeks": "Wochen", "m_hidden": "Verborgene Zellen", "m_hidden_note": "Werte und Wochen zu weniger Menschen",
    "m_outside": "{n} weitere liegen unter den Schwellen", "m_outside_some": "weitere liegen unter den Schwellen",
    "m_per_account": "{n} Unterhaltungen je Konto", "m_per_account_least": "mindestens {n} Unterhaltungen je Konto",
    "m_levels": "auf {n} Ebenen",
    "found_largest": "Der größte Bereich ist „{name}“ mit {share} aller Unterhaltungen ({interval}).",
    "found_three": "Die drei größten von {n} Bereichen haben zusammen {share}.",
    "found_spike": "{share} von „{name}“ fielen in die Woche vom {week}, {times} so viel wie der Anteil dieser Woche "
    "an allem.",
    "found_up": "„{name}“ gewann zwischen den beiden Hälften des Zeitraums am meisten: von {before} auf {after}, "
    "{times} ({interval}).",
    "found_down": "„{name}“ verlor am meisten: von {before} auf {after}, {times} ({interval}).",
    "found_still": "Von {total} Bereichen ließen sich {n} zwischen den beiden Hälften des Zeitraums vergleichen; bei "
    "keinem davon änderte sich der Anteil stärker, als der Zufall erklärt.",
    "found_untold": "Ob sich zwischen den beiden Hälften des Zeitraums der Anteil eines Bereichs änderte, lässt sich "
    "nicht sagen: Von keinem der {total} Bereiche wird genug gezeigt, um sie zu vergleichen.",
    "found_languages": "Sprachen, die genug Menschen nutzten: {list}.",
    "p_areas": "Größte Bereiche",
    "p_areas_note": "Anteil an allen hier gezeigten Unterhaltungen. Striche sind 95-%-Intervalle: was eine andere "
    "Stichprobe von ebenso vielen Konten derselben Nutzer ergeben hätte. Sie handeln nicht von Fehlern der Modelle und "
    "nicht von anderen Ordnungen. Die Größe einer Gruppe ist keine Verbreitung.",
    "t_areas": "Bereiche mit Anteil und Intervall",
    "h_movement": "Größte Bewegungen",
    "movement_text": "Anteile in den {n} Wochen ab {later}, verglichen mit den {m} Wochen davor.",
    "movement_all": "Alle {total} Bereiche ließen sich vergleichen.",
    "movement_compared": "{n} von {total} Bereichen ließen sich vergleichen; von den übrigen werden zu viele Wochen "
    "nicht gezeigt.",
    "p_movement": "Bereiche, deren Anteil sich änderte",
    "p_movement_note": "Anteil der späteren Wochen als Vielfaches des Anteils der früheren; 1 heißt keine Änderung. "
    "Farbig: klar auch nach Berücksichtigung der Zahl der Vergleiche (Benjamini und Hochberg, 5 %). Ein Anteil sinkt, "
    "wenn andere wachsen. Die erste und die letzte Woche können unvollständig sein.",
    "t_movement": "Änderung der Anteile zwischen den Hälften des Zeitraums",
    "movement_none": "Weniger als vier Wochen dürfen gezeigt werden; von Bewegung wird darum nichts gesagt.",
    # Map
    "s_map": "Die Karte",
    "map_text": "Jeder Punkt ist eine Gruppe der feinsten Ebene, nach Bedeutung gelegt: Was beieinander liegt, handelt "
    "von Ähnlichem. Die Schattierung zeigt, wo Unterhaltungen liegen, in Feldern mit genug Menschen.",
    "p_map": "Karte der Unterhaltungen",
    "p_map_note": "Größe: Unterhaltungen. Farbe: Bereich. Die Achsen haben keine Einheit; Abstände und leere Stellen "
    "lassen sich nicht messen.",
    "t_map": "Gruppen der feinsten Ebene nach Bereich",
    "map_none": "Auf der Karte gibt es nichts zu zeichnen.",
    "map_cut": "Die Tabelle zur Karte nennt die {n} größten von {total} Gruppen; `clio export` hat alle.",
    # Hierarchy
    "s_hierarchy": "Die Hierarchie",
    "hierarchy_text": "Von breiten Bereichen bis zu einzelnen Nutzungen. Ein Bereich lässt sich öffnen. Eine andere "
    "Anfangszahl des Gruppierens teilte die Unterhaltungen etwas anders: Namen und Größen kleiner Gruppen sind weniger "
    "sicher als die der Bereiche.",
    "node": "{conversations} Unterhaltungen · {accounts} Konten · {share}",
    "tree_cut": "{n} Gruppen tieferer Ebenen sind der Länge wegen nicht aufgeführt; `clio export` hat alle.",
    "tree_short": "Zusammenfassungen unter der zweiten Ebene fehlen hier der Länge wegen; `clio export` hat sie.",
    "stability": "Stabilität {value}",
    "stability_text": "Stabilität, 0 bis 1, sagt, wie gut sich eine Gruppe wiederfindet, wenn die Hälfte der Konten "
    "neu gruppiert wird (mittlere Jaccard-Ähnlichkeit in Schritten von 0,05; Hennig 2007). Unter 0,5 zerfällt eine "
    "Gruppe ebenso oft, wie sie sich wiederfindet.",
    # Areas
    "s_areas": "Bereich für Bereich",
    "areas_text": "Die {n} größten Bereiche: woraus sie bestehen, was sie von allem anderen abhebt, und ihre Wochen.",
    "areas_more": "{n} weitere Bereiche stehen in der Hierarchie und im Anhang.",
    "area_line": "{conversations} Unterhaltungen von {accounts} Konten: {share} von allen ({interval}).",
    "area_line_plain": "{conversations} Unterhaltungen von {accounts} Konten: {share} von allen.",
    "terms": "Kennzeichnende Begriffe: {list}.",
    "t_children": "Woraus „{name}“ besteht",
    "children_cut": "{n} weitere Gruppen dieses Bereichs stehen in der Hierarchie; `clio export` hat alle.",
    "t_apart": "Werte, die klar häufiger oder seltener sind als sonst",
    "apart_note": "Verglichen mit allen Unterhaltungen außerhalb des Bereichs; {n} Vergleiche sind berücksichtigt. Wo "
    "eine Zahl verborgen ist, umfasst das Intervall alles, was sie sein kann.",
    "apart_none": "Kein Wert eines Merkmals ist hier klar häufiger oder seltener als sonst.",
    "p_breakdown": "{facet} in „{name}“",
    "p_breakdown_all": "{facet}, alle Unterhaltungen",
    "p_breakdown_note": "Anteil an den Unterhaltungen dort, mit 95-%-Intervallen. Grau schraffiert: Werte zu weniger "
    "Menschen, niemals null.",
    "t_breakdowns": "Alle gezeigten Werte in „{name}“",
    "p_trend": "Wochen von „{name}“", "p_trend_all": "Unterhaltungen Woche für Woche",
    "p_trend_note": "Anteil an den Unterhaltungen jeder Woche. Im Band lägen 95 % der Wochen, wäre der Anteil stetig "
    "und nur der Zufall am Werk. Lücken sind Wochen mit zu wenigen Menschen, niemals null. Die erste und die letzte "
    "Woche können unvollständig sein.",
    "p_trend_all_note": "Im Band lägen 95 % der Wochen, wäre nur der Zufall am Werk. Die erste und die letzte Woche "
    "können unvollständig sein.",
    "together": "seltenere Werte zusammen",
    "hidden_row": "nicht vorhanden oder zu wenige Menschen",
    # Concerns
    "s_concerns": "Bedenkliches",
    "concerns_none": "Kein Merkmal dieses Laufs hat einen Namen, der von Schaden handelt; darum lässt sich hier nichts "
    "dazu sagen. Alles, was gefragt wurde, steht unter „Wie gemessen wurde“.",
    "concerns_not_named": "Für diesen Bericht wurde festgelegt, dass kein Merkmal des Laufs von Schaden handelt; darum "
    "wird hier nichts dazu gesagt. Was gefragt wurde, steht unter „Wie gemessen wurde“.",
    "concerns_text": "Was ein Modell, oder eine Regel, wo keines war, von Unterhaltungen hielt, nach der Frage "
    "unten. Es beurteilt, was verlangt wurde, "
    "nicht, was der Assistent tat, und irrt in beide Richtungen: Es zeigt, wo hinzusehen ist, nicht, wie viel Schaden "
    "es gibt.",
    "concern_question": "Die Frage: {question}",
    "p_heat": "{facet} nach Bereich",
    "p_heat_note": "Anteil an den Unterhaltungen jedes Bereichs. Gekreuzte Zellen haben zu wenige Menschen oder keine: "
    "niemals null.",
    "p_against": "{concern} gegen {flag}, Gruppe für Gruppe",
    "p_against_note": "Jeder Punkt ist eine Gruppe der Ebene {level}, nach den Anteilen ihrer Unterhaltungen. Abseits "
    "der Diagonale liegen Gruppen, die eines der beiden Merkmale für bedenklich hält und das andere nicht: dort zuerst "
    "nachsehen. Offene Punkte: verborgene Werte lassen einen Bereich offen, den die Linien abdecken. Keine der Achsen "
    "ist die Wahrheit.",
    "c_concern": "Bedenkliche Stufen", "c_flag": "Antwort {value}",
    "t_high": "Gruppen, in denen die oberen Stufen ({steps}) am häufigsten sind, soweit sie gezeigt werden",
    "t_low": "Gruppen, in denen die unteren Stufen ({steps}) am häufigsten sind, soweit sie gezeigt werden",
    "high_note": "Die Stufen {steps} gelten als die bedenklichere Hälfte der Skala. Summe gezeigter Zellen: "
    "Verborgenes fehlt, der wahre Anteil kann also höher sein.",
    "high_none": "In keiner Gruppe haben genug Menschen eine obere Stufe, um sie zu zeigen.",
    "low_none": "In keiner Gruppe haben genug Menschen eine untere Stufe, um sie zu zeigen.",
    "concern_hidden": "Nach „{facet}“ wurde bei jeder Unterhaltung gefragt. Von den Antworten wird nichts gezeigt: "
    "Kein Wert hat über alle Unterhaltungen genug Menschen. Das heißt nicht, dass es keinen Schaden gab.",
    "concern_in_words": "Die Antwort ist in Worten. Solche Antworten bleiben im privaten Arbeitsbereich: Von ihnen ist "
    "hier nichts gezählt.",
    # Methods
    "s_methods": "Wie gemessen wurde",
    "methods_text": "Zu jeder Unterhaltung antwortete ein Modell oder eine Regel, ohne dass ihr Text aufbewahrt wurde; "
    "Unterhaltungen mit ähnlichen Antworten wurden zu Gruppen; die Gruppen wurden benannt, in Ebenen geordnet und an "
    "den Schwellen gemessen, bevor etwas den privaten Arbeitsbereich verließ.",
    "t_models": "Modelle und Einstellungen",
    "k_writer": "Verfasser der Namen und Antworten", "k_encoder": "Einbettungsmodell", "k_method": "Gruppierung",
    "k_levels": "Ebenen", "k_seed": "Anfangszahl", "k_clio": "Version des Laufs",
    "k_reporter": "Version dieses Berichts", "k_sampling": "Aufgenommene Unterhaltungen",
    "k_screener": "Vorfrage", "k_window": "Gelesenes je Unterhaltung",
    "sampling_unknown": "nicht angegeben: Die Veröffentlichung stammt aus einer älteren Version; der Eigentümer des "
    "Laufs weiß es",
    "sampling_none": "jede, die sich lesen ließ", "sampling_size": "eine Zufallsstichprobe von {n}",
    "sampling_size_hidden": "höchstens eine bestimmte Zahl, zufällig gewählt (sie steht hier nicht, weil sie verriete, "
    "wie viele davon verborgen sind)",
    "sampling_account": "höchstens {n} je Konto", "sampling_since": "solche, die am {day} oder später begannen",
    "sampling_until": "solche, die am {day} oder früher begannen", "sampling_turns": "solche mit mindestens {n} "
    "Beiträgen des Nutzers",
    "screener_none": "keine: Keine Unterhaltung wurde auf eine Frage hin ausgeschlossen",
    "screener_asked": "zuerst bei jeder gefragt: „{question}“. Nur solche mit der Antwort {answer} wurden weiter "
    "bearbeitet",
    "yes_word": "ja", "no_word": "nein",
    "window_told": "bis zu {n} Zeichen: die ersten {head}, die letzten {tail}, der Rest aus Beiträgen dazwischen",
    "t_facets": "Was zu jeder Unterhaltung gefragt wurde",
    "computed_facet": "aus den Daten der Unterhaltung selbst, nach Regel",
    "t_prompts": "Anweisungen, nach Prüfsumme",
    "prompts_note": "Gleiche Prüfsumme heißt gleicher Wortlaut. Der Wortlaut steht im Quelltext der Software.",
    "t_thresholds": "Schwellen und Einstellungen der Veröffentlichung",
    "not_told": "nicht angegeben",
    # Privacy
    "s_privacy": "Erklärung zur Privatheit",
    "privacy_text": "Vom Lauf selbst verfasst, aus den Regeln, die galten, und aus dem, was an seinen eigenen Daten "
    "gemessen wurde. Ihr Wortlaut ist englisch, wie der Lauf ihn schreibt.",
    "privacy_absent": "Diese Veröffentlichung trägt keine Erklärung (privacy.json). Ihre Regeln stehen unten.",
    "h_adversary": "Gegen wen und für wen", "h_rules": "Geltende Regeln",
    "h_leaks": "Was von Namen und Kennungen übrig ist", "h_hidden": "Was verborgen ist", "h_languages": "Sprachen",
    "h_noise": "Rauschen", "h_not_promised": "Was nicht versprochen wird",
    "t_rules": "Regeln, und was jede verbarg oder änderte",
    "t_leaks": "Anteil der Texte, in denen ein messender Erkenner etwas fand",
    "leaks_none": "In diesem Lauf nicht gemessen oder an zu wenigen Unterhaltungen.",
    "stage_raw": "die Unterhaltungen selbst (nur im Speicher gesehen)",
    "stage_redacted": "was ein Modell zu sehen bekam",
    "stage_facet": "Antworten im privaten Arbeitsbereich",
    "stage_release": "Namen, Zusammenfassungen und Begriffe der Veröffentlichung",
    "detector_broad": "alles, was einer Adresse, einem Verweis, einem Nutzernamen oder einer langen Zahl gleicht",
    "detector_first": "Namen und Adressen, erster Erkenner",
    "detector_second": "Namen und Adressen, zweiter Erkenner",
    "below": "unter {share}", "yes": "ja: besagt hier wenig", "no": "nein",
    "t_hidden": "Verborgenes nach Grund", "nothing_hidden": "Es ist nichts als verborgen verzeichnet.",
    "languages_with": "Ein Modell sucht nach Namen in: {list}.",
    "languages_without": "Sprachen dieser Veröffentlichung ohne Erkenner von Namen: {list}.",
    "languages_unknown": "Der Lauf fragt nicht nach der Sprache: Es ist nicht bekannt, in welchen nicht nach Namen "
    "gesucht wurde.",
    "no_language": "keiner Sprache", "none": "keine",
    "noise_none": "Keines: Zahlen sind genau, oder gerundet, wo die Regeln es sagen; ein Epsilon gibt es nicht.",
    "t_noise": "Was verbraucht wurde",
    "r_clusters": "Gruppen", "r_cells": "Zellen zu weniger Menschen",
    "r_cells_by_subtraction": "Zellen, die sich durch Abziehen verraten hätten",
    # Limits
    "s_limits": "Grenzen, in einfachen Worten",
    "limit_prevalence": "Die Größe einer Gruppe ist keine Verbreitung. Unterhaltungen wurden ausgewählt („Wie gemessen "
    "wurde“ sagt, wie), geordnet und zum Teil verborgen; wie verbreitet eine Nutzung unter allen Menschen ist, ist "
    "eine andere Frage.",
    "limit_names": "Namen sind kurz und von Modellen oder aus Wortlisten. Sie sagen, was das meiste einer Gruppe "
    "gemeinsam hat; einzelne Unterhaltungen darin können von anderem handeln.",
    "limit_worst": "Namen und Urteile sind eher deutlich und vorsichtig: Wo Schaden sein kann, sagen sie es. Ein "
    "bedenklich klingender Name heißt nicht, dass alle Unterhaltungen darin bedenklich waren.",
    "limit_hidden": "Was zu wenige Menschen taten, wird nicht gezeigt: hier {cells} Zellen und {clusters} Gruppen. Was "
    "in diesem Bericht fehlt, kann es trotzdem geben.",
    "limit_intervals": "Intervalle handeln nur vom Zufall: dieselben Nutzer, noch einmal befragt. Fehler der Modelle "
    "und andere Gruppierungen umfassen sie nicht.",
    "limit_other": "Eine andere Anfangszahl zöge manche Grenze anders. Breiten Bereichen ist mehr zu trauen als "
    "einzelnen Gruppen.",
    "limit_account": "Ein Konto ist kein Mensch: Einer kann mehrere haben, mehrere können sich eines teilen.",
    "limit_noise": "Zahlen tragen mit Absicht hinzugefügtes Rauschen: Teile müssen nicht das Ganze ergeben.",
    "limit_rounded": "Zahlen sind auf Vielfache von {n} gerundet: Teile müssen nicht das Ganze ergeben.",
    "limit_edits": "{n} Eingriffe wurden nach dem Lauf von Hand gemacht (Namen, Zusammenlegen, Verschieben, "
    "Verbergen); wo Gruppen zusammengelegt wurden, ist die Zahl der Konten eine Obergrenze.",
    # Appendix
    "s_appendix": "Anhang: Tabellen",
    "t_clusters": "Gruppen, je Ebene die größten zuerst",
    "t_levels": "Ebenen der Hierarchie",
    "t_whole": "Werte der Merkmale über alle Unterhaltungen",
    "t_weeks": "Alle Unterhaltungen, Woche für Woche",
    "appendix_cut": "Die Tabelle nennt {n} von {total} Gruppen; den Rest hat `clio export`.",
    "appendix_brief": "Die Tabellen bleiben bei dieser Ausführlichkeit `clio export` überlassen.",
    "appendix_export": "Dasselbe als CSV, Parquet, JSON oder XLSX, mit Beschreibung der Spalten: `clio export RUN`.",
}  # fmt: skip

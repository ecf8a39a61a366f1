"""Fixed text, English. docs/report.md tells what each section is."""

from __future__ import annotations

ENGLISH = {
    # For writers
    "contents": "Contents", "table": "Table", "figure": "Figure", "page": "Page", "of": "of",
    "data_of_figure": "Data of this figure", "data_of_figures": "Data of the figures",
    "skip": "Skip to the report", "content_hash": "Hash of this report",
    # Numbers and names
    "to": "to", "at_least": "at least", "at_most": "at most {n}", "not_shown": "not shown", "no_answer": "no answer",
    "untitled": "Usage",
    "facet_language": "Language", "facet_turns": "Turns", "facet_hour": "Hour of the day",
    "facet_time_of_day": "Time of day", "facet_weekday": "Weekday", "facet_week": "Week",
    "facet_model": "Assistant model", "facet_surface": "Product surface",
    "over": "more", "under": "less", "unclear": "not clear",
    # Columns
    "c_area": "Area", "c_cluster": "Cluster", "c_name": "Name", "c_level": "Level", "c_conversations": "Conversations",
    "c_accounts": "Accounts", "c_share": "Share", "c_interval": "95 % interval", "c_value": "Value",
    "c_facet": "Facet", "c_here": "Share here", "c_elsewhere": "Share elsewhere", "c_times": "Times as common",
    "c_before": "Share before", "c_after": "Share after", "c_change": "Change", "c_clear": "Clear?",
    "c_week": "Week of", "c_of_week": "Share of the week", "c_clusters": "Clusters", "c_smallest": "Smallest",
    "c_largest": "Largest", "c_rule": "Rule", "c_setting": "Setting", "c_hidden": "Hidden",
    "c_promise": "What it says", "c_stage": "Stage", "c_looked_for": "Looked for", "c_texts": "Texts",
    "c_found": "Found in", "c_same": "Same detector filtered", "c_what": "What", "c_setting_value": "Value",
    "c_digest": "Hash", "c_prompt": "Prompt", "c_question": "Question", "c_kind": "Kind", "c_writer": "Named by",
    "c_above": "Part of", "c_of_area": "Share of the area", "c_high_steps": "Upper steps, at least",
    "c_stability": "Stability", "c_low_steps": "Lower steps, at least",
    # Title page
    "f_period": "Period", "f_conversations": "Conversations", "f_accounts": "Accounts", "f_clusters": "Clusters",
    "f_version": "Made with", "f_run": "Digest of the run", "f_hash": "Hash of this report",
    "f_edits": "Edits by hand", "no_dates": "the source gave no dates",
    "weeks_from_to": "weeks of {first} to {last}",
    "version": "Clio Toolkit {version}",
    "subtitle": "What people use the assistant for, measured without anyone reading their conversations",
    # Summary
    "s_summary": "The answer on one page",
    "lead": "This report describes {conversations} conversations of {accounts} accounts, sorted by what people wanted "
    "into {clusters} clusters on {levels} levels. Nobody read the conversations; every number is about at least "
    "{least_conversations} conversations of at least {least_accounts} accounts.",
    "lead_nothing": "Every group in this run is smaller than its thresholds ({least_conversations} conversations of "
    "{least_accounts} accounts), so there is nothing that may be shown. What was in force is said below.",
    "m_conversations": "Conversations", "m_accounts": "Accounts", "m_clusters": "Clusters", "m_areas": "Top areas",
    "m_weeks": "Weeks", "m_hidden": "Cells hidden", "m_hidden_note": "facet values and weeks of too few people",
    "m_outside": "{n} more are under the thresholds", "m_outside_some": "some more are under the thresholds",
    "m_per_account": "{n} conversations an account", "m_per_account_least": "at least {n} conversations an account",
    "m_levels": "on {n} levels",
    "found_largest": "The largest area is “{name}” with {share} of all conversations ({interval}).",
    "found_three": "The three largest of {n} areas hold {share} together.",
    "found_spike": "{share} of “{name}” came in the week of {week}, {times} that week's part of everything.",
    "found_up": "“{name}” gained the most between the two halves of the period: from {before} to {after}, {times} "
    "({interval}).",
    "found_down": "“{name}” lost the most: from {before} to {after}, {times} ({interval}).",
    "found_still": "Of {total} areas {n} could be compared between the two halves of the period; the share of none of "
    "them changed by more than chance would explain.",
    "found_untold": "Whether any area's share changed between the two halves of the period cannot be told: of none of "
    "the {total} areas is enough shown to compare them.",
    "found_languages": "Languages that enough people used: {list}.",
    "p_areas": "Largest areas",
    "p_areas_note": "Share of all conversations shown here. Lines are 95 % intervals: what another sample of as many "
    "accounts of the same users would have shown. They are not about mistakes of the models, nor about other ways to "
    "sort the conversations. A cluster's size is not a prevalence.",
    "t_areas": "Top areas with share and interval",
    "h_movement": "Biggest movements",
    "movement_text": "Shares in the {n} weeks from {later} on, against the {m} weeks before.",
    "movement_all": "All {total} areas could be compared.",
    "movement_compared": "{n} of {total} areas could be compared; of the others too many weeks are not shown.",
    "p_movement": "Areas whose share changed",
    "p_movement_note": "Share of the later weeks as a multiple of the earlier weeks' share; 1 is no change. Coloured: "
    "clear after correction for the number of comparisons (Benjamini and Hochberg, 5 %). A share falls when others "
    "grow. The first and the last week may be incomplete.",
    "t_movement": "Change of share between the two halves of the period",
    "movement_none": "The release covers fewer than four weeks that may be shown, so no movement is told.",
    # Map
    "s_map": "The map",
    "map_text": "Every mark is a cluster of the finest level, placed by meaning: what lies together is about similar "
    "things. The shading behind is where conversations lie, in squares that hold enough people.",
    "p_map": "Map of conversations",
    "p_map_note": "Mark size: conversations. Colour: top area. The axes have no unit; distances and empty places mean "
    "nothing that could be measured.",
    "t_map": "Clusters of the finest level by area",
    "map_none": "There is nothing to draw on the map.",
    "map_cut": "The map's table lists the {n} largest of {total} clusters; `clio export` has all of them.",
    # Hierarchy
    "s_hierarchy": "The hierarchy",
    "hierarchy_text": "From broad areas down to single uses. Open an area to see what it is made of. Another starting "
    "number of the clustering would divide the conversations somewhat differently: names and sizes of small clusters "
    "are less certain than those of areas.",
    "node": "{conversations} conversations · {accounts} accounts · {share}",
    "tree_cut": "{n} clusters of deeper levels are not listed here for length; `clio export` has all of them.",
    "tree_short": "Summaries below the second level are left out here for length; `clio export` has them.",
    "stability": "stability {value}",
    "stability_text": "Stability, 0 to 1, is how well a cluster is found again where half of the accounts are "
    "clustered anew (mean Jaccard similarity, in steps of 0.05; Hennig 2007). Under 0.5 a cluster falls apart as often "
    "as not.",
    # Areas
    "s_areas": "Area by area",
    "areas_text": "The {n} largest areas, each with what it is made of, how it differs from everything else, and its "
    "weeks.",
    "areas_more": "{n} further areas are in the hierarchy and in the appendix.",
    "area_line": "{conversations} conversations of {accounts} accounts: {share} of all ({interval}).",
    "area_line_plain": "{conversations} conversations of {accounts} accounts: {share} of all.",
    "terms": "Distinctive terms: {list}.",
    "t_children": "What “{name}” is made of",
    "children_cut": "{n} further clusters of this area are in the hierarchy; `clio export` has all of them.",
    "t_apart": "Values that are clearly more or less common than elsewhere",
    "apart_note": "Compared with all conversations outside the area; corrected for {n} comparisons. Where a count is "
    "hidden, the interval covers all it can be.",
    "apart_none": "No value of any facet is clearly more or less common here than elsewhere.",
    "p_breakdown": "{facet} in “{name}”",
    "p_breakdown_all": "{facet}, all conversations",
    "p_breakdown_note": "Share of the conversations there, with 95 % intervals. Grey hatching: values that too few "
    "people hold; it is never zero.",
    "t_breakdowns": "Every value shown in “{name}”",
    "p_trend": "Weeks of “{name}”", "p_trend_all": "Conversations week by week",
    "p_trend_note": "Share of each week's conversations. The band is where 95 % of weeks would lie if the share were "
    "steady and only chance made them differ. Gaps are weeks with too few people, never zero. The first and the last "
    "week may be incomplete.",
    "p_trend_all_note": "The band is where 95 % of weeks would lie if only chance made them differ. The first and the "
    "last week may be incomplete.",
    "together": "rarer values together",
    "hidden_row": "absent, or too few people",
    # Concerns
    "s_concerns": "Concerns",
    "concerns_none": "No facet of this run has a name that tells of harm, so nothing can be said about concerns here. "
    "“How it was measured” lists all that was asked.",
    "concerns_not_named": "This report was told to count no facet of the run as telling of harm, so nothing is said "
    "about concerns here; “How it was measured” lists all that was asked.",
    "concerns_text": "What a model, or a rule where there was none, judged conversations to be, by the question "
    "given below. It judges what was asked "
    "for, not what the assistant did, and it makes mistakes in both directions: read it as where to look, not as how "
    "much harm there is.",
    "concern_question": "The question: {question}",
    "p_heat": "{facet} by area",
    "p_heat_note": "Share of each area's conversations. Crossed cells are held by too few people, or by none: never "
    "zero.",
    "p_against": "{concern} against {flag}, cluster by cluster",
    "p_against_note": "Every mark is a cluster of level {level}, by the shares of its conversations. Off the diagonal "
    "lie clusters that one of the two facets takes for concerning and the other does not: look there first. Open "
    "marks: hidden values leave a range, which the lines cover. Neither axis is the truth.",
    "c_concern": "Steps that tell of harm", "c_flag": "Answered with {value}",
    "t_high": "Clusters in which the upper steps ({steps}) are most common, as far as they are shown",
    "t_low": "Clusters in which the lower steps ({steps}) are most common, as far as they are shown",
    "high_note": "The steps {steps} are read as the more harmful half of the scale. A sum of released cells: what is "
    "hidden is left out, so the true share can be higher.",
    "high_none": "In no cluster do enough people hold an upper step for it to be shown.",
    "low_none": "In no cluster do enough people hold a lower step for it to be shown.",
    "concern_hidden": "“{facet}” was asked of every conversation. Nothing of the answers is shown: no value is held by "
    "enough people over all conversations. That is not to say that there was no harm.",
    "concern_in_words": "It was answered in words. Such answers stay in the private workspace: nothing of them is "
    "counted here.",
    # Methods
    "s_methods": "How it was measured",
    "methods_text": "Each conversation was answered for by a model or by rules, without its text being kept; "
    "conversations with similar answers were grouped; groups were named, arranged in levels and held to the thresholds "
    "before anything left the private workspace.",
    "t_models": "Models and settings",
    "k_writer": "Writer of names and answers", "k_encoder": "Embedding model", "k_method": "Grouping",
    "k_levels": "Levels", "k_seed": "Seed", "k_clio": "Version of the run", "k_reporter": "Version of this report",
    "k_sampling": "Conversations kept", "k_screener": "Screener", "k_window": "Read of each conversation",
    "sampling_unknown": "not told: the release was made by an older version; the owner of the run can tell",
    "sampling_none": "every one that could be read", "sampling_size": "a random sample of {n}",
    "sampling_size_hidden": "at most so many, chosen at random (the number is not told: it would give away how many of "
    "them are hidden)",
    "sampling_account": "at most {n} of an account", "sampling_since": "those that started on {day} or later",
    "sampling_until": "those that started on {day} or before", "sampling_turns": "those with at least {n} turns of the "
    "user",
    "screener_none": "none: no conversation was put aside by a question",
    "screener_asked": "asked first of each: “{question}”. Only those with the answer {answer} went further",
    "yes_word": "yes", "no_word": "no",
    "window_told": "up to {n} characters: the first {head}, the last {tail}, the rest from turns between them",
    "t_facets": "What was asked of each conversation",
    "computed_facet": "taken from the conversation's own data, by rule",
    "t_prompts": "Prompts, by hash",
    "prompts_note": "The same hash is the same wording. The wording of each stands in the software's source.",
    "t_thresholds": "Thresholds and settings of the release",
    "not_told": "not told",
    # Privacy
    "s_privacy": "Privacy statement",
    "privacy_text": "Made by the run itself, from the rules that were in force and from what was measured on its own "
    "data.",
    "privacy_absent": "This release carries no privacy statement (privacy.json). The rules it holds are listed below.",
    "h_adversary": "Against whom, and for whom", "h_rules": "Rules in force", "h_leaks": "What is left of names and "
    "identifiers", "h_hidden": "What is hidden", "h_languages": "Languages", "h_noise": "Noise",
    "h_not_promised": "What is not promised",
    "t_rules": "Rules, with what each hid or changed",
    "t_leaks": "Share of texts in which a measuring detector found something",
    "leaks_none": "Not measured in this run, or on too few conversations to tell.",
    "stage_raw": "the conversations themselves (seen in memory only)", "stage_redacted": "what a model was shown",
    "stage_facet": "answers in the private workspace", "stage_release": "names, summaries and terms of the release",
    "detector_broad": "anything like an address, link, handle or long number",
    "detector_first": "names and addresses, first detector",
    "detector_second": "names and addresses, second detector",
    "below": "below {share}", "yes": "yes: it says little here", "no": "no",
    "t_hidden": "Hidden things by reason", "nothing_hidden": "Nothing is recorded as hidden.",
    "languages_with": "Names are looked for by a model in: {list}.",
    "languages_without": "Languages of this release without a detector of names: {list}.",
    "languages_unknown": "The run asks no facet for the language: it is not known in which ones names were not looked "
    "for.",
    "no_language": "no language", "none": "none",
    "noise_none": "None: counts are exact, or rounded where the rules say so, and no epsilon can be stated.",
    "t_noise": "What was spent",
    "r_clusters": "clusters", "r_cells": "cells of too few people", "r_cells_by_subtraction": "cells that subtraction "
    "would have given away",
    # Limits
    "s_limits": "Limits, in plain words",
    "limit_prevalence": "A cluster's size is not a prevalence. Conversations were chosen (“How it was measured” tells "
    "how), grouped and in part hidden; how common a use is among all people is another question.",
    "limit_names": "Names are short and written by models or from word lists. They say what most of a cluster has in "
    "common; single conversations in it can be about something else.",
    "limit_worst": "Names and judgements lean to the plain and the cautious: where there may be harm, they say so. A "
    "harmful-sounding name does not mean that all of its conversations were harmful.",
    "limit_hidden": "What too few people did is not shown: {cells} cells and {clusters} clusters here. A use that is "
    "missing from this report may still exist.",
    "limit_intervals": "Intervals tell of chance alone: the same users, sampled again. They do not cover mistakes of "
    "models, nor other ways to group.",
    "limit_other": "Another seed would draw some borders differently. Trust broad areas more than single clusters.",
    "limit_account": "An account is not a person: one person can have several, several can share one.",
    "limit_noise": "Counts carry noise that was added on purpose: parts need not add up to their whole.",
    "limit_rounded": "Counts are rounded to multiples of {n}: parts need not add up to their whole.",
    "limit_edits": "{n} edits were made by hand after the run (names, merges, moves, hidden clusters); where clusters "
    "were put together, accounts are an upper bound.",
    # Appendix
    "s_appendix": "Appendix: tables",
    "t_clusters": "Clusters, the largest first within each level",
    "t_levels": "Levels of the hierarchy",
    "t_whole": "Facet values over all conversations",
    "t_weeks": "All conversations, week by week",
    "appendix_cut": "The table lists {n} of {total} clusters; the rest is left to `clio export`.",
    "appendix_brief": "The tables are left to `clio export` at this level of detail.",
    "appendix_export": "The same facts as CSV, Parquet, JSON or XLSX, with a data dictionary: `clio export RUN`.",
}  # fmt: skip

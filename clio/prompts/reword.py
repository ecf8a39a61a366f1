"""Ask for another name and summary of a group whose first ones gave too much away."""

from __future__ import annotations

from collections.abc import Sequence

from clio.models.protocol import Request
from clio.prompts.describe import NAME_WORDS, SCHEMA
from clio.prompts.fence import DATA_RULE, FAIRNESS_RULE, PRIVACY_RULE, fence_lines

SYSTEM = "\n\n".join(
    (
        "You rewrite descriptions of groups of conversations, for a statistical study of how an AI assistant is used, "
        "where a review found that they give too much away.",
        DATA_RULE,
        FAIRNESS_RULE,
        PRIVACY_RULE,
        "Step back until the description fits thousands of people and says nothing intimate of any of them: the field "
        "instead of the case, the kind of help instead of the reason for it. It has to stay true. Dull is fine.",
    )
)


def request(name: str, summary: str, accounts: str, kinds: Sequence[str], terms: Sequence[str]) -> Request:
    """``accounts`` says in words how many people stand behind the group; ``kinds`` are sensitive ones it touched.

    ``terms`` may stand in the new words: a word of a subject that too few of the group used would not pass.
    """
    reason = f" It touches on: {', '.join(kinds)}; leave that out, by word and by hint." if kinds else ""
    shared = f"\nWords that many people in the group use:\n{fence_lines('data', list(terms))}" if terms else ""
    user = (
        f"The description that did not pass:\n{fence_lines('data', [f'{name}: {summary}'])}{shared}\n"
        f"It is about a group of {accounts}.{reason}\n"
        "Use plain general words; of the subject itself only such as many of the group use.\n"
        "Write `summary`: at most two sentences in the past tense. Then `name`: at most "
        f"{NAME_WORDS} words of plain English in sentence case, without quotation marks."
    )
    return Request("audit", SYSTEM, user, SCHEMA, max_tokens=400)

"""Takes private matter out of text: identifiers and secrets by rules, names by cues and a model (docs/redaction.md)."""

from clio.privacy.redact.normalise import View, normalise
from clio.privacy.redact.redactor import Redacted, Redactor
from clio.privacy.redact.spans import PLACEHOLDER, TYPES, Detector, Rule, Span, Type

__all__ = ["PLACEHOLDER", "TYPES", "Detector", "Redacted", "Redactor", "Rule", "Span", "Type", "View", "normalise"]

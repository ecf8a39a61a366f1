from __future__ import annotations

import inspect
import re

import pytest

from clio import errors
from clio.errors import ClioError, ConfigError, MissingExtraError

KINDS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass)]
CODES = {
    "ClioError": 1, "ConfigError": 2, "InputError": 3, "MissingExtraError": 4, "WeightsError": 4, "ModelError": 5,
    "ModelSetupError": 5, "ModelPassingError": 5, "ModelInputError": 5, "BudgetError": 5,
    "RunError": 6, "PrivacyError": 7, "TableError": 8,
}  # fmt: skip
"""Scripts rely on these."""


def test_exit_codes_stay_what_they_are() -> None:
    assert {kind.__name__: kind.exit_code for kind in KINDS} == CODES


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    drawn = dict(re.findall(r"(\w+Error) +(\d)", errors.__doc__ or ""))
    assert {name: int(code) for name, code in drawn.items()} == {k: v for k, v in CODES.items() if k != "ClioError"} | (
        {"ClioError": 1} if "ClioError" in drawn else {}
    )


@pytest.mark.parametrize("kind", KINDS)
def test_one_root_catches_all(kind: type[ClioError]) -> None:
    assert issubclass(kind, ClioError)
    assert not issubclass(kind, (ValueError, OSError, KeyError))
    assert inspect.getdoc(kind)


def test_a_config_error_lists_every_fault_on_a_line() -> None:
    fault = ConfigError("run.yaml: 2 faults", ("seed: too small", "titel: unknown"))
    assert str(fault) == "run.yaml: 2 faults\n  seed: too small\n  titel: unknown"
    assert fault.faults == ("seed: too small", "titel: unknown")
    assert ConfigError("run.yaml: cannot be read").faults == ()


def test_a_missing_extra_ends_with_the_line_that_installs_it() -> None:
    assert str(MissingExtraError("Finding names", "ner")).endswith("pip install 'clio-toolkit[ner]'")

"""Everything that Clio Toolkit raises on purpose.

Catch :class:`ClioError` for all of it; catch a leaf to recover from one thing. No message here ever carries
conversation text or what a model wrote: messages name files, lines, fields, counts and remedies.

    ClioError                 exit code
    ├── ConfigError               2      a setting is wrong: every fault listed, each with its path
    ├── InputError                3      a source file cannot be read at all, or holds nothing usable
    ├── MissingExtraError         4      an optional package is needed: the message is the install line
    ├── WeightsError              4      model weights are absent, unreachable or not what they should be
    ├── ModelError                5
    │   ├── ModelSetupError       5      wrong key, unknown model, no route: nothing will work until mended
    │   ├── ModelPassingError     5      overload, time-out, reset: worth another try later
    │   ├── ModelInputError       5      this one input cannot be answered: trying again will not help
    │   └── BudgetError           5      the next request could pass writer.budget_usd: nothing bought is lost
    ├── RunError                  6      a run directory is locked, foreign, damaged or incomplete
    ├── PrivacyError              7      a privacy rule would be broken: nothing was published
    └── TableError                8      a table does not have the declared columns (a defect or a damaged file)
"""

from __future__ import annotations


class ClioError(Exception):
    """Root of the tree. ``exit_code`` is what the ``clio`` command ends with."""

    exit_code = 1


class ConfigError(ClioError):
    """A config does not validate. ``faults`` holds one line per fault, all of them at once."""

    exit_code = 2

    def __init__(self, message: str, faults: tuple[str, ...] = ()) -> None:
        self.faults = faults
        super().__init__("\n".join([message, *(f"  {fault}" for fault in faults)]))


class InputError(ClioError):
    """A source cannot be read at all; the message names the file and what was tried."""

    exit_code = 3


class MissingExtraError(ClioError):
    """An optional package is not installed; the message ends with the exact line that installs it."""

    exit_code = 4

    def __init__(self, what: str, extra: str) -> None:
        self.extra = extra
        super().__init__(f"{what} needs an optional package. Install it with: pip install 'clio-toolkit[{extra}]'")


class WeightsError(ClioError):
    """Model weights are absent, cannot be fetched, or fail their checksum."""

    exit_code = 4


class ModelError(ClioError):
    """A model could not do what was asked."""

    exit_code = 5


class ModelSetupError(ModelError):
    """Wrong key, unknown model, no route: stop the run, nothing will work until it is mended."""


class ModelPassingError(ModelError):
    """Overload, time-out, connection reset: the same request may work later."""


class ModelInputError(ModelError):
    """This one request cannot be answered; do not send it again unchanged."""


class BudgetError(ModelError):
    """The budget does not cover the next request. What was bought is kept; raise ``writer.budget_usd`` to go on."""


class RunError(ClioError):
    """A run directory is locked by another process, is not a run, or lacks a finished stage."""

    exit_code = 6


class PrivacyError(ClioError):
    """A rule at the wall would be broken; nothing was written to the release."""

    exit_code = 7


class TableError(ClioError):
    """A table lacks a declared column, has another type, or has one too many."""

    exit_code = 8

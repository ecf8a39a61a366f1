"""Which process it is: a pid alone is soon another's, so it is kept with when the process began."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")


def beginning(pid: int) -> str:
    """When the process began, in a form that no other process of this machine ever has; empty where there is none.

    A process that has ended and was not waited for yet is none.
    """
    if pid <= 0:
        return ""
    if (_PROC / "self" / "stat").is_file():
        return _linux(pid)
    return _ps(pid)


def _linux(pid: int) -> str:
    try:
        # The name in parentheses may hold anything, parentheses too.
        state, *rest = (_PROC / str(pid) / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        boot = (_PROC / "sys" / "kernel" / "random" / "boot_id").read_text("utf-8").strip()
    except (OSError, ValueError):
        return ""
    ticks_since_boot = rest[18] if len(rest) > 18 else ""
    return f"{boot} {ticks_since_boot}" if ticks_since_boot and state not in "ZXx" else ""


def _ps(pid: int) -> str:
    line = ["ps", "-o", "stat=,lstart=", "-p", str(pid)]
    try:
        told = subprocess.run(line, capture_output=True, text=True, timeout=5, check=False).stdout.split()  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return ""
    return " ".join(told[1:]) if told and not told[0].startswith("Z") else ""


def alive(pid: int, began: str) -> bool:
    """Whether this very process runs."""
    return bool(began) and beginning(pid) == began


def terminate(pid: int, began: str) -> bool:
    """Ask this very process to stop; False where it is not there any more, or not ours."""
    handle = None
    with suppress(AttributeError, OSError, OverflowError):
        handle = os.pidfd_open(pid)  # from here on the pid cannot pass to another
    try:
        if not alive(pid, began):
            return False
        if handle is not None:
            signal.pidfd_send_signal(handle, signal.SIGTERM)
        else:
            os.kill(pid, signal.SIGTERM)
    except OSError:
        return False
    finally:
        if handle is not None:
            os.close(handle)
    return True

"""The machine that we run on: its cores, its name, and how its C library treats memory."""

import ctypes
import os
import platform
from pathlib import Path

# Parameters of glibc's mallopt (malloc.h), each with the value that keeps memory and the default.
TRIM_THRESHOLD, MMAP_MAX, ARENA_MAX = -1, -4, -8
KEEPING = {TRIM_THRESHOLD: (2**31 - 1, 128 * 1024), MMAP_MAX: (0, 65_536)}


def cores() -> int:
    """Those that this process may use. A container's share of time (its quota) cannot be seen here."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def processor() -> str:
    """Its name."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def keep_memory(keep: bool = True) -> None:
    """Keep memory that is freed for the next step instead of giving it back to the system, as glibc does by default.

    To have some 20 MB mapped afresh at each step of 256 pictures is a third of its time. No number changes.
    """
    if library := _glibc():
        for parameter, (kept, default) in KEEPING.items():
            library.mallopt(parameter, kept if keep else default)


def share_memory() -> None:
    """What one thread frees serves the next; in heaps of their own, up to eight a core, it would be kept apart."""
    if library := _glibc():
        library.mallopt(ARENA_MAX, 1)


def return_memory() -> None:
    """Give what is free back to the system."""
    if library := _glibc():
        library.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    return ctypes.CDLL(None) if platform.libc_ver()[0] == "glibc" else None

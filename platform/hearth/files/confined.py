"""Confines a process to reading its own libraries, where the kernel can (Landlock, Linux 5.13).

Confined so, it opens no other file, asks nothing of the network, and looks into no other process:
neither into the memory nor into the environment of the one that started it, which holds secrets.
"""

import ctypes
import os
import sys
from collections.abc import Iterable

# Linux gives new calls the same numbers on every kind of processor.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION, _BENEATH = 1, 1
_NO_NEW_PRIVILEGES, _DUMPABLE = 38, 4
# All that the first version can forbid about files; and of it what reading libraries needs.
_EVERYTHING = (1 << 13) - 1
_EXECUTE, _READ_FILE, _READ_FOLDER = 1 << 0, 1 << 2, 1 << 3
_NETWORK_SINCE, _SCOPES_SINCE = 4, 6
_BOTH = 3
LIBRARIES = ("/usr", "/lib", "/lib64")


class _Ruleset(ctypes.Structure):
    _fields_ = (
        ("files", ctypes.c_uint64),
        ("network", ctypes.c_uint64),
        ("scopes", ctypes.c_uint64),
    )


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


def confine() -> bool:
    """Give up everything but reading libraries, for good; False where the kernel knows no way."""
    if sys.platform != "linux":
        return False
    kernel = ctypes.CDLL(None, use_errno=True)
    version = kernel.syscall(_CREATE_RULESET, None, 0, _ASK_VERSION)
    if version < 1:
        return False
    wanted = _Ruleset(
        _EVERYTHING,
        _BOTH if version >= _NETWORK_SINCE else 0,
        _BOTH if version >= _SCOPES_SINCE else 0,
    )
    # An older kernel takes what it does not know as long as it is zero.
    rules = kernel.syscall(_CREATE_RULESET, ctypes.byref(wanted), ctypes.sizeof(wanted), 0)
    if rules < 0:
        return False
    for path in _libraries():
        _allow(kernel, rules, path)
    kernel.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    refused = kernel.syscall(_RESTRICT_SELF, rules, 0)
    os.close(rules)
    return bool(refused == 0)


def keep_to_oneself() -> None:
    """Let no other process of the same user look into this one (its memory, its environment)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DUMPABLE, 0, 0, 0, 0)


def _libraries() -> Iterable[str]:
    told = (*sys.path, sys.prefix, sys.base_prefix, sys.pycache_prefix or "", *LIBRARIES)
    return sorted({path for path in told if path and path != "/" and os.path.isdir(path)})


def _allow(kernel: ctypes.CDLL, rules: int, path: str) -> None:
    folder = os.open(path, os.O_PATH | os.O_CLOEXEC)
    rule = _Beneath(_EXECUTE | _READ_FILE | _READ_FOLDER, folder)
    kernel.syscall(_ADD_RULE, rules, _BENEATH, ctypes.byref(rule), 0)
    os.close(folder)

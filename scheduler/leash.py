"""Becomes another program, tied to the one that started it: ``python leash.py PARENT_PID PROGRAM ARGUMENT …``.

It runs alone, without the rest of Vigie, and is gone within milliseconds. Between the fork and the program only this is done, and
it cannot be done in the daemon itself: code between fork and exec is not safe in a process with threads.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main() -> None:
    """Die with the parent (Linux; the tie outlasts the exec), let every signal through, and become the program."""
    parent, *command = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(parent):  # it died before the tie was made
        sys.exit(1)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])  # the daemon blocks those that it waits for
    os.execvp(command[0], command)  # noqa: S606  # no shell is wanted


if __name__ == "__main__":
    main()

"""A process that reads mails and nothing else: ``python -m services.ingest.mail.worker SECONDS MEGABYTES``.

It has a limit on its memory, on the CPU time of each mail (the kernel ends it, even inside a library), may
write no file, and knows no secret. Whoever started it replaces it when it ends.
"""

from __future__ import annotations

import gc
import resource
import signal
import sys
import time
from contextlib import suppress

from ..domain import arrivals
from ..domain.reading import read_mail
from . import frames

RECYCLE = 20_000
"""After so many mails a fresh process takes over, in case something leaks."""
FLUSH_SECONDS = 0.02
"""What is read already is sent no later than this."""


def limit(megabytes: int) -> None:
    """The limits of this process, for good."""
    octets = megabytes * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (octets, octets))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))


def main() -> None:
    """Reads frames of mails from stdin and answers on stdout, until stdin ends."""
    seconds, megabytes = float(sys.argv[1]), int(sys.argv[2])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    limit(megabytes)
    gc.collect()
    gc.freeze()
    done = 0
    while done < RECYCLE and (mails := frames.requests(sys.stdin.buffer)) is not None:
        flushed = time.monotonic()
        for sender, raw in mails:
            signal.setitimer(signal.ITIMER_PROF, seconds)  # SIGPROF ends the process
            sys.stdout.buffer.write(_read(sender, raw))
            if time.monotonic() - flushed > FLUSH_SECONDS:
                sys.stdout.buffer.flush()
                flushed = time.monotonic()
        signal.setitimer(signal.ITIMER_PROF, 0)
        sys.stdout.buffer.flush()
        done += len(mails)


def _read(sender: str | None, raw: bytes) -> bytes:
    try:
        return frames.reply(arrivals.known(read_mail(raw, sender)))
    except MemoryError:
        return frames.failure("memory")
    except Exception as error:
        # Read_mail raises for no octets that we know of; for those that we do not, the mail goes on unread.
        return frames.failure(type(error).__name__)


if __name__ == "__main__":
    with suppress(BrokenPipeError):
        main()

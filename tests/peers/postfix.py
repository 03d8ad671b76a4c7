"""A private Postfix: configuration, queue and data in a folder of its own, on a port of its own.

It relays mail for us to ingest, and takes mail from notify as its next server.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Self

from deploy.setup import privilege

from ..flow.stack import free_port
from .packages import program

SERVICES = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup    unix n - n 60 1 pickup
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
verify    unix - - n - 1 verify
flush     unix n - n 1000? 0 flush
proxymap  unix - - n - - proxymap
smtp      unix - - n - - smtp
unsized   unix - - n - - smtp -o smtp_discard_ehlo_keywords=size
showq     unix n - n - - showq
error     unix - - n - - error
retry     unix - - n - - error
discard   unix - - n - - discard
anvil     unix - - n - 1 anvil
scache    unix - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
"""
"""No local delivery, no chroot."""

SETTINGS = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = {commands}
daemon_directory = {daemons}
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
myhostname = relay.peer.example
mydestination =
local_recipient_maps =
alias_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.1/32
smtp_dns_support_level = disabled
smtp_host_lookup = native
smtp_tls_security_level = none
smtputf8_enable = yes
message_size_limit = 20000000
smtp_line_length_limit = 0
transport_maps = inline:{{{transports}}}
default_transport = error:5.1.2 No way there
minimal_backoff_time = 1s
maximal_backoff_time = 2s
queue_run_delay = 1s
debug_peer_level = 1
debug_peer_list = 127.0.0.1
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_helo_required = yes
smtpd_helo_restrictions = reject_invalid_helo_hostname
smtpd_sender_restrictions = reject_non_fqdn_sender
smtpd_recipient_restrictions = reject_non_fqdn_recipient
strict_rfc821_envelopes = yes
strict_7bit_headers = {strict}
strict_8bitmime_body = {strict}
strict_mime_encoding_domain = yes
"""
"""As strict as Postfix can be with what it is given, but for mail that it should pass on as it is."""


class Postfix:
    """One instance. ``transports`` says where mail goes, by domain, e.g. ``{"example.org": "smtp:[127.0.0.1]:25"}``."""

    def __init__(self, transports: dict[str, str], kept_log: Path, *, strict: bool) -> None:
        self.port = free_port()
        # pytest's folders are closed to other users, and Postfix works as one.
        self.folder = Path(tempfile.mkdtemp(prefix="ticketwire-postfix-"))
        self.folder.chmod(0o755)
        self._prefix = privilege() or []
        self._kept_log = kept_log
        self._etc = self.folder / "etc"
        self._etc.mkdir()
        (self._etc / "master.cf").write_text(SERVICES.format(port=self.port))
        (self._etc / "main.cf").write_text(
            SETTINGS.format(
                folder=self.folder,
                commands=Path(program("postfix")).parent,
                daemons=_daemons(),
                transports=" ".join(f"{{ {domain} = {where} }}," for domain, where in transports.items()),
                strict="yes" if strict else "no",
            )
        )

    def __enter__(self) -> Self:
        """Starts it. It trusts only what root owns."""
        self._run("mkdir", str(self.folder / "queue"), str(self.folder / "data"))
        self._run("chown", "-R", "root", str(self.folder))
        self._run("chown", "postfix", str(self.folder / "data"))
        self._postfix("start")
        return self

    def __exit__(self, *_: object) -> None:
        """Ends it; nothing of it stays but its log, at another place."""
        self._postfix("stop")
        self._kept_log.write_text(self.log())
        self._run("rm", "-rf", "--", str(self.folder))

    def waiting(self) -> list[dict[str, Any]]:
        """What lies in its queue, each with the reason why."""
        listed = self._run(program("postqueue"), "-c", str(self._etc), "-j")
        return [json.loads(line) for line in listed.splitlines()]

    def flush(self) -> None:
        """Has it try all again now."""
        self._run(program("postqueue"), "-c", str(self._etc), "-f")

    def log(self) -> str:
        """What it has logged."""
        return self._run("cat", str(self.folder / "log"))

    def _postfix(self, order: str) -> None:
        self._run(program("postfix"), "-c", str(self._etc), order)

    def _run(self, *command: str) -> str:
        done = subprocess.run([*self._prefix, *command], capture_output=True, text=True, errors="replace", timeout=60)
        assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
        return done.stdout


def _daemons() -> str:
    """Where the package has its daemons."""
    done = subprocess.run(
        [program("postconf"), "-d", "-h", "daemon_directory"], capture_output=True, text=True, timeout=60
    )
    return done.stdout.strip() or "/usr/lib/postfix/sbin"

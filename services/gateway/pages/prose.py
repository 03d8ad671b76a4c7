"""What a message says, made ready to be read: paragraphs, links, quoted text folded away.

Everything here may have been written by a stranger. Nothing is trusted to be markup: these functions cut a
text into plain pieces, and the templates escape every piece.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

KEEPS_LINES = 2
"""A shorter quotation than this many lines, with words of the author below, is a remark to it: it stays open."""
LONG = 80
"""From so many lines on, the rest of a text is folded."""
SHOWN = 50

UNSEEN = re.compile(
    # control characters but line break and tab; embeddings, overrides and isolates that could turn a line
    # around; marks that no reader sees and that make two names look alike
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b\u2060\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
ADDRESS = re.compile(r"https?://[^\s<>\"'“”‘’`|{}\\^]{1,2000}", re.IGNORECASE)
CLOSING = ".,;:!?)]}*_"
WROTE = re.compile(
    r"(wrote|writes|schrieb|écrit|escribió|ha scritto|schreef|skrev|kirjoitti|napisał|yazdı|написал|пишет)", re.I
)
ORIGINAL = re.compile(
    r"^\s*[-_]{2,}\s*(original message|original appointment|forwarded message|ursprüngliche nachricht|"
    r"weitergeleitete nachricht|message d'origine|message transféré|mensaje original|messaggio originale|"
    r"oorspronkelijk bericht|wiadomość oryginalna)\s*[-_]{2,}\s*$",
    re.IGNORECASE,
)
HEAD = re.compile(r"^\s*\**(from|von|de|da|van|od|kimden|от)\s?:\**\s+\S", re.IGNORECASE)
HEAD_GOES_ON = re.compile(
    r"^\s*\**(sent|date|gesendet|datum|envoyé|date|enviado|fecha|inviato|data|verzonden|to|an|à|para|a|aan|"
    r"subject|betreff|objet|asunto|oggetto|onderwerp)\s?:\**\s+\S",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Piece:
    """A stretch of a paragraph: words, or words that lead to an address."""

    text: str
    href: str | None = None


@dataclass(frozen=True)
class Part:
    """A part of a message: paragraphs of one kind, each a list of pieces.

    ``quote`` is what is repeated of earlier mails (folded), ``remark`` a short quotation that the author
    answers below it (open), ``rest`` the long end of a long text (folded), ``signature`` what follows ``-- ``.
    """

    kind: Literal["text", "quote", "remark", "signature", "rest"]
    paragraphs: list[list[Piece]]
    lines: int


def clean(text: str) -> str:
    """A text without what cannot be seen; line breaks become ``\\n``."""
    return UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def clean_line(text: str | None) -> str:
    """A name, subject or file name: cleaned, and in one line; empty where someone erased has none."""
    return " ".join(clean(text or "").split())


def parts(text: str) -> list[Part]:
    """The parts of a message in its order. Never folds everything away: something is always to be seen."""
    found = [Part(kind, paragraphs(lines), len(lines)) for kind, lines in shortened(grouped(clean(text)))]
    if found and all(part.kind in ("quote", "signature") for part in found):
        return [Part("text", part.paragraphs, part.lines) for part in found]
    return found


Kind = Literal["text", "quote", "remark", "signature", "rest"]
Group = tuple[Kind, list[str]]


def grouped(text: str) -> list[Group]:
    """Runs of lines of one kind, without blank lines at their ends."""
    lines = text.split("\n")
    body, tail = cut_original(lines)
    runs: list[Group] = []
    for line in body:
        quoted = line.lstrip().startswith(">")
        kind: Kind = "quote" if quoted else "signature" if signed(runs, line) else "text"
        if runs and (runs[-1][0] == kind or (kind == "text" and runs[-1][0] == "signature")):
            runs[-1][1].append(line)
        else:
            runs.append((kind, [line]))
    runs = [run for run in attributed(runs) if any(line.strip() for line in run[1])]
    last = max((place for place, (kind, _) in enumerate(runs) if kind == "text"), default=-1)
    for place, (kind, run) in enumerate(runs[: last + 1]):
        if kind == "quote" and len(run) <= KEEPS_LINES:
            runs[place] = ("remark", run)
    if not tail:
        return runs
    return [*runs, ("quote", tail)] if runs else [("text", tail)]


def signed(runs: list[Group], line: str) -> bool:
    """Whether a signature begins here: a line of its own with ``-- ``, with something above it."""
    return line in ("-- ", "--") and bool(runs)


def cut_original(lines: list[str]) -> tuple[list[str], list[str]]:
    """Cuts where a mail program put the earlier mail below, unquoted; the second part may be empty."""
    for place, line in enumerate(lines):
        head = HEAD.match(line) and sum(bool(HEAD_GOES_ON.match(next_)) for next_ in lines[place + 1 : place + 6]) >= 2
        if (head or ORIGINAL.match(line)) and any(above.strip() for above in lines[:place]):
            return lines[:place], lines[place:]
    return lines, []


def attributed(runs: list[Group]) -> Iterator[Group]:
    """Moves a line like “Anna wrote:” from the end of a text to the quotation that it announces."""
    for place, (kind, lines) in enumerate(runs):
        if kind == "text" and place + 1 < len(runs) and runs[place + 1][0] == "quote":
            end = len(lines)
            while end and not lines[end - 1].strip():
                end -= 1
            start = announcement(lines, end)
            if start < end:
                runs[place + 1] = ("quote", [*lines[start:end], *runs[place + 1][1]])
                lines = lines[:start]
        yield kind, lines


def announcement(lines: list[str], end: int) -> int:
    """Where the line that announces a quotation begins; it may be broken in two. ``end`` when there is none."""
    for start in (end - 1, end - 2):
        if start >= 0:
            said = " ".join(lines[start:end]).strip()
            if said.endswith(":") and len(said) < 250 and WROTE.search(said):
                return start
    return end


def shortened(groups: list[Group]) -> Iterator[Group]:
    """Folds the end of a text that is very long."""
    for kind, lines in groups:
        if kind == "text" and len(lines) > LONG:
            yield "text", lines[:SHOWN]
            yield "rest", lines[SHOWN:]
        else:
            yield kind, lines


def paragraphs(lines: Iterable[str]) -> list[list[Piece]]:
    """Lines between blank lines, as pieces; quotation marks of one level taken off."""
    blocks: list[list[str]] = [[]]
    for line in lines:
        bare = re.sub(r"^\s*> ?", "", line) if line.lstrip().startswith(">") else line
        if bare.strip():
            blocks[-1].append(bare.rstrip())
        elif blocks[-1]:
            blocks.append([])
    return [list(pieces("\n".join(block))) for block in blocks if block]


def pieces(text: str) -> Iterator[Piece]:
    """Words and web addresses; a full stop or bracket after an address is not part of it."""
    end = 0
    for match in ADDRESS.finditer(text):
        address = match.group()
        while address and (address[-1] in CLOSING) and not balanced(address):
            address = address[:-1]
        if len(address) > len("https://"):
            if match.start() > end:
                yield Piece(text[end : match.start()])
            yield Piece(address, address)
            end = match.start() + len(address)
    if end < len(text):
        yield Piece(text[end:])


def balanced(address: str) -> bool:
    """Whether the last character closes a bracket that the address itself opened."""
    pair = {")": "(", "]": "["}.get(address[-1])
    return pair is not None and address.count(pair) >= address.count(address[-1])

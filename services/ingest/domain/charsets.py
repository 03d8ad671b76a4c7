"""Octets to text, whatever the label says: wrong, unknown, missing or hostile.

Only text codecs from a fixed list are ever looked up, so a label cannot name a codec that unpacks or runs.
"""

from __future__ import annotations

import codecs
import re

_PLAIN = (
    "ascii utf-8 utf-7 utf-16 utf-16-be utf-16-le utf-32 iso8859-2 iso8859-3 iso8859-4 iso8859-5 iso8859-6 iso8859-7 "
    "iso8859-8 iso8859-10 iso8859-13 iso8859-14 iso8859-15 iso8859-16 cp437 cp737 cp775 cp850 cp852 cp855 cp857 cp858 "
    "cp860 cp861 cp862 cp863 cp864 cp865 cp866 cp869 cp874 cp932 cp949 cp950 cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 "
    "cp1256 cp1257 cp1258 koi8-r koi8-u koi8-t kz1048 ptcp154 mac-roman mac-cyrillic mac-greek mac-turkish mac-latin2 "
    "gb18030 hz big5hkscs euc-jp euc-jis-2004 iso2022-jp iso2022-jp-1 iso2022-jp-2 iso2022-jp-ext iso2022-kr johab"
)
_WIDER = {
    # What senders mean when they write the narrower name (as browsers read it).
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "iso2022_jp": "iso2022_jp_ext",
}
_ALIASES = {
    "unicode-1-1-utf-7": "utf-7",
    "unicode-1-1-utf-8": "utf-8",
    "utf8mb4": "utf-8",
    "ks_c_5601-1987": "cp949",
    "x-windows-949": "cp949",
    "windows-31j": "cp932",
    "x-sjis": "cp932",
    "x-mac-cyrillic": "mac-cyrillic",
    "iso-8859-8-i": "iso8859-8",
    "iso-8859-8-e": "iso8859-8",
    "iso-8859-6-i": "iso8859-6",
    "x-gbk": "gb18030",
    "x-big5": "big5hkscs",
    "x-user-defined": "cp1252",
    "ansi_x3.110-1983": "cp1252",
}
_UNLABELLED = frozenset({"", "ascii", "x-unknown", "unknown-8bit", "unknown", "default", "none", "8bit", "binary"})
_LATIN = frozenset({"cp1252", "iso8859-15", "cp1250", "cp1254"})
_CONTROLS = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 127))
MIXED = "ticketwire-mixed"
MIXED_OCTETS = 64 * 1024
"""Longer text is not read octet by octet: that is slow."""


def _octet_as_latin(error: UnicodeError) -> tuple[str, int]:
    # UTF-8 with a stray octet in it (two charsets in one header): only that octet is Latin.
    if not isinstance(error, UnicodeDecodeError):
        raise error
    wrong = error.object[error.start : error.end]
    if wrong[0] >= 0xC2 and error.start and 0x80 <= error.object[error.start - 1] < 0xC0:
        return "\ufffd", error.end  # behind a whole letter: one cut in the middle, as in a shortened file name
    return wrong.decode("cp1252", "replace"), error.end


codecs.register_error(MIXED, _octet_as_latin)
_HAS_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def _name(label: str) -> str | None:
    try:
        return codecs.lookup(label).name
    except (LookupError, ValueError, UnicodeError):
        return None


_ALLOWED = {name for label in _PLAIN.split() if (name := _name(label))}
_ALLOWED |= {name for label in _WIDER.values() if (name := _name(label))}
_WIDER = {name: _name(wide) or wide for label, wide in _WIDER.items() if (name := _name(label))}
_LABEL = re.compile(r"[a-z0-9][a-z0-9._:+-]{0,39}\Z")


def codec_of(label: str) -> str | None:
    """The codec that a charset label means: ``""`` for no real label, nothing for one we do not know."""
    label = label.strip().strip("\"'").strip().lower()
    if label in ("utf-8", "us-ascii", "iso-8859-1"):
        return {"utf-8": "utf-8", "us-ascii": "", "iso-8859-1": "cp1252"}[label]
    if label in _UNLABELLED:
        return ""
    if not _LABEL.match(label):
        return None
    label = _ALIASES.get(label, label)
    if label.startswith("windows-"):
        label = "cp" + label[8:]
    name = _name(label)
    if name is None:
        return None
    if name == "ascii":
        return ""
    name = _WIDER.get(name, name)
    return name if name in _ALLOWED else None


def decode(data: bytes, label: str = "", fallback: str = "cp1252") -> tuple[str, str | None]:
    """The text, and a warning when the label did not help (``charset_unknown:x``, ``charset_wrong:x`` …).

    Valid UTF-8 wins over a Latin label: eight-bit text that happens to be UTF-8 is hardly ever anything else.
    """
    codec = codec_of(label)
    if data.isascii() and codec in ("", "utf-8", "cp1252", None) and b"\x1b" not in data:
        unknown = f"charset_unknown:{_shown(label)}" if codec is None else None
        return data.decode("ascii"), unknown
    if codec and codec not in _LATIN:
        try:
            return data.decode(codec), None
        except (UnicodeError, ValueError):
            pass
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        if codec == "" and b"\x1b$" in data:
            return data.decode("iso2022_jp_ext", "replace"), "charset_missing"
        right = codec == "" or data.isascii()
        return text, None if right and codec is not None else _warning(codec, label)
    if codec in _LATIN:
        return data.decode(codec or "cp1252", "replace"), None
    if codec and (codec != "utf-8" or len(data) >= MIXED_OCTETS):
        return data.decode(codec, "replace"), f"charset_wrong:{_shown(label)}"
    other = codec_of(fallback)
    if other in (None, "", "utf-8", "cp1252") and len(data) < MIXED_OCTETS:
        return data.decode("utf-8", MIXED), _warning(codec, label)
    return data.decode("cp1252" if other in (None, "", "utf-8") else other, "replace"), _warning(codec, label)


def _warning(codec: str | None, label: str) -> str:
    if codec is None:
        return f"charset_unknown:{_shown(label)}"
    return f"charset_wrong:{_shown(label)}" if codec else "charset_missing"


def _shown(label: str) -> str:
    return re.sub(r"[^A-Za-z0-9._:+-]", "?", label.strip())[:40]


def clean(text: str) -> str:
    """Text that any store and screen can take: no controls but tab and line feed, no half characters, LF line ends."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if _HAS_CONTROLS.search(text):
        text = text.translate(_CONTROLS)
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            text = text.encode("utf-8", "replace").decode()
    return text

"""HTML of strangers made harmless, and text made from it."""

from __future__ import annotations

import re
from html import escape, unescape

import nh3

from . import caps

_TAGS = set(
    """a abbr address b bdi bdo big blockquote br caption center cite code col colgroup dd del dfn div dl dt em
    figcaption figure font h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp small span strike strong
    sub sup table tbody td tfoot th thead tr tt u ul var wbr""".split()  # noqa: SIM905
)
_ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title", "width", "height"},
    "td": {"colspan", "rowspan", "align", "valign"},
    "th": {"colspan", "rowspan", "align", "valign", "scope"},
    "table": {"summary"},
    "ol": {"start", "type"},
    "blockquote": {"type"},
    "font": {"color"},
    "*": {"dir", "lang"},
}
_GONE = {"script", "style", "title", "template", "noscript", "iframe", "object", "svg", "math", "textarea", "select"}


def _local_images(tag: str, attribute: str, value: str) -> str | None:
    # A remote image tells its sender when and where it was looked at; an attached one does not.
    if tag == "img" and attribute == "src":
        return value if value[:4].lower() == "cid:" else None
    return None if attribute == "href" and value[:4].lower() == "cid:" else value


_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    clean_content_tags=_GONE,
    attributes=_ATTRIBUTES,
    url_schemes={"http", "https", "mailto", "tel", "cid"},
    link_rel="noopener noreferrer nofollow",
    url_relative="deny",
)
_CLEANER_OF_IMAGES = nh3.Cleaner(
    tags=_TAGS,
    clean_content_tags=_GONE,
    attributes=_ATTRIBUTES,
    attribute_filter=_local_images,
    url_schemes={"http", "https", "mailto", "tel", "cid"},
    link_rel="noopener noreferrer nofollow",
    url_relative="deny",
)
_REMOTE = re.compile(r"<img\b[^>]{0,300}?\bsrc\s*=\s*[\"']?\s*(?!cid:)[^\s\"'>]", re.IGNORECASE)
_NEEDS_FILTER = re.compile(r"<img|cid:", re.IGNORECASE)
_NESTING = re.compile(
    r"<(/?)(?!(?:area|base|br|col|dd|dt|hr|img|input|li|link|meta|o:p|option|p|param|tbody|td|th|thead|tr|wbr)\b)[a-z]",
    re.IGNORECASE,
)
_INVISIBLE = re.compile(r"<(style|script)\b[^<]{0,20000}", re.IGNORECASE)
_ANY_TAG = re.compile(r"<[^<>]*>")
_TAG = re.compile(r"<(/?)([a-z0-9]+)((?:\s+[a-z-]+=\"[^\"]*\")*)\s*/?>")
_HREF = re.compile(r"\shref=\"([^\"]*)\"")
_BLANK = re.compile(r"[ \t\xa0]+")
_AROUND = re.compile(r" ?\n ?")
_LINES = re.compile(r"\n{3,}")
_QUOTE_ENDS = re.compile(r"\n>+(?=\n\n|\Z)")
_BREAKS = frozenset(
    """address br center dd div dl dt figcaption figure h1 h2 h3 h4 h5 h6 hr li ol pre
    table tr ul""".split()  # noqa: SIM905
)
_PARAGRAPHS = frozenset(["p", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "pre"])


def crude_text(html: str) -> str:
    """Whatever stands between tags in the beginning of HTML that is ``too_large``."""
    inner = _INVISIBLE.sub(" ", html[: caps.HTML_CHARS])
    return _LINES.sub("\n\n", _AROUND.sub("\n", _BLANK.sub(" ", unescape(_ANY_TAG.sub(" ", inner))))).strip()


def too_large(html: str) -> bool:
    """Whether it is more than anyone reads, and more than sanitising should be spent on."""
    tags = html.count("<")
    return len(html) > caps.HTML_SOURCE_CHARS or tags > caps.HTML_TAGS or (tags > 1000 and _too_deep(html))


def _too_deep(html: str) -> bool:
    depth = 0
    for found in _NESTING.finditer(html):
        if found[1]:
            depth -= depth > 0
        else:
            depth += 1
            if depth > caps.HTML_DEPTH:
                return True
    return False


def sanitised(html: str, warnings: list[str]) -> str:
    """The HTML by an allow-list: no script, style, form, remote image or odd link; ``cid:`` images stay."""
    if not _NEEDS_FILTER.search(html):
        return _CLEANER.clean(html).strip()
    if _REMOTE.search(html):
        warnings.append("remote_images_removed")
    return _CLEANER_OF_IMAGES.clean(html).strip()


def to_text(html: str) -> str:
    """Readable text from *sanitised* HTML: paragraphs, lists, quotes with ``>``, links behind their words."""
    out: list[str] = []
    at = preformatted = 0
    link, link_at = "", 0
    for found in _TAG.finditer(html):
        text = html[at : found.start()]
        if text:
            out.append(text if preformatted else text.replace("\n", " "))
        at = found.end()
        closing, tag = found[1], found[2]
        if tag == "a":
            if not closing:
                href = _HREF.search(found[3])
                link, link_at = (href[1] if href else ""), len(out)
            elif link:
                words = "".join(out[link_at:]).strip()
                address = link.removeprefix("mailto:")
                if words and address.rstrip("/") not in words and not link.startswith("#"):
                    out.append(f" <{address}>".replace("<", "&lt;").replace(">", "&gt;"))
                link = ""
        elif tag in ("td", "th") and closing:
            out.append(" ")
        elif tag == "li":
            out.append("" if closing else "\n- ")
        elif tag == "blockquote":
            # The marks stand on the lines of the quote: what comes before and after it is not in it.
            out.append("\x03\n\n" if closing else "\n\n\x02")
        elif tag in _BREAKS or tag == "p":
            out.append("\n\n" if tag in _PARAGRAPHS else "\n")
        if tag == "pre":
            preformatted = max(0, preformatted + (-1 if closing else 1))
    out.append(html[at:])
    text = unescape("".join(out))
    text = _LINES.sub("\n\n", _AROUND.sub("\n", _BLANK.sub(" ", text)))
    return _quoted(text).strip() if "\x02" in text else text.strip()


def _quoted(text: str) -> str:
    """Lines between the marks of a blockquote begin with ``>``, as in a mail."""
    lines, depth = [], 0
    for line in text.split("\n"):
        opened, closed = line.count("\x02"), line.count("\x03")
        depth += opened
        plain = line.replace("\x02", "").replace("\x03", "").strip()
        if plain or not (opened or closed):
            lines.append(">" * min(depth, 9) + (" " if depth and plain else "") + plain)
        depth = max(0, depth - closed)
    return _LINES.sub("\n\n", _QUOTE_ENDS.sub("", "\n".join(lines)))


def from_text(text: str) -> str:
    """The same words as harmless HTML."""
    return "<p>" + escape(text.strip(), quote=False).replace("\n\n", "</p><p>").replace("\n", "<br>") + "</p>"

"""How much of one mail is looked at. What goes beyond a cap is left out with a warning, never an error."""

from __future__ import annotations

HEADER_OCTETS = 256 * 1024
"""Of one header block, root or part."""
HEADER_FIELDS = 1000
FIELD_OCTETS = 64 * 1024
"""Of one header field's value."""
PARAMS_CHARS = 8192
"""Of a Content-Type or Content-Disposition field."""
PARTS = 500
"""MIME parts of the whole mail, multiparts counted too."""
DEPTH = 30
"""Multiparts in multiparts."""
ATTACHMENTS = 200
ADDRESSES = 200
"""Of one address field."""
ADDRESS_TOKENS = 5000
"""Words and signs of one address field that are looked at."""
ADDRESS_CHARS = 320
NAME_CHARS = 200
SUBJECT_CHARS = 500
ID_CHARS = 500
"""Of one Message-ID; a longer one is no id."""
REFERENCES = 50
REFERENCES_FIRST = 10
"""Of a longer list the oldest ten and the newest forty are kept."""
FILENAME_CHARS = 150
TEXT_CHARS = 64 * 1024
"""Of the text to read; the whole of a longer one is kept as a file (design decision 12)."""
HTML_CHARS = 64 * 1024
"""Of the sanitised HTML; a longer one is kept as a file, unsanitised."""
HTML_SOURCE_CHARS = 512 * 1024
HTML_TAGS = 20_000
HTML_DEPTH = 300
"""HTML that is longer, has more tags or nests deeper is not even sanitised: the cost grows with the square."""
FLOWED_CHARS = 256 * 1024
"""Longer format=flowed text keeps its line breaks."""
BODY_PIECES = 20
"""Text parts that are joined to one text to read; further ones are files."""
WARNINGS = 50

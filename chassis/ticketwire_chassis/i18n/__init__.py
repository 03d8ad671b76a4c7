"""One catalogue for pages, mails and errors (design decision 20).

    t = translator("de")
    t("Reply")                                        # "Antworten"
    t("To {address}", address="anna@example.net")
    t.ngettext("{n} ticket", "{n} tickets", 3)        # {n} is the number
    t.pgettext("status", "open")                      # the same English word in another sense
    N_("Reply")                                       # only marks a text, to be looked up later

English is the source: its texts stand in the code. Other languages are ``catalogues/<language>.po``, read
when first asked for. ``extract`` collects the texts from code and templates, ``check`` holds catalogues,
templates and ``glossary.toml`` together, ``dates`` writes times.
"""

from .languages import LANGUAGES, SOURCE, negotiate
from .translator import N_, NP_, Translator, translator

__all__ = ["LANGUAGES", "NP_", "N_", "SOURCE", "Translator", "negotiate", "translator"]

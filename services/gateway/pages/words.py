"""Names of the things that a ticket has, for the catalogue: statuses, priorities, ways to open."""

from __future__ import annotations

from babel import Locale

from ticketwire_chassis.i18n import LANGUAGES, N_, NP_, Translator

LANGUAGE_NAMES = tuple((code, (Locale(code).get_display_name(code) or code).capitalize()) for code in LANGUAGES)
"""Every language by its own name."""

# The default lifecycle; a status of another lifecycle shows as it is named there.
STATUSES = (
    NP_("status", "new"),
    NP_("status", "open"),
    NP_("status", "pending"),
    NP_("status", "stalled"),
    NP_("status", "resolved"),
    NP_("status", "rejected"),
    NP_("status", "merged"),
)

BANDS = {
    10: NP_("priority", "very low"),
    30: NP_("priority", "low"),
    50: NP_("priority", "normal"),
    70: NP_("priority", "high"),
    90: NP_("priority", "very high"),
}
"""The five bands of priority, each with the number that stands for it."""

OPENED = {
    "mail": N_("opened {when} by mail"),
    "phone": N_("opened {when} by phone"),
    "page": N_("opened {when} by an agent"),
    "api": N_("opened {when} by a program"),
    "split": N_("split off {when}"),
}

PROMISES = {
    "first_response": N_("First response"),
    "next_response": N_("Next response"),
    "solution": N_("Solution"),
    "silence": N_("Silence"),
    "due_date": N_("Due date"),
}


def status_word(status: str, t: Translator) -> str:
    """A status in the reader's language."""
    return t.pgettext("status", status)


def band(priority: int) -> int:
    """Which of the five bands a priority lies in, 1 to 5."""
    return min(priority // 20, 4) + 1


def priority_word(priority: int, t: Translator) -> str:
    """The name of a priority's band in the reader's language."""
    return t.pgettext("priority", list(BANDS.values())[band(priority) - 1])


ROLES = {
    "requesters": N_("Requesters"),
    "cc": N_("Copies to"),
    "admin_cc": N_("Internal copies to"),
    "watchers": N_("Watchers"),
}
"""Who stands on a ticket, besides its owner."""

WHAT = {
    "ticket.received": N_("a mail came"),
    "ticket.replied": N_("a reply"),
    "ticket.noted": N_("a note"),
    "ticket.forwarded": N_("a forward"),
    "ticket.status_changed": N_("the status"),
    "ticket.owner_changed": N_("the owner"),
    "ticket.priority_changed": N_("the priority"),
    "ticket.subject_changed": N_("the subject"),
    "ticket.due_changed": N_("the due date"),
    "ticket.requesters_changed": N_("the requesters"),
    "ticket.people_changed": N_("the people"),
    "ticket.tags_changed": N_("the tags"),
    "ticket.fields_changed": N_("the fields"),
    "ticket.time_worked": N_("time worked"),
    "ticket.moved": N_("the queue"),
    "ticket.linked": N_("a link"),
    "ticket.unlinked": N_("a link"),
    "ticket.merged": N_("it was merged"),
    "ticket.absorbed": N_("it was merged"),
    "ticket.escalated": N_("an escalation"),
}
"""Event → what is said to have changed in the meantime."""

LINKS = {
    "depends_on": N_("Depends on"),
    "needed_by": N_("Needed by"),
    "parent": N_("Parent"),
    "child": N_("Children"),
    "refers_to": N_("Refers to"),
    "referred_to_by": N_("Referred to by"),
    "duplicates": N_("Duplicates"),
    "duplicated_by": N_("Duplicated by"),
    "split_from": N_("Split off from"),
    "split_into": N_("Split into"),
}
"""Every way in which tickets are linked, in the order in which a ticket's page shows them."""

LINKABLE = {
    "depends_on": N_("This ticket depends on"),
    "needed_by": N_("This ticket is needed by"),
    "parent": N_("Its parent is"),
    "child": N_("Its child is"),
    "refers_to": N_("It refers to"),
    "duplicates": N_("It duplicates"),
}
"""The links that people make, and take away."""


def worked(minutes: int, t: Translator) -> str:
    """Time worked, to the minute; a correction has its sign."""
    hours, rest = divmod(abs(minutes), 60)
    text = N_("{h} h {m} min") if hours and rest else N_("{h} h") if hours else N_("{m} min")
    return ("−" if minutes < 0 else "") + t(text, h=hours, m=rest)


SIGNATURES = {
    "bad": N_("it does not fit the text"),
    "unknown_key": N_("its key is not known"),
    "expired_key": N_("its key has expired"),
    "revoked_key": N_("its key was revoked"),
    "weak_key": N_("its key is weak"),
    "untrusted": N_("its key was not accepted"),
    "partial": N_("it covers only a part"),
    "wrong_sender": N_("its key belongs to someone else"),
    "good": N_("it covers only a part"),
}
"""Why a signature does not count; ``good`` stands here for one that does not cover everything."""

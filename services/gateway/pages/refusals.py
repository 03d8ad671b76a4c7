"""Why tickets refused, in the reader's language.

Services answer in English, and their sentences name what they are about. Each is one of the sentences below with
its blanks filled: it is found again by its form, translated, and filled with the same words. A test reads the
refusals of tickets in the domain and finds each of them here.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ticketwire_chassis.i18n import N_, Translator
from ticketwire_contracts.base import Problem

from . import sentences

TITLES = (
    N_("Something it depends on is open"),
    N_("It would go round in a circle"),
    N_("It is the same ticket"),
    N_("It is so already"),
    N_("Too many links"),
    N_("Too many tickets hang together"),
    N_("Not a ticket"),
    N_("No such ticket"),
    N_("The ticket was merged"),
    N_("The ticket is merged"),
    N_("The ticket has changed"),
    N_("You may not"),
    N_("The ticket that stays is closed"),
    N_("The ticket that it came from is closed"),
    N_("Too many tickets in one"),
    N_("It is merged already"),
    N_("They are one"),
    N_("It is not merged"),
    N_("It was not split off"),
    N_("No such queue"),
    N_("The queue takes nothing new"),
    N_("No such message"),
    N_("The message has moved"),
    N_("The status has no counterpart there"),
    N_("No such status"),
    N_("Not from this status"),
    N_("No such person"),
    N_("No such agent"),
    N_("May not own tickets here"),
    N_("May not see the ticket"),
    N_("Only an agent"),
    N_("Cannot be written to"),
    N_("Too many people"),
    N_("A ticket needs a subject"),
    N_("Not a tag"),
    N_("Too many tags"),
    N_("No time at all"),
    N_("More than was noted down"),
    N_("Not what the fields take"),
    N_("Required fields are empty"),
    N_("Notes are not forwarded"),
    N_("Too many files"),
    N_("Only a waiting ticket has a wake-up time"),
    N_("The wake-up time has passed"),
    N_("Nobody to write to"),
    N_("Not a mail address"),
    N_("That address is ours"),
    N_("Not well formed"),
    N_("There is no such thing"),
)

SENTENCES = (
    N_("{end} leads to {begin} already."),
    N_("{number} would depend on itself, or be its own parent, over other tickets."),
    N_("A ticket is not linked to itself."),
    N_("{number} is linked to {other} so already."),
    N_("{number} is not linked to {other} so."),
    N_("At most {size} go at once."),
    N_("At most {n} files go with it. Choose them again."),
    N_("A ticket has at most {n}."),
    N_("Undo some links first."),
    N_("An address outside can only be referred to."),
    N_("The ticket refers to it already."),
    N_("There is no ticket {number} for you."),
    N_("{number} was merged into {other}. Look there and repeat."),
    N_("It is at version {version}, you had seen {seen}. Look again and repeat."),
    N_("It needs the right {right} in {queue}."),
    N_("It needs the right {right}."),
    N_("Open {number} first, or merge it into the other."),
    N_("Open {number} first."),
    N_("The ticket that it came from is not there for you."),
    N_("Unmerge {number} first."),
    N_("At most {n} people stand in one role."),
    N_("At most {n}."),
    N_("{number} is merged into another ticket."),
    N_("{number} is merged into {other}."),
    N_("A ticket is not merged into itself."),
    N_("A merged ticket stays where it is."),
    N_("{number} stands by itself."),
    N_("{number} is not a part of another ticket."),
    N_("There is no queue {name} for you."),
    N_("There is no queue {name}."),
    N_("{queue} is disabled."),
    N_("There is no message {message} here for you."),
    N_("{message} stands on another ticket now."),
    N_("The ticket is in {queue} already."),
    N_("The ticket is {status} already."),
    N_("The priority is {priority} already."),
    N_("The subject is the same."),
    N_("The due date is the same."),
    N_("The owner is the same."),
    N_("The people are the same."),
    N_("The tags are the same."),
    N_("The fields are the same."),
    N_("Write a subject."),
    N_("Give the minutes worked."),
    N_("Only {n} minutes are noted down."),
    N_("{tag} is not a tag: letters, digits and . _ / -, at most {n}."),
    N_("A ticket has {n} tags at most."),
    N_("There is no agent {login}."),
    N_("There is no person {who}."),
    N_("Whoever has {address} is disabled."),
    N_("{who} has no mail address."),
    N_("{who} is not an agent."),
    N_("{who} may not own tickets in {queue}."),
    N_("{who} may not see {number}."),
    N_("{address} is not a mail address."),
    N_("{address} is the address of a queue."),
    N_("Name at least one recipient."),
    N_("Known are: {statuses}."),
    N_("From {status} it goes to: {others}."),
    N_("{status} does not wait."),
    N_("Choose a time ahead."),
    N_("Fill in first: {names}."),
    N_("A forward carries {n} files at most."),
    N_("{message} is internal. Write into the forward what outsiders may know."),
    N_("{message} is not on {number}."),
    N_("required, it cannot be empty"),
    N_("the queue has no such field"),
    N_("a text is wanted"),
    N_("a text of 1 to {n} letters is wanted"),
    N_("a number is wanted"),
    N_("a day is wanted, as 2026-11-24"),
    N_("one of {options} is wanted"),
    N_("some of {options} are wanted"),
    N_(
        "{status} of the lifecycle {lifecycle} leads to no status of {other}. Set another status first, or map "
        "{mapped} in {again}."
    ),
)

FIELDS = {
    "subject": N_("The subject has 1 to 500 characters."),
    "requesters": N_("Name whose ticket it is: 1 to 20 mail addresses."),
    "text": N_("Write a text. It has 200 000 characters at most."),
    "to": N_("Name 1 to 20 recipients."),
    "messages": N_("Choose messages, not too many at once."),
    "attachments": N_("At most 50 files go with it."),
    "target": N_("Give a ticket’s number or an address outside."),
    "minutes": N_("Give the minutes worked."),
    "due": N_("Choose a year from 1970 to 8999."),
    "until": N_("Choose a year from 1970 to 8999."),
    **dict.fromkeys(
        ("owner", "status", "then_status", "queue", "into", "ticket", "add", "remove", "cc"),
        N_("This is too long, or too much at once."),
    ),
    "priority": N_("A priority lies between 0 and 100"),
}
"""Field of a command on tickets → what it must be like, where its shape is wrong."""

KNOWN = {**sentences.FIELDS, **FIELDS}
BLANK = re.compile(r"\{(\w+)\}")


def said(problem: Problem, t: Translator) -> Problem:
    """The same problem in the reader's language; what is not known stays as it was said."""
    return problem.model_copy(update={"title": t.look(problem.title), "detail": detail(problem, t)})


def detail(problem: Problem, t: Translator) -> str:
    """What to do about it: what a field must be like, or a sentence found by its form."""
    if problem.type == "invalid":
        errors = problem.extra.get("errors") or [{}]
        field = str(errors[0].get("field", "")).partition(".")[0]
        if field in KNOWN:
            return t(KNOWN[field])
    return translated(problem.detail, t)


def translated(text: str, t: Translator) -> str:
    """A sentence found by its form and said in the reader's language."""
    known = t.look(text)
    if known != text:
        return known
    for sentence in (*SENTENCES, *sentences.SENTENCES):
        found = filled_in(sentence, text)
        if found is not None:
            return t(sentence, **found)
    return text


def filled_in(sentence: str, text: str) -> dict[str, str] | None:
    """What stands in the blanks of a sentence, each as short as can be; none where the text is not of its form.

    By looking for what stands between the blanks, one after the other: a pattern would try all the ways in which a
    text can be taken apart, and what people sent stands in it, as long as they like.
    """
    first, *parts = parts_of(sentence)
    if not text.startswith(first):
        return None
    place, found = len(first), {}
    for n, (name, following) in enumerate(zip(parts[::2], parts[1::2], strict=True), 1):
        last = 2 * n == len(parts)
        begin = len(text) - len(following) if last else text.find(following, place + 1)
        if begin <= place or not text.startswith(following, begin):
            return None
        found[name] = text[place:begin]
        place = begin + len(following)
    return found if place == len(text) else None


@lru_cache(maxsize=512)
def parts_of(sentence: str) -> list[str]:
    """What stands before its first blank, then each blank's name and what stands after it."""
    return BLANK.split(sentence)

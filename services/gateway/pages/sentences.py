"""What administration refuses, sentence by sentence; ``refusals`` finds them again and says them.

A test reads all refusals of administration in the domain and finds each of them here.
"""

from __future__ import annotations

from ticketwire_chassis.i18n import N_

TITLES = (
    N_("The queue is there already"),
    N_("No such lifecycle"),
    N_("There is a catch-all queue already"),
    N_("An agent needs a login"),
    N_("A customer needs an address"),
    N_("That address is ours"),
    N_("The group is there already"),
    N_("No such group"),
    N_("It is so already"),
    N_("Groups would contain each other"),
    N_("No such right"),
    N_("No such person or group"),
    N_("No such role"),
    N_("No such scope"),
    N_("It is taken"),
    N_("Not a mail address"),
    N_("You may not"),
    N_("The lifecycle is there already"),
    N_("The lifecycle does not hold together"),
    N_("Tickets may have this status"),
    N_("No such queue"),
    N_("Tickets would have no status there"),
    N_("It is the same person"),
    N_("Only customers can be joined"),
    N_("The one who stays is disabled"),
    N_("Too many addresses for one"),
    N_("Joined with another person"),
    N_("No such person"),
    N_("Not on yourself"),
    N_("It has changed"),
    N_("Not well formed"),
    N_("Unknown command"),
)

SENTENCES = (
    N_("There is a queue {name}."),
    N_("There is no queue {name}."),
    N_("There is no lifecycle {name}."),
    N_("There is a group {name}."),
    N_("There is no group {name}."),
    N_("There is a {name}."),
    N_("Only one queue can be it."),
    N_("Give a login."),
    N_("Give at least one address."),
    N_("{address} is the address of a queue."),
    N_("The members stay the same."),
    N_("The grants stay the same."),
    N_("The person stays the same."),
    N_("The lifecycle {name} stays the same."),
    N_("The queue {name} stays the same."),
    N_("{member} contains {group}."),
    N_("There is no right {right}."),
    N_("{who} is not known; write person:<login> or group:<name>."),
    N_("{who} is not known."),
    N_("Roles: {roles}."),
    N_("{scope} is not known; write all, queue:<name> or ticket:<number>."),
    N_("{value} belongs to someone else."),
    N_("{value} is not a mail address."),
    N_("It needs the right {right}."),
    N_(
        "{statuses} must stay as it is while {queues} use this lifecycle. "
        "To retire a status, take away the transitions that lead to it."
    ),
    N_(
        "{lifecycle} lacks {statuses}, or has it in another category. "
        "Make another queue and move the tickets: then their status is mapped."
    ),
    N_("Name two persons."),
    N_("Agents stay who they are."),
    N_("Enable them first."),
    N_("One may have {n}."),
    N_("They are {person} now."),
    N_("There is no {who}; write person:<login> or person/<id>."),
    N_("You would shut yourself out; ask another administrator."),
    N_("It is at version {version}, you had seen {seen}. Look again and repeat."),
    N_("{status} is set by merging; no lifecycle names it."),
    N_("The initial status {status} is not among the statuses."),
    N_("The initial status {status} must be of category new or active."),
    N_("The active status {status} is not among the statuses."),
    N_("The active status {status} must be of category active."),
    N_("At least one status must be of category closed."),
    N_("A transition names {status}, which is not among the statuses."),
    N_("A transition leads from one status to another, and is named once."),
    N_("There is no other lifecycle {name} to map to."),
    N_("The map to {lifecycle} leads from {before} to {after}; both must be statuses, here and there."),
    N_("The map to {lifecycle} leads from {before} to {after}: moving neither closes nor reopens a ticket."),
)

FIELDS = {
    "name": N_("The short name: small letters, digits and dashes, 40 at most, beginning with a letter or digit."),
    "login": N_("The login: small letters, digits, dots and dashes, 40 at most, beginning with a letter or digit."),
    "title": N_("The name to show has 200 characters at most and is not empty."),
    "description": N_("The description has 2000 characters at most."),
    "addresses": N_("So many addresses are too many."),
    "default_priority": N_("A priority lies between 0 and 100"),
    "statuses": N_("A status: small letters, digits and dashes, beginning with a letter; 2 to 50 of them."),
    "initial": N_("New tickets need a status: choose one that has a name."),
    "active": N_("Tickets that are answered need a status: choose one that has a name."),
}
"""Field of a command → what it must be like, where its shape is wrong."""

"""What rights, roles and categories mean, for the catalogue."""

from __future__ import annotations

from ticketwire_chassis.i18n import N_, NP_

# The same sentences as in the contract, which knows no catalogue; a test compares them.
RIGHTS = {
    "queue.see": N_("See that the queue exists and its counts."),
    "ticket.show": N_("See the ticket and what was said with the customers."),
    "ticket.create": N_("Open tickets."),
    "ticket.reply": N_("Reply to customers."),
    "ticket.own": N_("Be owner."),
    "ticket.take": N_("Take a ticket that nobody owns."),
    "ticket.steal": N_("Take a ticket that another owns."),
    "ticket.assign": N_("Give a ticket to anyone who may own it."),
    "ticket.edit": N_("Change subject, priority, due date, people, tags, fields, and the status."),
    "ticket.move": N_("Move a ticket into another queue."),
    "ticket.close": N_("Close a ticket."),
    "ticket.link": N_("Link tickets."),
    "ticket.merge": N_("Merge and unmerge tickets."),
    "ticket.split": N_("Split tickets."),
    "ticket.forward": N_("Forward messages to outsiders."),
    "ticket.delete": N_("Delete tickets."),
    "ticket.watch": N_("Be told of what happens."),
    "note.show": N_("See internal notes."),
    "note.add": N_("Write internal notes."),
    "raw.show": N_("See a mail as it came."),
    "history.show": N_("See every change with its cause."),
    "queue.admin": N_("Make and change queues and lifecycles."),
    "group.admin": N_("Make and change groups."),
    "person.admin": N_("Make and change persons."),
    "person.erase": N_("Find all data of a person, and erase them."),
    "right.admin": N_("Give and take rights."),
    "policy.admin": N_("Change promises and calendars."),
    "template.admin": N_("Change templates."),
    "key.admin": N_("Accept and drop keys."),
    "webhook.admin": N_("Make and change webhooks."),
    "mail.admin": N_("See the account of mails, reread mails, replay what was parked."),
    "audit.show": N_("Read the audit log."),
    "superuser": N_("Everything."),
}
"""Right → what it lets someone do."""

ROLES = {
    "owner": N_("Owner of the ticket"),
    "requester": N_("Requesters of the ticket"),
    "cc": N_("Whoever gets copies (cc)"),
    "admin_cc": N_("Whoever gets internal copies (admin cc)"),
    "watcher": N_("Watchers of the queue"),
    "supervisor": N_("Supervisors of the queue"),
}
"""Role → who stands in it."""

CATEGORIES = {
    "new": NP_("category", "new"),
    "active": NP_("category", "active"),
    "waiting": NP_("category", "waiting"),
    "closed": NP_("category", "closed"),
}
"""Category of a status, in the order in which statuses are shown."""

FOLLOW_UPS = {
    "reopen": (N_("Reopen it"), N_("The mail joins the ticket, and the ticket is open again.")),
    "new_linked_ticket": (N_("Open a new ticket, linked to it"), N_("The closed ticket stays closed.")),
    "refuse": (N_("Refuse, with a notice"), N_("The customer is told to write anew. Nothing is opened.")),
}
"""What a customer's mail does to a closed ticket: in short, and what that means."""

SETTINGS = {
    "name": N_("Name"),
    "title": N_("Name to show"),
    "login": N_("Login"),
    "description": N_("Description"),
    "addresses": N_("Mail addresses"),
    "language": N_("Language"),
    "agent": N_("Works on tickets"),
    "disabled": N_("Disabled"),
    "joined_into": N_("Joined into"),
    "aliases": N_("Joined into it"),
    "members": N_("Members"),
    "watchers": N_("Watchers"),
    "supervisors": N_("Supervisors"),
    "lifecycle": N_("Lifecycle"),
    "default_priority": N_("Priority of new tickets"),
    "follow_up": N_("When a customer writes to a closed ticket"),
    "auto_reply": N_("Answer new requesters automatically"),
    "adopt_cc": N_("Take over copies"),
    "catch_all": N_("Take mail that no queue has an address for"),
    "fields": N_("Custom fields"),
    "statuses": N_("Statuses"),
    "initial": N_("New tickets"),
    "active": N_("After a reply"),
    "transitions": N_("What may follow what"),
    "maps": N_("Statuses in other lifecycles"),
    "clocks": N_("Promises"),
}
"""Field of a queue, lifecycle, group, person or policy → what it is called, in the order in which changes are shown."""

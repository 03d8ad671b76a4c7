"""Pages for people, rendered on the server over the same use cases as the REST API (decision 19).

visits     who is at the door, and everything a page is made with
entrance   signing in and out, choosing a language
lists      the dashboard and lists of tickets
ticket     one ticket: its conversation, its facts
history    every change of a ticket; recorded: a change in words
past       a ticket as it was at a past time
acts       what people do to a ticket, by forms
upkeep     the rest of it: subject, due date, people, tags, fields, time, forwards
bulk       one change for many tickets
joining    merging tickets, splitting messages off, the tree of dependencies
opening    a new ticket by hand
profile    one's own name, language and password
admin      queues, lifecycles, people, groups, rights
carried    what was sent and not taken, to be sent again
trouble    why not, where no other page can say it

prose, happenings, words, refusals, sentences, rendering, assets    how things are said and shown
"""

from __future__ import annotations

from starlette.routing import BaseRoute, Route

from ..views import Views
from . import acts, bulk, entrance, history, joining, lists, opening, past, profile, ticket, upkeep
from .admin.routes import administration
from .assets import Assets
from .rendering import Templates
from .trouble import Say, trouble
from .visits import Desk


def pages(views: Views) -> list[BaseRoute]:
    """Every page and every form, as routes."""
    assets = Assets()
    desk = Desk(views, Templates(assets))
    return [
        Route("/static/{mark}/{name}", assets.serve),
        Route("/login", desk.open_to_all(entrance.door)),
        Route("/login", desk.open_to_all(entrance.sign_in), methods=["POST"]),
        Route("/logout", desk.visited(entrance.sign_out), methods=["POST"]),
        Route("/language", desk.open_to_all(entrance.choose_language), methods=["POST"]),
        Route("/profile", desk.visited(profile.show)),
        Route("/profile", desk.visited(profile.change), methods=["POST"]),
        Route("/", desk.visited(lists.dashboard)),
        Route("/tickets", desk.visited(lists.tickets)),
        Route("/queues/{queue}", desk.visited(lists.queue)),
        Route("/new", desk.visited(opening.blank)),
        Route("/new", desk.visited(opening.open_ticket), methods=["POST"]),
        Route("/tickets/{number}", desk.visited(past.now_or_then)),
        Route("/tickets/{number}/history", desk.visited(history.show)),
        Route("/tickets/{number}/tree", desk.visited(joining.tree)),
        Route("/tickets/{number}/merge", desk.visited(joining.merging)),
        Route("/merge", desk.visited(joining.merging)),
        Route("/merge", desk.visited(joining.merge), methods=["POST"]),
        Route("/tickets/{number}/split", desk.visited(joining.splitting)),
        Route("/tickets/{number}/split", desk.visited(joining.split), methods=["POST"]),
        Route("/bulk", desk.visited(bulk.change), methods=["POST"]),
        Route("/bulk", desk.visited(lists.back)),
        *(
            Route(f"/tickets/{{number}}/{name}", desk.visited(act), methods=["POST"])
            for name, act in {**acts.ACTS, **upkeep.ACTS, **joining.ACTS}.items()
        ),
        *(
            Route(f"/tickets/{{number}}/{name}", desk.visited(ticket.back))
            for name in (*acts.ACTS, *upkeep.ACTS, *joining.ACTS)
        ),
        *administration(desk),
    ]


def say_on_a_page() -> Say:
    """What says a problem to people, wherever it comes up."""
    return trouble(Templates(Assets()))

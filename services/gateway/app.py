"""The gateway, joined."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

from ticketwire_chassis.audit.witness import Witness
from ticketwire_chassis.service import Service

from .api import front
from .handlers import SHOWN, Handlers
from .pages import pages, say_on_a_page
from .settings import Settings
from .store import Argon2, Store
from .views import views_over
from .views.beginning import Beginning
from .views.files import tidy_always

settings = Settings()
service = Service(settings)
store = Store(service.db, service.signer.claim)
handlers = Handlers(store)
now = partial(datetime.now, UTC)
views = views_over(
    tickets=store.tickets,
    access=store.access,
    uploads=store.uploads,
    blobs=service.blobs,
    commands=service.commands,
    apply=handlers.apply_answer,
    hasher=Argon2(),
    stopping=service.stopping,
    clock=now,
)
beginning = Beginning(
    people=store.access,
    entrance=views.entrance,
    commands=service.commands,
    apply=handlers.apply_answer,
    password=settings.admin_password.get_secret_value() if settings.admin_password else None,
    clock=now,
)

service.prepares(store.prepare)
service.witnesses(Witness(service.db))
service.hears(*SHOWN, by=handlers.on_events)
service.runs("first user", beginning.run)
service.runs("tidying", partial(tidy_always, views.files, now))
service.ready_when("first user", beginning.is_done)

app = front(views, store.answers, [*service.health_routes, *pages(views)], service.lifespan, say_on_a_page())
app.state.service = service

"""The rules of a ticket's life, as pure functions: no I/O, no clock, no randomness.

               first agent's reply             wait for someone
      ┌─────┐   or by hand     ┌──────┐ ─────────────────────▶ ┌─────────┐  ┌─────────┐
────▶ │ new │ ───────────────▶ │ open │                        │ pending │◀▶│ stalled │
mail  └─────┘                  └──────┘ ◀───────────────────── └─────────┘  └─────────┘
phone    │                       │  ▲      customer writes          │
page     │                       ▼  │ customer writes again         │
         │                ┌──────────┐  ┌──────────┐                │
         └──────────────▶ │ resolved │  │ rejected │ ◀──────────────┘
                          └──────────┘  └──────────┘

  events          what can happen (thin, versioned)
  state           evolve(state, event): a ticket's whole state from its events
  lifecycle       which status may follow which, and the right it needs
  threading       which ticket a mail belongs to
  intake          a mail opens a ticket or joins one
  opening         a ticket by hand
  work            reply, note, status, owner, priority, escalation
  details         subject, due date, tags, time worked
  fields          custom fields of queues, and their values
  roles           requesters, cc, admin cc, watchers
  forwarding      messages to outsiders
  waking          a waiting ticket opens by itself
  happened        what changed since someone looked
  people          persons, by claimed address
  acting          who acts and what they lack; addresses: which can be written to
  administration  queues, persons, groups, grants
  changes         queues, persons and lifecycles change; two customers become one
  moving          a ticket goes into another queue
  seeding         what is there at the beginning
  context         what a decision is made with; decision: what it comes to
"""

"""What the gateway knows by itself, pure: how events become views, who sees what, in which order.

events ──changes──▶ rows to keep (greatest version wins) and entries to add (keyed by event id)
grants ──ticket_filter──▶ which rows someone sees
"""

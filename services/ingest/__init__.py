"""ingest: takes mail in, keeps it before it says so, reads it, and tells the others.

Mail comes by SMTP and by HTTP; it is accepted once its octets are in the database. Worker processes read
it under limits; what cannot be read is passed on with the raw mail attached.

Hears `mail.settled` (for the account) and `queue.created` (whose addresses are ours); obeys ReadRaw,
RereadMails, ShowAccount; says `mail.received`, `mail.bounced`, `mail.ignored`.
"""

"""How a mail is read: pure, bounded, and without an exception for any octets.

raw ─ mime.split ─▶ parts ─ body.gather ─▶ message and files ─ reading.read_mail ─▶ Reading
                      │                          │
                    headers                    html (nh3), charsets, names
and the verdicts: auto (a machine wrote it), bounces (a delivery report), language
"""

from .reading import MailRead, message_id_of, read_mail, recipients_of, unread_mail

__all__ = ["MailRead", "message_id_of", "read_mail", "recipients_of", "unread_mail"]

"""Mail comes in: the SMTP server, the rounds in which it is accepted, and the processes that read it."""

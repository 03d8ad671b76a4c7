"""The rules of notify, pure.

addresses       whom a machine may write to, and how an address is spelled
directory       queues, agents, groups and grants as they stand now
telling         which event tells whom
letter          a mail before it is octets: subject, threading, headers
outgoing        a mail on its way: what becomes of it after a try
"""

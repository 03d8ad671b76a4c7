"""``make bench``: what a mail costs, on the whole system, as a table and as ``var/bench.json``.

    mails      seeded mails and the load generator, a process of its own
    reads      readers over REST, a process of their own
    meter      CPU, memory, messages and Mongo calls of each process, before and after
    loader     10 000 tickets through the log, for the reads
    __main__   the run and its table

Figures are of the machine they were taken on: quote ratios. No test depends on them.
"""

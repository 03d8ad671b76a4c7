"""The chassis: what every Ticketwire service stands on, one mechanism per module.

service    joins it all; a service's ``app.py`` reads as its menu
commits    the commit log: what happened, exactly once        (decisions 1-5)
relay      says what is in the log, in order, at least once   (decisions 6, 7, 10)
outbox     says what working rows have to say                 (decision 6)
broker     exchanges, queues and publishing                   (decisions 7-10)
batches    takes events in, retries, parks                    (decisions 7, 9)
commands   asks and obeys over RPC                            (decision 13)
mongo      the one door to MongoDB                            (decision 21)
blobs, private, signing, settings, logs, metrics, health, parked, cli, serve
"""

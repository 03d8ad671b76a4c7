"""History that cannot be bent quietly (decision 18): what proves that a log is as it was written.

walk      one service's log, place by place, and the first place that is broken
witness   chain values that the gateway has heard, kept in its own database
anchors   signed heads of the log, kept outside
telling   what was done to what is administered, newest first
cli       ``ticketwire audit verify`` and ``ticketwire audit anchor``
"""

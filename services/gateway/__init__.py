"""gateway: the front of the house, for browsers and programs.

It hears everything, keeps views of its own (queue lists, timelines, the directory), shows what the asker may
see as pages and as REST, tells open browsers what changed, and hands on as commands what people do. It decides
nothing about tickets; it alone knows passwords, sessions and who is logged in.
"""

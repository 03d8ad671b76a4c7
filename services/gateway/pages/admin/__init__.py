"""Administration, for those who hold the rights: each chapter with its own.

chapters    what there is to administer, and the right for each
counter     what all these pages share: the right asked for, forms answered
names       what people and things are called, instead of ids
words       rights, roles and categories for the catalogue
queues lifecycles people groups rights    the chapters
changing    looking at a change of rights before it is made
audit       what was done to all of it; told: such a change in words
routes      their addresses
"""

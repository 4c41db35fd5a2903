"""The commands of ``zcc``: one module each, imported when the command is run.

A module has a function for the command (plain arguments, no options objects) and may have one that adds itself to
the command line: ``register(app)``.
"""

"""The reference implementation: an aware producer, consumer and copier that keeps every requirement.

The positive control of the suites, and an example for implementers. Each step that a requirement is about is a
method of its own, so that a tool with one defect is a subclass with one other method (``toolkit``).
"""

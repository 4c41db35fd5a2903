"""The reference implementation: an aware producer, consumer, copier and builder that meets every requirement.

It is the positive control of the suites, and an example for implementers. Each step that a requirement is about is a
separate method, so that a tool with one defect is a subclass that overrides one method (``toolkit``).
"""

__all__ = ["builder", "consumer", "copier", "producer", "toolkit"]

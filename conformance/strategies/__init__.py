"""Public Hypothesis strategies over the format: conforming examples, and their invalid counterparts.

``blobs``, ``fields``, ``documents``, ``images``, ``tocs``, ``trees``; ``docs/strategies.md`` describes their use.
"""

__all__ = ["blobs", "documents", "fields", "images", "profiles", "tocs", "trees"]

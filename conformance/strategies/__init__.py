"""Hypothesis strategies over the format, public: conforming things, and for each its invalid counterparts.

``blobs``, ``fields``, ``documents``, ``images``, ``tocs``, ``trees``; ``docs/strategies.md`` tells how to use them.
"""

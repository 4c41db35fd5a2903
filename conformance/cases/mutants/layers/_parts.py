"""Names that the mutants of layers share."""

TOOL, HOLES, SMALL, OTHER = "usr/bin/tool", "usr/holes", "usr/small", "usr/other"
OTHER_DIGEST = "sha256:" + "ab" * 32

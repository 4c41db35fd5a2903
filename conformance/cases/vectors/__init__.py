"""Cases for implementers in any language: bytes, their defect, and the expected result (docs/vectors.md)."""

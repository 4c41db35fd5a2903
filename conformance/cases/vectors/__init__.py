"""Cases for implementers in any language: bytes, what is wrong with them, what is expected (docs/vectors.md)."""

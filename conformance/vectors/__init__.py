"""Cases for implementers in any language: bytes, what is wrong with them, and what to make of them (docs/vectors.md)."""

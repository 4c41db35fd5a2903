"""Results in, documents out: terminal, JSON, JUnit. A report never re-judges."""

"""Documents from results: terminal, JSON, JUnit. A report does not change a verdict."""

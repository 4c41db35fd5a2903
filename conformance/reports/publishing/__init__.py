"""Published results: trimmed for the repository, listed in an index, and as rows of docs/results.md."""

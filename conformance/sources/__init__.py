"""Where images are read from: layouts, registries, memory. Reads and verifies digests; judges nothing."""

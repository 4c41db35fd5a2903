"""Where images are read from: layouts, registries, memory. Reads images and verifies digests; gives no verdicts."""

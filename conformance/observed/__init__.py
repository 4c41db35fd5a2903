"""What was seen of an image, a layer, a registry, a producer or a consumer, and the evidence for it. Frozen values."""

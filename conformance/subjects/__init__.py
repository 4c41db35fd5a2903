"""What is judged, observed through thin edges: images in layouts and registries, tar readers, registries."""

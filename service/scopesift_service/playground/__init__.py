"""The playground: pages that show what the service does. `shell` is what all have, a folder each what one adds."""

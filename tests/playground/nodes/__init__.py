"""The playground's node: images, containers, pods, in virtual time."""

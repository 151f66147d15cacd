"""The product's main job, told live on the embedded cluster: `python -m playground.demo`, or `make demo`."""

"""The real controller and the playground's cluster on one loop, in virtual time.

Together they belong to neither: the product knows nothing of the playground, and the playground nothing of the product.
"""

"""What is wrong with a data set before anything is trained on it.

One kind of check a module; `checks.CHECKS` lists them.
"""

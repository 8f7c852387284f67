"""Model cards: all that an ended run is, is worth and is not, as one document.

After Mitchell et al., "Model cards for model reporting" (2019). `card.py` gathers the facts, `page.py` and `json.py`
write them; whatever can be said of a run is derived from it, and nothing is said of every run alike but its use.
"""

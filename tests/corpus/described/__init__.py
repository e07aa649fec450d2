"""The cases of the torture corpus, a module for each group."""

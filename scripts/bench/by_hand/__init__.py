"""The same tables by hand: the SQL files beside this one, run in the order of their names by `__main__`."""

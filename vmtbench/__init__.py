"""The front door: the command line `vmtbench` and the same verbs as Python functions.

    >>> import vmtbench
    >>> vmtbench.build("DAVIS", "bench")            # doctest: +SKIP
    >>> vmtbench.run(["copy"], "bench", "out")      # doctest: +SKIP
    >>> vmtbench.score("out", "bench")              # doctest: +SKIP
    >>> vmtbench.leaderboard("out/scores", "board") # doctest: +SKIP

It parses, calls one function of one package and prints; it is not for anything that another package could do.
"""

from vmtbench.api import build, compare, correlate, explain, inspect, leaderboard, run, score

__all__ = ["build", "compare", "correlate", "explain", "inspect", "leaderboard", "run", "score"]

"""What makes videos: the adapter interface, the control methods and outside programs.

It is not for judging what was made; that is `metrics`.
"""

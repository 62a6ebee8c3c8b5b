"""What every package shares: the manifest, data-set readers, video files, the work engine and model weights.

It is not for anything that describes, makes or judges videos: that is `annotate`, `methods` and `metrics`.
"""

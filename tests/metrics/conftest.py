from __future__ import annotations

from hypothesis import settings

# The first example pays for starting torch, which on a busy machine exceeds any sensible deadline.
settings.register_profile("metrics", deadline=None)
settings.load_profile("metrics")

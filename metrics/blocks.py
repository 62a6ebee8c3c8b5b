"""Work on many pairs of tracks, cut into blocks that stay in a core's cache and shared among the threads of torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

# Below the 32768 elements from which torch splits one operation among its threads: they work on blocks of their own
# instead, and wait for one another once rather than at every operation.
CPU_ELEMENTS = 30_000
GPU_ELEMENTS = 2**24


def blocks_of(count: int, elements_each: int, device: torch.device) -> list[range]:
    """Cut 0..count−1 into runs of nearly equal length, each of `elements_each` numbers per item, fit for `device`."""
    most = max(1, (CPU_ELEMENTS if device.type == "cpu" else GPU_ELEMENTS) // elements_each)
    number = max(1, -(-count // most))
    edges = [count * k // number for k in range(number + 1)]
    return [range(start, stop) for start, stop in pairwise(edges) if start < stop]


def share(work: Callable[[Sequence[range]], None], blocks: Sequence[range], device: torch.device) -> None:
    """Call `work` on shares of `blocks`: one per torch thread on the CPU, all at once elsewhere."""
    shares = min(torch.get_num_threads(), len(blocks)) if device.type == "cpu" else 1
    if shares > 1:
        with ThreadPoolExecutor(shares) as pool:
            list(pool.map(work, [blocks[k::shares] for k in range(shares)]))
    elif blocks:
        work(blocks)


def square_root_(values: Tensor) -> Tensor:
    """Replace `values` by their square roots."""
    if not values.is_cpu:
        return values.sqrt_()
    # Torch leaves these to MKL, which wakes all its threads for however few numbers and waits for them.
    np.sqrt(values.numpy(), out=values.numpy())
    return values

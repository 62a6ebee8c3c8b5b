"""Work on many pairs of tracks, cut into blocks that stay in a core's cache and shared among the threads of torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import torch

# Below the 32768 elements from which torch splits one operation among its threads, also for arrays of x and y: whole
# blocks on each thread need no waiting for one another within an operation.
CPU_ELEMENTS = 16_000
GPU_ELEMENTS = 2**24


def blocks_of(count: int, elements_each: int, device: torch.device) -> list[range]:
    """Cut 0..count−1 into runs of nearly equal length, each of `elements_each` numbers per item, fit for `device`."""
    most = max(1, (CPU_ELEMENTS if device.type == "cpu" else GPU_ELEMENTS) // elements_each)
    number = -(-count // most)
    edges = [count * k // number for k in range(number + 1)] if number else [0]
    return [range(start, stop) for start, stop in zip(edges, edges[1:], strict=False)]


def share(work: Callable[[Sequence[range]], None], blocks: Sequence[range], device: torch.device) -> None:
    """Call `work` on shares of `blocks`: one per torch thread on the CPU, all at once elsewhere."""
    shares = min(torch.get_num_threads(), len(blocks)) if device.type == "cpu" else 1
    if shares <= 1:
        work(blocks)
        return
    with ThreadPoolExecutor(shares) as pool:
        list(pool.map(work, [blocks[k::shares] for k in range(shares)]))

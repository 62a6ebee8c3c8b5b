"""Time and peak memory of one piece of generation."""

from __future__ import annotations

import resource
import sys
import time
from types import TracebackType
from typing import Self


class Meter:
    """A context that measures wall-clock seconds and peak memory.

    `peak_memory_bytes` is the device's peak inside the block where a CUDA device is in use, else the largest resident
    size of this process so far; `device` says which.
    """

    seconds = 0.0
    peak_memory_bytes = 0
    device = "cpu"

    def __enter__(self) -> Self:
        torch = _torch_with_cuda()
        if torch is not None:
            torch.cuda.reset_peak_memory_stats()
        self._began = time.perf_counter()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None):
        torch = _torch_with_cuda()
        if torch is not None:
            torch.cuda.synchronize()
            self.device = torch.cuda.get_device_name()
            self.peak_memory_bytes = int(torch.cuda.max_memory_allocated())
        else:
            unit = 1 if sys.platform == "darwin" else 1024
            self.peak_memory_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
        self.seconds = round(time.perf_counter() - self._began, 4)


def _torch_with_cuda():
    """Return torch if something has imported it and it holds a CUDA context; a control needs neither."""
    torch = sys.modules.get("torch")
    return torch if torch is not None and torch.cuda.is_initialized() else None

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from metrics.blocks import CPU_ELEMENTS, blocks_of, share

CPU = torch.device("cpu")


@pytest.fixture
def three_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


@given(st.integers(0, 10**6), st.integers(1, 10**5))
def test_blocks_cover_every_item_once_and_are_of_nearly_equal_length(count: int, elements_each: int) -> None:
    blocks = blocks_of(count, elements_each, CPU)
    assert [block.start for block in blocks[1:]] == [block.stop for block in blocks[:-1]]
    assert sum(map(len, blocks)) == count
    if blocks:
        lengths = {len(block) for block in blocks}
        assert blocks[0].start == 0
        assert max(lengths) - min(lengths) <= 1
        assert max(lengths) == 1 or max(lengths) * elements_each <= CPU_ELEMENTS


def test_every_block_is_worked_on_once_by_several_threads(three_threads: None) -> None:
    done: list[tuple[int, range]] = []
    together = threading.Barrier(3, timeout=30)

    def work(blocks: Sequence[range]) -> None:
        together.wait()
        done.extend((threading.get_ident(), block) for block in blocks)

    blocks = [range(k, k + 1) for k in range(7)]
    share(work, blocks, CPU)
    assert sorted((block for _, block in done), key=min) == blocks
    assert len({thread for thread, _ in done}) == 3


def test_one_block_is_worked_on_where_it_is_and_no_block_not_at_all(three_threads: None) -> None:
    threads: list[int] = []
    for blocks in ([range(3)], []):
        share(lambda _: threads.append(threading.get_ident()), blocks, CPU)
    assert threads == [threading.get_ident()]


def test_an_error_in_a_thread_is_raised(three_threads: None) -> None:
    def fail(blocks: Sequence[range]) -> None:
        raise ValueError("broken block")

    with pytest.raises(ValueError, match="broken block"):
        share(fail, [range(1), range(1, 2)], CPU)

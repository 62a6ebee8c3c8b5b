"""The one door to video files and frame folders: look, read, stream, write."""

from __future__ import annotations

from benchmark.video_images import read_images
from benchmark.video_read import Reader, Video, VideoInfo, is_ready, iter_video, probe_video, read_video
from benchmark.video_write import EncoderSettings, write_video

__all__ = [
    "EncoderSettings",
    "Reader",
    "Video",
    "VideoInfo",
    "is_ready",
    "iter_video",
    "probe_video",
    "read_images",
    "read_video",
    "write_video",
]

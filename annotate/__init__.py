"""What describes videos: captions, prompts, masks, tracks and difficulty.

It is not for judging generated videos; that is `metrics`.
"""

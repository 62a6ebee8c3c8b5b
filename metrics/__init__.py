"""What judges videos: metric functions, named protocols and the scoring pass.

It is not for tables or statistics over scores; that is `leaderboards`.
"""

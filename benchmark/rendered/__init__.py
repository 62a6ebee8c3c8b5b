"""Rendered clips whose masks and tracks are known exactly: ground truth for trackers, metrics and tests.

`catalogue.demo_scenes` holds ready scenes, `render.render` turns a `scene.Scene` into frames, masks and tracks, and
`tracking.track` follows any point of a scene. It is not for reading or writing video files.

Coordinates: the centre of the top-left pixel is (0, 0), x to the right, y down, as in OpenCV's `remap` and flow;
angles are in radians and turn clockwise on the screen; time t counts frames from 0 and may be fractional.
"""

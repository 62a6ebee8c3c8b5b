"""The versions of what a result was computed with."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

PACKAGES = ("vmtbench", "numpy", "torch", "opencv-python-headless", "scikit-learn", "av", "decord")


def versions(packages: tuple[str, ...] = PACKAGES) -> dict[str, str]:
    """Return the installed version of each package; one that is not installed is left out."""
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found

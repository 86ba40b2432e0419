"""Reads recordings: folders of what a line produced, to learn from, to be scored on, to be replayed."""

from edge.recording.frames import read_frames, read_picture
from edge.recording.parts import read_parts
from edge.recording.table import RecordingError

__all__ = ["RecordingError", "read_frames", "read_parts", "read_picture"]

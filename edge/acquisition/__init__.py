"""Cameras and pictures: the only room that knows OpenCV and libjpeg."""

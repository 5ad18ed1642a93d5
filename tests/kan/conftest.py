"""Property tests without a time limit for a single example: a busy machine is no defect."""

from hypothesis import settings

settings.register_profile("kan", deadline=None)
settings.load_profile("kan")

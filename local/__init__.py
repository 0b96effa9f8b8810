"""The same app on a laptop: the cloud, Transcribe Medical and the recogniser. Never deployed."""

"""The same app on a laptop, never deployed: the cloud, Transcribe Medical and the recogniser."""

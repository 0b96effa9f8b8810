"""The embedded AWS: MiniStack behind our own launcher, with a Transcribe Medical of our own in it.

`python -m local.cloud` starts it, `local.cloud.cloud_process` starts and stops it from a program. Nothing here is
ever deployed. It is for one person on one machine: whoever can open a connection to its port is the account's root.
"""

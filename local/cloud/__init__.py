"""The embedded AWS: MiniStack with our own launcher and our own Transcribe Medical.

`python -m local.cloud` starts it. `local.cloud.cloud_process` starts and stops it from a program. It is never
deployed. It is for one person on one machine: every connection to its port has the rights of the account's root.
"""

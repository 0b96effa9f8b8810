"""Transcribe Medical's batch jobs and vocabularies for the embedded cloud: AWS's API with our recogniser.

`docs/local-mode.md` lists the differences from AWS.
"""

"""Transcribe Medical's batch jobs, for the embedded cloud: the service's contract with a recogniser behind it.

What a job of AWS's does and one of these does not: no medical vocabularies (naming one is refused as unknown), no
second reading of a segment, no search for patient data, no limit on how often an operation is called. Recordings are
heard one after the other. `output` says what the transcript looks like then.
"""

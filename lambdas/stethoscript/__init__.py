"""What we know about medical dictation: plain values and rules, the standard library only."""

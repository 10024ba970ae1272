"""Ratios within one run: Callgate beside its HTTP server's bare reply and beside a peer. Not part of the product."""

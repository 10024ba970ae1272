"""Tests; the folders mirror src/callgate. What tests share lives beside those who share it."""

"""Reads what became of contacts from exports of mail tools."""

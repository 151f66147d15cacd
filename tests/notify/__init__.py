"""Tests of what is sent to receivers of CloudEvents."""

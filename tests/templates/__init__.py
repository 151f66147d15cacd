"""Tests of gate templates: how they are filled, followed, and what the shipped ones ask."""

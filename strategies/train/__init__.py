"""Releases that go out in order and come back together: functions of a train's spec, its status, and its members' statuses."""

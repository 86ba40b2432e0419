"""What is read, subject by subject: functions that run on a connection and return views."""

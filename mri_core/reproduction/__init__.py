"""The published study beside what is measured here: its configurations run again, its tables and claims checked."""

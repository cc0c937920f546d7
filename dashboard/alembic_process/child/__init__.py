"""What runs in the child, under a project's interpreter: see child_program.py, which starts it."""

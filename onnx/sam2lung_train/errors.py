"""What the user can put right."""


class UserError(ValueError):
    """Says what was got, what was expected and what to do. The command line prints it without a traceback."""

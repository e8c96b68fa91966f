"""What a run leaves behind: the ledger, the page, the figures and the README's table."""

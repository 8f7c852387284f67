"""The web app: it draws, the core decides."""

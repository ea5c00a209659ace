"""Django's PostgreSQL engine, which starts the server it is about to connect to."""

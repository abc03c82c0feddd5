"""An own PostgreSQL for machines that have none, and the runner of the demo. Standard library and psycopg only."""

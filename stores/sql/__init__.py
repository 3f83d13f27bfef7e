"""Deliveries, ledger, findings and answers in SQL: SQLite on one machine, PostgreSQL where there is a team."""

"""A small service for business customers: projects, orders, invoices."""

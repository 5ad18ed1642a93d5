"""The database's shape, step by step; `service.store.schema` applies the steps."""

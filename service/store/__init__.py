"""Every SQL statement of the service, a file per noun; nothing here commits: the request or the job step does."""

"""Who may do what, and how much of it: keys, their scopes and their quotas."""

"""Who holds a job, for how long, on which device, and what follows when a holder is gone."""

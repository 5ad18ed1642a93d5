"""What a job is asked to do: checked, completed and priced before it is accepted."""

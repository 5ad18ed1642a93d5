"""The pages for people: plain HTML with everything in it, no script needed."""

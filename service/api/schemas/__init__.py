"""The shapes of requests and answers, as pydantic classes; nothing below `service.api` knows them."""

"""The HTTP edge: addresses, formats and status codes; what they mean is `service.domain`'s business."""

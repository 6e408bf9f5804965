"""The answers on one page: `make report`."""

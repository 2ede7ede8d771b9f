"""The folder of a run: its plan, finished cells, events and outputs, and questions about them."""

"""The estimate of missed visits: what it looks at, the fit, and how well it holds (docs/no-show-model.md)."""

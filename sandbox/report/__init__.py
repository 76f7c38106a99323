"""The demo's report: one HTML file that shows what happened, and what the deployed dashboard makes of it.

`recorder` gathers while the demo runs, and gives a `record`. All else is pure: a record becomes a page.
"""

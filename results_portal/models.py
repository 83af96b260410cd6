"""No tables: Django tells only apps with a models module that migrate is done (results_portal/apps.py)."""

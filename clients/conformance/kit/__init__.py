"""The conformance kit for client libraries of kindred: see README.md beside this folder."""

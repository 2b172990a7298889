"""A small invented press on loopback: demonstration, documentation example and test fixture."""

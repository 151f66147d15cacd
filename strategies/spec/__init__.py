"""The API: what authors say, and what is committed."""
